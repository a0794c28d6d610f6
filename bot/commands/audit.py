"""`parley audit verify` and `parley audit export`: is the log whole, and what is in it. Called by `bot.cli`; reads only."""

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import to_builtins
from sqlalchemy import Connection

from bot.clock import SystemClock
from bot.config import Configuration
from bot.store import audit, seal
from bot.store.verdict import Verdict, verify
from bot.store.writer import Store

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: "Commands") -> None:
    """Add `audit` with `verify` and `export` to the command line."""
    parser = commands.add_parser("audit", help="verify and export the audit log")
    actions = parser.add_subparsers(required=True, metavar="COMMAND")
    verifies = actions.add_parser("verify", help="look for changed, deleted and inserted rows")
    verifies.set_defaults(run=run_verify)
    exports = actions.add_parser("export", help="the log as JSON lines")
    exports.add_argument(
        "--since", type=moment, metavar="TIME", help="from then on, like 2026-11-20T08:00 (UTC)"
    )
    exports.set_defaults(run=run_export)


def moment(text: str) -> datetime:
    """An ISO date or time, UTC unless it says otherwise. Raises ArgumentTypeError, which is bad usage."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time; write it like 2026-11-20T08:00"
        ) from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def run_verify(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """0 when the log is whole, 1 when something was found. Raises StoreError without database, key or readable heads."""
    verdict = asyncio.run(_verify(configuration))
    if arguments.json:
        line = json.dumps({"good": verdict.good, **to_builtins(verdict)}, ensure_ascii=False)
        sys.stdout.write(f"{line}\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in words(verdict))
    return 0 if verdict.good else 1


def words(verdict: Verdict) -> list[str]:
    """The verdict for people, a line each: what was found, then the count."""
    found = [finding.words for finding in verdict.findings]
    counted = f"{verdict.rows} rows, {verdict.seals} seals, {verdict.unsealed} rows not sealed yet"
    if verdict.good:
        return [f"The audit log is whole: {counted}."]
    return [*found, f"The audit log is NOT whole: {len(found)} findings; {counted}."]


async def _verify(configuration: Configuration) -> Verdict:
    async with Store(configuration.store_url, SystemClock(), only_reads=True) as store:
        # The file first: a seal made in between is then behind its end, and no fault.
        heads = seal.read_heads(configuration.heads)
        sealed = await store.read(seal.count)
        key = seal.read_key(configuration.key_folder) if sealed or heads else b""
        return await store.read(lambda connection: verify(connection, key, heads))


def run_export(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Write the rows, oldest first. Raises StoreError without a database."""
    asyncio.run(_export(configuration, arguments.since))
    return 0


async def _export(configuration: Configuration, since: datetime | None) -> None:
    def write(connection: Connection) -> None:
        sys.stdout.writelines(f"{line}\n" for line in audit.export(connection, since))

    async with Store(configuration.store_url, SystemClock(), only_reads=True) as store:
        await store.read(write)
