"""The wiring: rooms into a house, loops into one TaskGroup; start, drain, stop. Called by the commands `run` and `chat`."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from approvals.people import People
from approvals.policy import DefaultPolicy
from bot.bus import Bus
from bot.cases.expire import expire
from bot.cases.home import HomePages
from bot.cases.investigate import interrupted
from bot.cases.reload import reload
from bot.clock import SystemClock
from bot.config import Configuration
from bot.execution.runner import Runner
from bot.house import House
from bot.llm import open_models, told_of
from bot.loops.deliver import Delivery
from bot.loops.dispatch import Dispatch
from bot.loops.follow import Follow
from bot.loops.inquire import Inquirer
from bot.loops.listen import listen, reread
from bot.loops.publish import Publisher
from bot.loops.reprint import reprint
from bot.loops.rest import Rest
from bot.loops.speak import Speaker
from bot.loops.trouble import Troubles
from bot.loops.work import Work
from bot.model.errors import ConfigurationError
from bot.model.ports import Chat, Closes, Fetches
from bot.model.runs import Limits
from bot.planner.offline import OfflinePlanner
from bot.recheck import recheck
from bot.redact import SecretRedactor
from bot.speech import Ears
from bot.store import inbox, outbox
from bot.store.migrate import migrate
from bot.store.ownership import Ownership
from bot.store.seal import Sealer
from bot.store.suspects import Suspects
from bot.store.writer import Store
from bot.targets import Targets
from capabilities.filling import StepOutputs
from capabilities.guard import StepGuard
from capabilities.library import Library, built_in
from capabilities.render import SectionRenderer
from scheduler.jobs import Job, keep

log = logging.getLogger(__name__)

GARBAGE = (20_000, 20, 20)
"""Allocations before the collector looks, and how often it looks at older objects: a message makes few cycles."""


def open_chats(house: House, configuration: Configuration) -> dict[str, Chat]:
    """Every configured chat but consoles, which belong to a terminal. Their SDKs are imported here, and only here."""

    def suggest(what: str) -> Sequence[str]:
        if what == "agents":
            return [agent.name for agent in house.agents]
        packs = list(dict.fromkeys(pack for agent in house.agents for pack in agent.packs))
        return [section.title for section in house.catalogue.sections(packs)]

    chats = {}
    for chat in configuration.chats:
        if chat.plugin.name != "console":
            more: dict[str, Any] = {"suggest": suggest} if chat.plugin.suggests else {}
            if chat.plugin.homes:
                more["home"] = HomePages(house, chat.instance)
            given = (chat.instance, chat.settings, house.name, configuration.data, house.clock)
            chats[chat.instance] = chat.plugin.load()(*given, **more)
    return chats


async def close_chats(chats: Mapping[str, Chat]) -> None:
    """Close what holds a connection."""
    for chat in chats.values():
        if isinstance(chat, Closes):
            await chat.close()


@asynccontextmanager
async def open_house(configuration: Configuration) -> AsyncIterator[House]:
    """The rooms, wired; the data folder is owned until the end. Raises OwnedError, StoreError, ConfigurationError."""
    clock, bus = SystemClock(), Bus()
    with Ownership(configuration.data):
        await migrate(configuration.store_url)
        async with Store(configuration.store_url, clock) as store:
            targets = Targets(configuration.data)
            house = _wire(configuration, clock, bus, store, targets)
            try:
                yield house
            finally:
                await house.runner.drain(0)
                await targets.close()
                await _alone(house)


async def _alone(house: House) -> None:
    """Close what listens and thinks outside of the house."""
    if house.ears is not None:
        await house.ears.speech.close()
    if house.models is not None:
        await house.models.close()


def _wire(
    configuration: Configuration, clock: SystemClock, bus: Bus, store: Store, targets: Targets
) -> House:
    library = Library(configuration.pack_paths, kept=configuration.data / "pages")
    library.search("")  # builds the index: the first message shall not wait for it
    renderer = SectionRenderer()
    guard = StepGuard((*configuration.floor, built_in()))
    redactor = SecretRedactor(configuration.secrets)
    people = People(configuration.people)
    policy = DefaultPolicy(expires=configuration.expires)
    allowed = recheck(people, policy, library, clock, configuration.agents)
    limits = Limits(timeout=configuration.timeout.total_seconds())
    outputs = StepOutputs(guard)
    runner = Runner(
        store, targets, guard, redactor, clock, allowed, limits, outputs=outputs, wake=bus.wake
    )
    offline = OfflinePlanner(library, renderer)
    return House(
        name=configuration.name,
        store=store,
        clock=clock,
        bus=bus,
        catalogue=library,
        renderer=renderer,
        guard=guard,
        planner=offline,
        people=people,
        policy=policy,
        runner=runner,
        target_of=targets,
        agents=configuration.agents,
        redactor=redactor,
        late=configuration.late,
        started_at=clock.now(),
        approval_rooms=configuration.approval_rooms,
        operators=configuration.operators,
        ears=_ears(configuration, clock),
        models=open_models(configuration.llm, library, renderer, offline, clock),
        roles=told_of(configuration.roles, redactor, configuration.llm.private),
    )


def _ears(configuration: Configuration, clock: SystemClock) -> Ears | None:
    """Whoever listens to voice notes, where one is configured. Its SDK comes with the import."""
    if configuration.speech is None:
        return None
    settings = configuration.speech.settings
    try:
        speech = configuration.speech.plugin.load()(settings, clock)
    except ImportError as error:
        what = f"[speech] needs {error.name}, which is not installed."
        raise ConfigurationError(what, "Install parley[speech].") from error
    return Ears(speech, settings.megabytes, settings.seconds, settings.reply)


async def serve(
    house: House,
    configuration: Configuration,
    chats: Mapping[str, Chat],
    stop: asyncio.Event,
    *,
    reprints: Collection[str] = (),
) -> bool:
    """Run every loop until `stop` is set, or until all chats have ended and everything has come to rest; then drain.
    False when something could not be said because a chat takes nothing any more.

    `reprints` are the instances whose screen begins empty: their open cards and questions are shown again."""
    sealer = Sealer(house.store, configuration.key_folder, configuration.heads)
    suspects = Suspects(configuration.data)
    house.fetches.update((name, chat) for name, chat in chats.items() if isinstance(chat, Fetches))
    # What was made for the start stays to the end: the collector need not look at it with every message.
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    await house.store.write(outbox.recover)
    await house.runner.recover()
    await house.store.write(lambda connection: interrupted(connection, house))
    await reprint(house, reprints)
    async with _watched(house, configuration, chats), asyncio.TaskGroup() as group:
        rest, running = _start(house, sealer, suspects, chats, group)
        await rest.dispatch.resume()
        await _heard(house, chats, rest.dispatch, stop, group)
        if stop.is_set():
            await house.runner.drain(configuration.drain.total_seconds())
        await rest.come(to_the_end=not stop.is_set())
        house.leaving.leave()
        await _cancel(running)
    await house.store.write(inbox.give_back)
    await sealer.seal()
    suspects.close()
    return not any(delivery.dead for delivery in rest.deliveries.values())


@asynccontextmanager
async def _watched(
    house: House, configuration: Configuration, chats: Mapping[str, Chat]
) -> AsyncIterator[None]:
    """`/metrics` and `/healthz`, where they are wanted."""
    if not configuration.listen:
        yield
        return
    try:
        # lazy: aiohttp takes 0.2 s to import, and most terminals need no metrics
        from bot.health import served
    except ImportError as error:
        what = "[bot] listen needs aiohttp, which is not installed."
        raise ConfigurationError(what, "Install parley[metrics].") from error

    async with served(house, chats, configuration.listen):
        yield


def _start(
    house: House,
    sealer: Sealer,
    suspects: Suspects,
    chats: Mapping[str, Chat],
    group: asyncio.TaskGroup,
) -> tuple[Rest, list[asyncio.Task[None]]]:
    """Every loop but the ears, started."""
    work = Work(house, group)
    deliveries = {
        instance: Delivery(house, instance, chat, group) for instance, chat in chats.items()
    }
    dispatch = Dispatch(house, Follow(house, deliveries), suspects, group)
    speaker = Speaker(house, group)
    inquirer = Inquirer(house, group)
    loops = (
        inquirer.inquire(),
        dispatch.wait_for_cards(),
        Publisher(house, speaker).publish(),
        work.work(),
        keep(_jobs(house, sealer, chats), house.clock),
        *(each.deliver() for each in deliveries.values()),
        *(reread(house, instance, chat, dispatch) for instance, chat in chats.items()),
    )
    rest = Rest(house, dispatch, work, deliveries, speaker, inquirer)
    return rest, [group.create_task(loop) for loop in loops]


def _jobs(house: House, sealer: Sealer, chats: Mapping[str, Chat]) -> tuple[Job, ...]:
    """What is done again and again."""
    troubles = Troubles(house, chats)
    return (
        Job("expiry", timedelta(seconds=1), lambda: expire(house)),
        Job("packs", timedelta(seconds=2), lambda: reload(house)),
        Job("seal", timedelta(seconds=30), sealer.seal),
        Job("troubles", timedelta(seconds=10), troubles.look),
    )


async def _heard(
    house: House,
    chats: Mapping[str, Chat],
    dispatch: Dispatch,
    stop: asyncio.Event,
    group: asyncio.TaskGroup,
) -> None:
    """Listen to every chat until `stop` is set or all have ended."""
    ears = [
        group.create_task(listen(house, instance, chat, dispatch))
        for instance, chat in chats.items()
    ]
    ended, stopped = group.create_task(_wait(ears)), group.create_task(stop.wait())
    await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
    await _cancel((ended, stopped))
    if stop.is_set():
        await _cancel(ears)


async def _wait(ears: Sequence[asyncio.Task[None]]) -> None:
    """Until nobody is listened to any more."""
    await asyncio.wait(ears)


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
