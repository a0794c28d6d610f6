"""From the inbox to the flow: one event at a time per conversation, votes in a lane of their own. `bot.loops.listen`
offers what was stored; every effect is committed together with its event's `done`."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import TypeVar

from sqlalchemy import Connection

from bot import flow
from bot.cases import say
from bot.house import Effect, House
from bot.model.errors import ParleyError, StoreError
from bot.model.events import Event, Message
from bot.model.ports import Chat
from bot.model.reports import Outgoing
from bot.report import refusal
from bot.store import inbox
from bot.store.inbox import Received

T = TypeVar("T")

log = logging.getLogger(__name__)

GLANCE = "👀"
PAUSE = 1.0
"""Seconds between two tries to store the effects of an event that is already accepted."""


class Dispatch:
    """The lanes. `chats` are by instance; tasks start in `group` and end when their lane is empty."""

    def __init__(self, house: House, chats: dict[str, Chat], group: asyncio.TaskGroup) -> None:
        self._house = house
        self._chats = chats
        self._group = group
        self._lanes: defaultdict[str, deque[Received]] = defaultdict(deque)

    @property
    def busy(self) -> bool:
        return bool(self._lanes)

    async def resume(self) -> None:
        """What an earlier process accepted and did not finish."""
        self.offer(await self._house.store.read(inbox.waiting))

    def offer(self, received: Iterable[Received]) -> None:
        """Stored events, in order. Returns at once."""
        for each in received:
            lane = self._lanes.get(each.lane)
            if lane is not None:
                lane.append(each)
                continue
            self._lanes[each.lane].append(each)
            self._group.create_task(self._work(each.lane))

    async def _work(self, name: str) -> None:
        lane = self._lanes[name]
        while lane:
            await self._handle(lane.popleft())
        del self._lanes[name]
        self._house.bus.wake("settled")

    async def _handle(self, received: Received) -> None:
        event, number = received.event, received.id
        self._glance(event)
        begun = await self._stored(lambda connection: inbox.begin(connection, number))
        if begun > inbox.MOST:
            await self._stored(_worn_out(self._house, event))
        else:
            await self._finish(event, number)
        for topic in (f"outbox {event.account.instance}", "cards", "runs"):
            self._house.bus.wake(topic)

    async def _finish(self, event: Event, number: int) -> None:
        """Decide what the event changes and commit it; what cannot be committed as it is, is said instead."""
        try:
            effect = await flow.handle(self._house, event)
            await self._stored(lambda connection: _commit(connection, effect, number))
        except Exception as error:  # noqa: BLE001 - one event must not end the others; it is said in its thread
            report = _said(self._house, event, _sentence(event, error))
            await self._stored(lambda connection: _commit(connection, report, number))

    async def _stored(self, write: Callable[[Connection], T]) -> T:
        """What was accepted is not lost: a store that cannot take it is tried again until it can."""
        while True:
            try:
                return await self._house.store.write(write)
            except StoreError as error:
                log.error("an accepted event waits for the store: %s", error)  # noqa: TRY400 - no traceback needed
                await self._house.clock.sleep(PAUSE)

    def _glance(self, event: Event) -> None:
        """The first sign of life, before anything is planned. Not worth a row: a repeated 👀 changes nothing."""
        if isinstance(event, Message) and event.addressed and event.account.instance in self._chats:
            self._group.create_task(self._look(event))

    async def _look(self, event: Message) -> None:
        chat = self._chats[event.account.instance]
        key = f"seen/{event.id}"
        try:
            await chat.send(
                Outgoing(key, 0, event.conversation, "react", message=event.id, emoji=GLANCE)
            )
        except ParleyError as error:
            log.info("no sign of life on %s: %s", event.id, error)


def _commit(connection: Connection, effect: Effect, number: int) -> None:
    effect(connection)
    inbox.done(connection, number)


def _sentence(event: Event, error: Exception) -> ParleyError:
    if isinstance(error, ParleyError):
        return error
    log.error("event %s could not be handled", event.id, exc_info=error)
    what = "Something in me broke while I handled this, and nothing was started."
    return ParleyError(what, "Say it again; the log has the details.")


def _said(house: House, event: Event, error: ParleyError) -> Effect:
    report = refusal.failure_of(error)
    return lambda connection: say.reply(connection, event, report, house.clock.now())


def _worn_out(house: House, event: Event) -> Effect:
    what = f"I was ended {inbox.MOST} times while handling this, so I left it."
    return _said(
        house, event, ParleyError(what, "Say it again in other words; the log has the details.")
    )
