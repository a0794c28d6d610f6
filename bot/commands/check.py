"""`parley check`: configuration and every connection, a line each: what works, what does not, and the mend. Called by `bot.cli`."""

import argparse
import asyncio
import inspect
import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from bot.clock import SystemClock
from bot.config import Configuration
from bot.model.errors import OwnedError, ParleyError
from bot.model.plans import Agent
from bot.plugins import find
from bot.store.migrate import migrate
from bot.store.ownership import Ownership
from bot.store.posts import failed
from bot.store.writer import Store
from capabilities.library import Library

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at. `wrong` is a sentence with the mend, "" when it works; `note` is said either way."""

    what: str
    wrong: str = ""
    note: str = ""
    warning: bool = False


def add(commands: "Commands") -> None:
    """Add `check` to the command line."""
    parser = commands.add_parser("check", help="configuration and every connection")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Print every line as it is known; 1 when anything is wrong."""
    return asyncio.run(_check(configuration, _json if arguments.json else _text))


async def _check(configuration: Configuration, show: Callable[[Line], str]) -> int:
    code = 0
    async for line in _lines(configuration):
        sys.stdout.write(show(line) + "\n")
        sys.stdout.flush()
        if line.wrong and not line.warning:
            code = 1
    return code


def _text(line: Line) -> str:
    mark = "✓" if not line.wrong else "!" if line.warning else "✗"
    return f"{mark} {line.what}" + (
        f": {line.wrong or line.note}" if line.wrong or line.note else ""
    )


def _json(line: Line) -> str:
    state = "works" if not line.wrong else "warning" if line.warning else "fails"
    return json.dumps(
        {"what": line.what, "state": state, "words": line.wrong or line.note}, ensure_ascii=False
    )


async def _lines(configuration: Configuration) -> AsyncIterator[Line]:
    """In the order in which a newcomer would mend them."""
    yield Line("configuration", note=str(configuration.source or "defaults; no parley.toml here"))
    yield await _store(configuration)
    library = Library(configuration.pack_paths)
    for problem in library.problems:
        yield Line(
            f"capabilities {problem.file}:{problem.line}",
            f"{problem.what} {problem.mend}",
            warning=problem.warning,
        )
    yield Line(
        "capabilities", note=f"{len(library.sections())} sections in {len(library.packs)} packs"
    )
    for agent in configuration.agents:
        yield await _agent(agent, configuration, library)
    for chat in configuration.chats:
        yield await _tried(
            f"chat {chat.instance}",
            chat.plugin.probe,
            chat.settings,
            chat.instance,
            configuration.data,
        )
    for warning in _people(configuration):
        yield warning


async def _store(configuration: Configuration) -> Line:
    """Whether the database can be used, and what could not be delivered lately."""
    what = f"store {configuration.store_url}"
    try:
        with Ownership(configuration.data):
            await migrate(configuration.store_url)
    except OwnedError as error:
        return Line(what, note=f"in use: {error.what}")
    except ParleyError as error:
        return Line(what, str(error))
    async with Store(configuration.store_url, SystemClock(), only_reads=True) as store:
        lost = await store.read(_undelivered)
    return Line(what, lost, warning=True)


def _undelivered(connection: Connection) -> str:
    lost = failed(connection)
    return (
        f"{len(lost)} messages could not be delivered, the last one because: {lost[-1]}"
        if lost
        else ""
    )


async def _agent(agent: Agent, configuration: Configuration, library: Library) -> Line:
    what = f"agent {agent.name} ({agent.target})"
    missing = [pack for pack in agent.packs if pack not in library.packs]
    if missing:
        return Line(
            what, f"There is no pack {missing[0]!r}. Installed: {', '.join(sorted(library.packs))}."
        )
    plugin = find("targets", agent.target.partition(":")[0])
    tried = await _tried(what, plugin.probe, agent.target)
    if tried.wrong:
        return tried
    target = plugin.load()(agent.target, configuration.data)
    try:
        return Line(what, note=await target.identity())
    except ParleyError as error:
        return Line(what, str(error))
    finally:
        await target.close()


async def _tried(what: str, probe: Callable[..., Any] | None, *subject: Any) -> Line:
    if probe is None:
        return Line(what, note="not tried: it has no probe")
    try:
        found = probe(*subject)
        wrong = await found if inspect.isawaitable(found) else found
    except ParleyError as error:
        wrong = str(error)
    return Line(what, wrong or "")


def _people(configuration: Configuration) -> list[Line]:
    known = {chat.instance for chat in configuration.chats} | {"console"}
    return [
        Line(
            f"person {person.name}",
            f"has an account on {account.instance}, which is no configured chat.",
            warning=True,
        )
        for person in configuration.people
        for account in person.accounts
        if account.instance not in known
    ]
