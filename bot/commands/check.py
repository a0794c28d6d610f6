"""`parley check`: configuration and every connection, a line each: what works, what does not, and the mend. Called by `bot.cli`."""

import argparse
import asyncio
import inspect
import json
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import Connection

from bot.cases.card import cards
from bot.clock import SystemClock
from bot.config import Configuration
from bot.llm import told_of
from bot.model.errors import OwnedError, ParleyError
from bot.model.ids import short
from bot.model.plans import Agent
from bot.plugins import find
from bot.redact import SecretRedactor
from bot.store import plans, posts
from bot.store.migrate import migrate
from bot.store.ownership import Ownership
from bot.store.posts import LATELY
from bot.store.writer import Store
from capabilities.library import Library

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


class Line(Struct, frozen=True):
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
    store = await _store(configuration)
    yield store
    if not store.wrong:
        for line in await _deliveries(configuration):
            yield line
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
    for role in _roles(configuration):
        yield role
    async for line in _services(configuration):
        yield line
    for warning in _people(configuration):
        yield warning


async def _services(configuration: Configuration) -> AsyncIterator[Line]:
    """Chats, models and speech: what is asked over a network."""
    for chat in configuration.chats:
        yield await _tried(
            f"chat {chat.instance}",
            chat.plugin.probe,
            chat.settings,
            chat.instance,
            configuration.data,
        )
    async for line in _models(configuration):
        yield line
    yield await _speech(configuration)


async def _models(configuration: Configuration) -> AsyncIterator[Line]:
    """Whether each provider answers, takes its key and knows its model."""
    if not configuration.llm.providers:
        yield Line("models", note="not configured: plans are made offline")
    for each in configuration.llm.providers:
        what = f"model {each.name} ({each.settings.model} at {each.settings.host})"
        yield await _tried(what, each.plugin.probe, each.name, each.settings)


def _roles(configuration: Configuration) -> list[Line]:
    """What agents are for, and whose prompt no model outside is told."""
    redactor = SecretRedactor(configuration.secrets)
    outside = any(not each.settings.is_local for each in configuration.llm.providers)
    found = told_of(configuration.roles, redactor, configuration.llm.private)
    words = "its prompt names what is private: no model outside is told of it."
    return [
        Line(f"role {role.name}", words, warning=True)
        if role.private and outside
        else Line(f"role {role.name}", note=role.about)
        for role in found
    ]


async def _speech(configuration: Configuration) -> Line:
    """Whether voice notes can be listened to."""
    if configuration.speech is None:
        return Line("speech", note="not configured: voice notes are not listened to")
    speech = configuration.speech
    return await _tried(f"speech {speech.settings.url}", speech.plugin.probe, speech.settings)


async def _store(configuration: Configuration) -> Line:
    """Whether the database can be used."""
    what = f"store {configuration.store_url}"
    try:
        with Ownership(configuration.data):
            await migrate(configuration.store_url)
    except OwnedError as error:
        return Line(what, note=f"in use: {error.what}")
    except ParleyError as error:
        return Line(what, str(error))
    return Line(what)


async def _deliveries(configuration: Configuration) -> list[Line]:
    """What could not be delivered lately, and who waits for votes on a card that nobody sees."""
    clock = SystemClock()
    since = clock.now() - LATELY
    try:
        async with Store(configuration.store_url, clock, only_reads=True) as store:
            lost = await store.read(lambda connection: posts.failed(connection, since))
            unseen = await store.read(_unseen)
    except ParleyError as error:
        return [Line("deliveries", str(error))]
    return [_lost(lost), *(Line(f"plan {name}", words, warning=True) for name, words in unseen)]


def _lost(lost: list[posts.Post]) -> Line:
    if not lost:
        return Line("deliveries", note=f"nothing was lost in {LATELY.days} days")
    last = lost[-1]
    count = "1 message" if len(lost) == 1 else f"{len(lost)} messages"
    where = f"{last.conversation.instance} {last.conversation.room}"
    words = f"{count} could not be delivered in {LATELY.days} days, the last one to {where}: {last.words}"
    return Line("deliveries", words, warning=True)


def _unseen(connection: Connection) -> list[tuple[str, str]]:
    """Plans that wait for votes while none of their cards is out: short id, and why in words."""
    found = []
    for stored in plans.in_state(connection, "pending", "held"):
        there = cards(connection, stored)
        if stored.undecided and not any(each.reference and each.stands for each in there):
            why = next((each.words for each in there if each.words), "")
            words = f"waits for votes, and its card is not out. {why}".strip()
            found.append((short(stored.plan.id), words))
    return found


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
