"""From what was heard to its effect: one event at a time per conversation, votes in a lane of their own.

`bot.loops.listen` brings what a chat heard. What needs nothing but thought is answered in the transaction that stores it
where nobody waits for anything but the answer; everything else is stored, then handled, and its effect is committed with the
event's `done`, many in one transaction.
What follows from an effect is for `bot.loops.follow`.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from bot import flow
from bot.house import Effect, House
from bot.loops import patience
from bot.loops.early import Early, unposted
from bot.loops.follow import Due, Follow
from bot.loops.hearing import Heard, Hearing, costs
from bot.loops.instead import broken, worn_out
from bot.loops.lanes import Lanes
from bot.model.errors import StoreError
from bot.model.events import Event, First
from bot.store import inbox
from bot.store.inbox import Received
from bot.store.lane import VOTES
from bot.store.suspects import Suspects
from bot.store.transaction import Raised, Writing

log = logging.getLogger(__name__)

LOOK = 5.0
"""Seconds after which early votes are looked at without being woken."""


class Dispatch:
    """The lanes. Tasks start in `group` and end with their event."""

    def __init__(
        self, house: House, follow: Follow, suspects: Suspects, group: asyncio.TaskGroup
    ) -> None:
        self._house = house
        self._follow = follow
        self._suspects = suspects
        self._group = group
        self._lanes = Lanes()
        self._alone = asyncio.Lock()
        self._uncounted: set[int] = set()
        self._effects: list[tuple[Received, Effect]] = []
        self._early = Early(follow.serves)

    @property
    def busy(self) -> bool:
        return bool(self._lanes or self._early)

    async def hear(
        self, instance: str, events: Sequence[Event], cursor: str | None, first: First = "word"
    ) -> list[Event]:
        """Store what a chat heard, with its `cursor`; when it is stored, those events that were not before. `first` as in
        `Batch`. Raises StoreError, and then it is not stored."""
        hearing = Hearing.of(instance, events, cursor, self._house.clock.now(), first)
        try:
            hearing.begin(self._lanes, partial(self._stands_apart, instance))
            begun = [each.event for each in hearing.begun]
            if first == "answer" and begun and self._suspects.note(instance, begun):
                await hearing.think(self._group, self._handled)
            follow = self._follow.claim((hearing.instance,))
            # Where nobody waits for a word or a sign, nothing else is held up by what is answered at once.
            writing = self._house.store.begin(hearing.writes(follow), here=first == "answer")
        except BaseException:
            self._forget(hearing)
            raise
        self._go_on(hearing, await self._written(hearing, writing))
        if first == "sign":
            await asyncio.sleep(0)  # it goes out before anything else is done
        return [each.event for each in hearing.heard if each.stored]

    async def _written(self, hearing: Hearing, writing: Writing) -> list[Any]:
        try:
            return await writing.future
        except asyncio.CancelledError:  # the listening ends, not what is on its way into the store
            finishing = self._finish(hearing, writing)
            try:
                self._group.create_task(finishing)
            except RuntimeError:  # everything ends; what is stored is for the next start
                finishing.close()
            raise
        except StoreError:
            self._forget(hearing)
            raise

    async def _finish(self, hearing: Hearing, writing: Writing) -> None:
        try:
            results = await self._house.store.finish(writing)
        except StoreError:
            self._forget(hearing)
            return
        try:
            self._go_on(hearing, results)
        except Exception:  # nobody listens any more; it is heard again
            log.exception("%d events were not stored", len(hearing.heard))

    def _stands_apart(self, instance: str, event: Event) -> bool:
        """Whether it is stored before it is handled: it may have ended the process before, or costs, or comes behind what is early."""
        return self._suspects.among(instance, event) or self._early.holds(event) or costs(event)

    def _go_on(self, hearing: Hearing, results: list[Any]) -> None:
        """With what is stored, and with what the answers left to do. Raises what kept the rest from being stored."""
        rest = results[-1]
        if isinstance(rest, Raised):
            hearing.lose()
        if hearing.first == "sign":
            self._follow.begin(hearing.taken)
        if isinstance(rest, Due):
            self._follow_up(hearing, rest)
        else:  # in the next turn: first whoever brought it hears that it is stored, and may acknowledge it
            asyncio.get_running_loop().call_soon(self._follow_up, hearing, None)
        self.offer(each.received for each in hearing.heard if each.received and not each.begun)
        if isinstance(rest, Raised):
            raise rest.error

    def _follow_up(self, hearing: Hearing, left: Due | None) -> None:
        self._follow.begin([] if hearing.first == "sign" else hearing.taken, left)
        for each in hearing.begun:
            if each.answered or each.received is None:
                self._drop(each)
            else:
                self._group.create_task(self._end(each, each.received))

    def _forget(self, hearing: Hearing) -> None:
        for each in hearing.begun:
            self._drop(each)

    def _drop(self, each: Heard) -> None:
        """It is answered, was answered before, or is refused."""
        if each.handling is not None:
            each.handling.cancel()
        self._next(each.lane)

    async def resume(self) -> None:
        """What an earlier process accepted and did not finish."""
        self.offer(await patience.read(self._house, inbox.waiting))

    def offer(self, received: Iterable[Received], *, counted: bool = False) -> None:
        """Stored events, in order. `counted` is true for those whose attempt was counted here before. Returns at once."""
        ready: list[Received] = []
        for each in received:
            if not counted:
                self._uncounted.add(each.id)
            if self._lanes.enter(each):
                ready.append(each)
        self._start(ready)

    def _start(self, ready: Sequence[Received]) -> None:
        """Handle what was counted before; count the others first, in one commit."""
        if not ready:
            return
        self._follow.begin(each.event for each in ready)
        left = [each for each in ready if each.id in self._uncounted]
        if fresh := [each for each in left if not _is_suspect(each)]:
            self._group.create_task(self._side_by_side(fresh))
        if suspects := [each for each in left if _is_suspect(each)]:
            self._group.create_task(self._one_by_one(suspects))
        for each in ready:
            if each.id not in self._uncounted:
                self._group.create_task(self._handle(each))

    async def _side_by_side(self, left: list[Received]) -> None:
        for handling in await self._counted(left):
            self._group.create_task(handling)

    async def _one_by_one(self, left: list[Received]) -> None:
        """They were under way when the process died: one of them may have ended it, and the others are not counted for that."""
        for each in left:
            async with self._alone:
                for handling in await self._counted([each]):
                    await handling

    async def _counted(self, left: list[Received]) -> list[Coroutine[Any, Any, None]]:
        """How each goes on, once its attempt is counted."""
        try:
            counts = await patience.write(self._house, lambda c: inbox.begin_all(c, left))
        except Exception:  # it must not end the others, and stays in the inbox for the next start
            log.exception("%d events could not be begun", len(left))
            for each in left:
                self._next(each.lane)
            return []
        self._uncounted.difference_update(counts)
        return [
            self._give_up(each) if counts[each.id] > inbox.MOST else self._handle(each)
            for each in left
        ]

    async def _give_up(self, received: Received) -> None:
        await patience.write(self._house, worn_out(self._house, received.event))
        self._next(received.lane)

    async def _end(self, heard: Heard, received: Received) -> None:
        """What began when it was heard."""
        if await heard.over():
            self._take_up(received, heard.effect)
        else:
            await self._handle(received)

    async def _handle(self, received: Received) -> None:
        behind = self._early.before(received)  # nothing is thought about, and paid for, in vain
        self._take_up(received, None if behind else await self._handled(received.event))

    async def _handled(self, event: Event) -> Effect | None:
        if await self._is_early(event):
            return None
        try:
            return await flow.handle(self._house, event)
        except Exception as error:  # noqa: BLE001 - one event must not end the others; it is said in its thread
            return broken(self._house, event, error)

    async def _is_early(self, event: Event) -> bool:
        """Whether it is about a message whose reference may be noted any moment: a card that is still being posted."""
        if self._early.is_none(event):
            return False
        return await patience.read(self._house, lambda c: unposted(c, event))

    async def wait_for_cards(self) -> None:
        """For ever: whenever references were noted, early votes are looked at again. They stay in the inbox meanwhile."""
        while True:
            if not self._early:
                await self._house.bus.wait("early", LOOK)
                continue
            await self._house.bus.wait("noted", LOOK)
            ready = await patience.read(self._house, self._early.ready)
            self._early.leave(ready)
            self.offer(ready, counted=True)

    def _take_up(self, received: Received, effect: Effect | None) -> None:
        if effect is None or self._early.before(received):
            self._early.add(received)
            self._house.bus.wake("early")
            self._next(received.lane)
            return
        self._early.over(received)
        if not self._effects:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._effects.append((received, effect))

    def _hand_over(self) -> None:
        effects, self._effects = self._effects, []
        self._group.create_task(self._commit(effects))

    async def _commit(self, effects: list[tuple[Received, Effect]]) -> None:
        """All effects that are ready, each in its own savepoint; then what follows from them."""
        writes: list[Callable[[Connection], Any]] = [
            _done(each, effect) for each, effect in effects
        ]
        due = self._follow.claim(each.event.account.instance for each, _ in effects)
        *results, last = await patience.write_all(self._house, [*writes, due])
        for (received, _), result in zip(effects, results, strict=True):
            if isinstance(result, Raised):
                await self._say_instead(received, result.error)
            self._next(received.lane)
        if isinstance(last, Due):
            self._follow.begin((), last)

    async def _say_instead(self, received: Received, error: BaseException) -> None:
        """What could not be committed as it was, such as a change of a plan that was approved meanwhile."""
        effect = broken(self._house, received.event, error)
        try:
            await patience.write(self._house, _done(received, effect))
        except Exception:  # as in `_counted`
            log.exception("event %s could not be ended", received.event.id)
        self._house.bus.wake(f"outbox {received.event.account.instance}")

    def _next(self, lane: str) -> None:
        received = self._lanes.leave(lane)
        if received is not None:
            self._start((received,))
        else:
            self._house.bus.wake("settled")


def _is_suspect(received: Received) -> bool:
    """Whether it was under way when the process died. A vote waits for nobody, and needs little thought."""
    return received.attempts > 0 and received.lane != VOTES


def _done(received: Received, effect: Effect) -> Effect:
    def commit(connection: Connection) -> None:
        effect(connection)
        inbox.done(connection, received.id)

    return commit
