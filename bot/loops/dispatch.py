"""From the inbox to the flow: one event at a time per conversation, votes in a lane of their own.

`bot.loops.listen` offers what was stored. Every event that is ready begins in one commit; every effect that is ready is
committed with its event's `done`, many in one transaction, and the posts it made go straight to `bot.loops.deliver`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from bot import flow
from bot.cases import say
from bot.house import Effect, House
from bot.loops import patience
from bot.loops.deliver import Delivery
from bot.model.errors import ParleyError
from bot.model.events import Event, Message
from bot.model.reports import Outgoing
from bot.report import refusal
from bot.store import inbox, outbox, plans, questions, runs
from bot.store.inbox import Received
from bot.store.writer import Raised

log = logging.getLogger(__name__)

GLANCE = "👀"
AFTER_RUN = 0.005
"""Seconds that cards wait behind a run that is about to begin."""
LOOK = 5.0
"""Seconds after which early votes are looked at without being woken."""


class Dispatch:
    """The lanes. `deliveries` are by chat instance; tasks start in `group` and end with their event."""

    def __init__(
        self, house: House, deliveries: Mapping[str, Delivery], group: asyncio.TaskGroup
    ) -> None:
        self._house = house
        self._deliveries = deliveries
        self._group = group
        self._lanes: dict[str, deque[Received]] = {}
        self._uncounted: set[int] = set()
        self._effects: list[tuple[Received, Effect]] = []
        self._early: list[Received] = []

    @property
    def busy(self) -> bool:
        return bool(self._lanes or self._early)

    def free(self) -> Callable[[str], bool]:
        """For `inbox.accept`: whether the next event of a lane may begin in the commit that stores it, asked in order."""
        seen = set(self._lanes)

        def first(lane: str) -> bool:
            known = lane in seen
            seen.add(lane)
            return not known

        return first

    async def resume(self) -> None:
        """What an earlier process accepted and did not finish."""
        self.offer(await patience.read(self._house, inbox.waiting), begun=False)

    def offer(
        self, received: Iterable[Received], *, begun: bool = True, counted: bool = False
    ) -> None:
        """Stored events, in order. `begun` is false for those of an earlier process, `counted` true for those whose attempt
        was counted here before. Returns at once."""
        ready: list[Received] = []
        for each in received:
            if not (counted or (begun and each.attempts)):
                self._uncounted.add(each.id)
            lane = self._lanes.get(each.lane)
            if lane is not None:
                lane.append(each)
            else:
                self._lanes[each.lane] = deque((each,))
                ready.append(each)
        self._start(ready)

    def _start(self, ready: list[Received]) -> None:
        """Handle what was counted when it was stored; count the others first, in one commit."""
        self._glance(ready)
        left = [each for each in ready if each.id in self._uncounted]
        if left:
            self._group.create_task(self._begin(left))
        for each in ready:
            if each.id not in self._uncounted:
                self._group.create_task(self._handle(each, worn=False))

    async def _begin(self, left: list[Received]) -> None:
        try:
            counts = await patience.write(self._house, lambda c: _count(c, left))
        except Exception:  # it must not end the others, and stays in the inbox for the next start
            log.exception("%d events could not be begun", len(left))
            for each in left:
                self._next(each)
            return
        self._uncounted.difference_update(counts)
        for each in left:
            worn = counts[each.id] > inbox.MOST
            self._group.create_task(self._handle(each, worn=worn))

    async def _handle(self, received: Received, *, worn: bool) -> None:
        event = received.event
        if worn:
            effect = _said(self._house, event, _worn_out())
            await patience.write(self._house, effect)
            self._next(received)
            return
        if await self._is_early(event):
            self._early.append(received)
            self._next(received)
            return
        try:
            effect = await flow.handle(self._house, event)
        except Exception as error:  # noqa: BLE001 - one event must not end the others; it is said in its thread
            effect = _said(self._house, event, _sentence(event, error))
        if not self._effects:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._effects.append((received, effect))

    async def _is_early(self, event: Event) -> bool:
        """Whether it is about a message whose reference may be noted any moment: a card that is still being posted."""
        if isinstance(event, Message):
            return False
        instance, message = event.account.instance, event.message

        def early(connection: Connection) -> bool:
            if outbox.by_reference(connection, instance, message):
                return False
            return instance in self._deliveries and bool(outbox.undelivered(connection, instance))

        return await patience.read(self._house, early)

    async def wait_for_cards(self) -> None:
        """For ever: whenever references were noted, early votes are looked at again. They stay in the inbox meanwhile."""
        while True:
            await self._house.bus.wait("noted", LOOK)
            early, self._early = self._early, []
            self.offer(early, counted=True)

    def _hand_over(self) -> None:
        effects, self._effects = self._effects, []
        self._group.create_task(self._commit(effects))

    async def _commit(self, effects: list[tuple[Received, Effect]]) -> None:
        """All effects that are ready, each in its own savepoint; then what they say goes out."""
        writes: list[Callable[[Connection], Any]] = [
            _done(each, effect) for each, effect in effects
        ]
        places = dict.fromkeys(each.event.account.instance for each, _ in effects)
        writes += [self._deliveries[place].claim for place in places if place in self._deliveries]
        writes.append(_awaited)
        results = await patience.write_all(self._house, writes)
        for (received, _), result in zip(effects, results, strict=False):
            if isinstance(result, Raised):
                await self._say_instead(received, result.error)
            self._next(received)
        for place, taken in zip(places, results[len(effects) : -1], strict=False):
            if isinstance(taken, list) and taken:
                self._deliveries[place].begin(taken)
        awaited = results[-1]
        if isinstance(awaited, tuple):
            self._wake(*awaited)

    def _wake(self, run: bool, card: bool) -> None:
        """The loops that have something to do now. A run first: its claim shall not wait for a card."""
        if run:
            self._house.bus.wake("runs")
        if run or card:
            later = AFTER_RUN if run else 0.0
            asyncio.get_running_loop().call_later(later, self._house.bus.wake, "cards")

    async def _say_instead(self, received: Received, error: BaseException) -> None:
        """What could not be committed as it was, such as a change of a plan that was approved meanwhile."""
        effect = _said(self._house, received.event, _sentence(received.event, error))
        try:
            await patience.write(self._house, _done(received, effect))
        except Exception:  # as in `_begin`
            log.exception("event %s could not be ended", received.event.id)
        self._house.bus.wake(f"outbox {received.event.account.instance}")

    def _next(self, received: Received) -> None:
        lane = self._lanes[received.lane]
        lane.popleft()
        if lane:
            self._start([lane[0]])
        else:
            del self._lanes[received.lane]
            self._house.bus.wake("settled")

    def _glance(self, ready: list[Received]) -> None:
        """The first sign of life, before anything is planned. Not worth a row: a repeated 👀 changes nothing."""
        places: dict[str, list[Outgoing]] = {}
        for event in (each.event for each in ready):
            if isinstance(event, Message) and event.addressed:
                key = f"seen/{event.id}"
                sign = Outgoing(key, 0, event.conversation, "react", message=event.id, emoji=GLANCE)
                places.setdefault(event.account.instance, []).append(sign)
        for place, signs in places.items():
            if place in self._deliveries:
                self._group.create_task(self._deliveries[place].glance(signs))


def _awaited(connection: Connection) -> tuple[bool, bool]:
    """Whether a run, and whether a card or question, waits for its loop."""
    return (
        runs.waiting(connection),
        plans.lagging(connection) or questions.waiting(connection),
    )


def _count(connection: Connection, events: list[Received]) -> dict[int, int]:
    """The how manieth attempt each of these is."""
    fresh = [each for each in events if not each.attempts]
    inbox.begin_all(connection, fresh)
    again = {each.id: inbox.begin(connection, each.id) for each in events if each.attempts}
    return {**{each.id: 1 for each in fresh}, **again}


def _done(received: Received, effect: Effect) -> Effect:
    def commit(connection: Connection) -> None:
        effect(connection)
        inbox.done(connection, received.id)

    return commit


def _sentence(event: Event, error: BaseException) -> ParleyError:
    if isinstance(error, ParleyError):
        return error
    log.error("event %s could not be handled", event.id, exc_info=error)
    what = "Something in me broke while I handled this, and nothing was started."
    return ParleyError(what, "Say it again; the log has the details.")


def _worn_out() -> ParleyError:
    what = f"I was ended {inbox.MOST} times while handling this, so I left it."
    return ParleyError(what, "Say it again in other words; the log has the details.")


def _said(house: House, event: Event, error: ParleyError) -> Effect:
    report = refusal.failure_of(error)
    return lambda connection: say.reply(connection, event, report, house.clock.now())
