"""The wiring: rooms into a house, loops into one TaskGroup; start, drain, stop. Called by the commands `run` and `chat`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from approvals.people import People
from approvals.policy import DefaultPolicy
from bot.bus import Bus
from bot.cases.expire import expire
from bot.clock import SystemClock
from bot.config import Configuration
from bot.execution.runner import Runner
from bot.house import House
from bot.loops.deliver import Delivery
from bot.loops.dispatch import Dispatch
from bot.loops.listen import listen
from bot.loops.publish import Publisher
from bot.loops.reprint import reprint
from bot.loops.work import Work
from bot.model.errors import StoreError
from bot.model.plans import Agent
from bot.model.ports import Chat, Closes, Target
from bot.model.runs import Limits
from bot.planner.offline import OfflinePlanner
from bot.plugins import find
from bot.recheck import recheck
from bot.redact import ExactRedactor
from bot.store import outbox, plans, questions, runs
from bot.store.migrate import migrate
from bot.store.ownership import Ownership
from bot.store.seal import Sealer
from bot.store.writer import Store
from capabilities.guard import StepGuard
from capabilities.library import Library, built_in
from capabilities.render import SectionRenderer
from scheduler.jobs import Job, keep

log = logging.getLogger(__name__)

QUIET = 0.2
"""Seconds between two looks whether everything has come to rest."""


def open_chats(configuration: Configuration) -> dict[str, Chat]:
    """Every configured chat but consoles, which belong to a terminal. Their SDKs are imported here, and only here."""
    clock = SystemClock()
    return {
        chat.instance: chat.plugin.load()(
            chat.instance, chat.settings, configuration.name, configuration.data, clock
        )
        for chat in configuration.chats
        if chat.plugin.name != "console"
    }


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
            house = _wire(configuration, clock, bus, store)
            try:
                yield house
            finally:
                await house.runner.drain(0)


def _wire(configuration: Configuration, clock: SystemClock, bus: Bus, store: Store) -> House:
    library = Library(configuration.pack_paths)
    library.search("")  # builds the index: the first message shall not wait for it
    renderer = SectionRenderer()
    guard = StepGuard((*configuration.floor, built_in()))
    redactor = ExactRedactor(configuration.secrets)
    people = People(configuration.people)
    policy = DefaultPolicy(expires=configuration.expires)
    target_of = _targets(configuration)
    runner = Runner(
        store,
        target_of,
        guard,
        redactor,
        clock,
        recheck(people, policy, library, clock),
        Limits(timeout=configuration.timeout.total_seconds()),
        wake=bus.wake,
    )
    return House(
        name=configuration.name,
        store=store,
        clock=clock,
        bus=bus,
        catalogue=library,
        renderer=renderer,
        guard=guard,
        planner=OfflinePlanner(library, renderer),
        people=people,
        policy=policy,
        runner=runner,
        target_of=target_of,
        agents=configuration.agents,
        redactor=redactor,
        late=configuration.late,
        started_at=clock.now(),
    )


def _targets(configuration: Configuration) -> Callable[[Agent], Target]:
    """One open target a URL, made when it is first asked for."""
    opened: dict[str, Target] = {}

    def target_of(agent: Agent) -> Target:
        if agent.target not in opened:
            scheme = agent.target.partition(":")[0]
            opened[agent.target] = find("targets", scheme).load()(agent.target, configuration.data)
        return opened[agent.target]

    return target_of


async def serve(
    house: House,
    configuration: Configuration,
    chats: Mapping[str, Chat],
    stop: asyncio.Event,
    *,
    reprints: Collection[str] = (),
) -> None:
    """Run every loop until `stop` is set, or until all chats have ended and everything has come to rest; then drain.

    `reprints` are the instances whose screen begins empty: their open cards and questions are shown again."""
    sealer = Sealer(house.store, configuration.key_folder, configuration.heads)
    await house.store.write(outbox.recover)
    await house.runner.recover()
    await reprint(house, reprints)
    async with asyncio.TaskGroup() as group:
        work = Work(house, group)
        publisher = Publisher(house)
        deliveries = {
            instance: Delivery(house, instance, chat, group) for instance, chat in chats.items()
        }
        dispatch = Dispatch(house, deliveries, group)
        loops = (
            publisher.publish(),
            work.work(),
            keep(_jobs(house, sealer), house.clock),
            *(each.deliver() for each in deliveries.values()),
        )
        running = [group.create_task(loop) for loop in loops]
        await dispatch.resume()
        ears = [
            group.create_task(listen(house, instance, chat, dispatch))
            for instance, chat in chats.items()
        ]
        ended = group.create_task(_wait(ears))
        stopped = group.create_task(stop.wait())
        await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
        await _cancel((ended, stopped))
        rest = Rest(house, dispatch, work, tuple(chats))
        if stop.is_set():
            await _cancel(ears)
            await house.runner.drain(configuration.drain.total_seconds())
        await rest.come(to_the_end=not stop.is_set())
        await _cancel(running)
    await sealer.seal()


def _jobs(house: House, sealer: Sealer) -> tuple[Job, ...]:
    """What is done again and again."""
    return (
        Job("expiry", timedelta(seconds=1), lambda: expire(house)),
        # Looking at many packs takes a while; the library swaps its whole content at once.
        Job("packs", timedelta(seconds=2), lambda: asyncio.to_thread(house.catalogue.reload)),
        Job("seal", timedelta(seconds=30), sealer.seal),
    )


async def _wait(ears: Sequence[asyncio.Task[None]]) -> None:
    """Until nobody is listened to any more."""
    await asyncio.wait(ears)


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


@dataclass(frozen=True, slots=True)
class Rest:
    """Whether everything that was heard is done, run, shown and said, in the chats that are served."""

    house: House
    dispatch: Dispatch
    work: Work
    instances: tuple[str, ...]

    async def come(self, *, to_the_end: bool) -> None:
        """Wait for it; with `to_the_end` also for what is queued. A store that takes nothing any more is not waited for."""
        while self._busy() or await self.house.store.read(
            lambda connection: self._left(connection, to_the_end)
        ):
            if not self.house.store.healthy:
                raise StoreError(
                    "The database takes nothing, so some of what was accepted is not done.",
                    "Mend it and start again: nothing is lost.",
                )
            await self.house.bus.wait("settled", QUIET)

    def _busy(self) -> bool:
        return self.dispatch.busy or bool(self.work.going)

    def _left(self, connection: Connection, to_the_end: bool) -> bool:
        if plans.lagging(connection) or questions.unposted(connection):
            return True
        if any(outbox.undelivered(connection, instance) for instance in self.instances):
            return True
        return to_the_end and any(
            run not in self.work.blocked for run in runs.resumable(connection)
        )
