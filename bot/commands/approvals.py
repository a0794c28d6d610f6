"""`parley approvals explain ID`: which rules a plan met, and what they ask for. Called by `bot.cli`; reads only."""

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING

from approvals.explain import explain
from approvals.policy import DefaultPolicy
from bot.clock import SystemClock
from bot.config import Configuration
from bot.model.errors import PermanentError
from bot.store import plans
from bot.store.plan_rows import Stored
from bot.store.writer import Store

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: "Commands") -> None:
    """Add `approvals` and its `explain` to the command line."""
    parser = commands.add_parser("approvals", help="why a plan needs the approvals it needs")
    explains = parser.add_subparsers(required=True, metavar="COMMAND").add_parser(
        "explain", help="the rules that apply to a plan, and what is needed"
    )
    explains.add_argument("id", metavar="ID", help="a plan's id or short id")
    explains.set_defaults(run=run)


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Print the explanation. Raises PermanentError for an id that names no plan, or several."""
    stored = asyncio.run(_find(configuration, arguments.id))
    text = explain(stored.plan, stored.request, DefaultPolicy(expires=configuration.expires))
    if getattr(arguments, "json", False):
        line = {"plan": stored.plan.id, "revision": stored.plan.revision, "state": stored.approval}
        text = json.dumps({**line, "lines": text.splitlines()}, ensure_ascii=False)
    sys.stdout.write(text + "\n")
    return 0


async def _find(configuration: Configuration, name: str) -> Stored:
    async with Store(configuration.store_url, SystemClock(), only_reads=True) as store:
        found = await store.read(lambda connection: plans.find_stored(connection, name))
    if not found:
        raise PermanentError(f"There is no plan {name!r}.", "`parley plans list` shows them.")
    if len(found) > 1:
        ids = ", ".join(each.plan.id for each in found[:3])
        raise PermanentError(f"{len(found)} plans end in {name!r}.", f"Give the whole id: {ids} …")
    return found[0]
