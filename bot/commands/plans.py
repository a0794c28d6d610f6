"""`parley plans list | show ID`. Called by `bot.cli`; reads only, beside a running bot."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from approvals.people import People
from bot.cases.views import view
from bot.clock import SystemClock
from bot.config import Configuration
from bot.model.errors import PermanentError
from bot.model.ids import short
from bot.report.plan import plan_card
from bot.report.view import PlanView
from bot.store import plans
from bot.store.plan_rows import Stored
from bot.store.writer import Store

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: "Commands") -> None:
    """Add `plans` with `list` and `show` to the command line."""
    parser = commands.add_parser("plans", help="list and show plans")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    verbs.add_parser("list", help="every plan, newest first").set_defaults(run=listed)
    show = verbs.add_parser("show", help="one plan's card as it is now")
    show.add_argument("id", metavar="ID", help="a plan's id or short id")
    show.set_defaults(run=shown)


def listed(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """One line a plan."""

    def read(connection: Connection) -> list[PlanView]:
        return [_view(connection, stored, configuration) for stored in plans.in_state(connection)]

    for each in _read(configuration, read):
        card = plan_card(each)
        line = f"{short(each.plan.id)}  {each.state:<12} {each.plan.risk:<8} {each.plan.request}"
        _write(json.dumps(card.data["plan"], ensure_ascii=False) if arguments.json else line)
    return 0


def shown(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """The card. Raises PermanentError for an id that names no plan, or several."""

    def read(connection: Connection) -> list[PlanView]:
        found = plans.find_stored(connection, arguments.id)
        return [_view(connection, stored, configuration) for stored in found]

    found = _read(configuration, read)
    if not found:
        raise PermanentError(
            f"There is no plan {arguments.id!r}.", "`parley plans list` shows them."
        )
    if len(found) > 1:
        ids = ", ".join(each.plan.id for each in found[:3])
        raise PermanentError(
            f"{len(found)} plans end in {arguments.id!r}.", f"Give the whole id: {ids} …"
        )
    card = plan_card(found[0])
    _write(json.dumps(card.data["plan"], ensure_ascii=False) if arguments.json else card.text)
    return 0


def _view(connection: Connection, stored: Stored, configuration: Configuration) -> PlanView:
    return view(connection, stored, People(configuration.people), SystemClock().now())


def _read(
    configuration: Configuration, fn: Callable[[Connection], list[PlanView]]
) -> list[PlanView]:
    async def read() -> list[PlanView]:
        async with Store(configuration.store_url, SystemClock(), only_reads=True) as store:
            return await store.read(fn)

    return asyncio.run(read())


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
