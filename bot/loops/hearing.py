"""What one chat heard at once, on its way into the store. Made and read by `bot.loops.dispatch`."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Connection

from bot.house import Effect
from bot.loops.early import about
from bot.loops.follow import Due
from bot.loops.lanes import Lanes
from bot.loops.share import share
from bot.model.events import Event, First, Message
from bot.store import inbox
from bot.store.inbox import Received

Handle = Callable[[Event], Coroutine[Any, Any, Effect | None]]
"""What an event comes to; None when it came before the message it is about."""


class Heard(Struct):
    """One event. It is `begun` where its lane was free: its first attempt, now or once it is stored. `handling` is the
    task that is at it and at nothing else after it; `thought` is true once it came to its `effect`, which is None when the event came
    before the message it is about. The transaction sets `answered` where the effect went in with the event, and `received` where
    the event alone did; an event that was stored before has neither."""

    event: Event
    data: bytes
    lane: str
    begun: bool = False
    handling: asyncio.Task[None] | None = None
    thought: bool = False
    effect: Effect | None = None
    answered: bool = False
    received: Received | None = None

    @property
    def stored(self) -> bool:
        """Whether it was stored now: a redelivery is not."""
        return self.answered or self.received is not None

    @property
    def started(self) -> bool:
        """Whether somebody is at it, or has been."""
        return self.thought or self.handling is not None

    async def think(self, handle: Handle) -> None:
        self.handling = asyncio.current_task()
        self.effect = await handle(self.event)
        self.handling, self.thought = None, True

    async def over(self) -> bool:
        """Wait for what is at it. Whether it came to something."""
        if self.handling is not None:
            await asyncio.wait((self.handling,))
        return self.thought


class Hearing(Struct, frozen=True):
    """`cursor` and `first` as in `Batch`."""

    instance: str
    heard: tuple[Heard, ...]
    cursor: str | None
    at: datetime
    first: First

    @classmethod
    def of(
        cls, instance: str, events: Sequence[Event], cursor: str | None, at: datetime, first: First
    ) -> "Hearing":
        heard = tuple(Heard(*inbox.storable(event)) for event in events)
        return cls(instance, heard, cursor, at, first)

    def begin(self, lanes: Lanes, apart: Callable[[Event], bool]) -> None:
        """Take the lanes that are free for what does not stand `apart`, nor behind words that do."""
        behind: set[str] = set()
        for each in self.heard:
            stands = apart(each.event) or about(each.event) in behind
            if stands and isinstance(each.event, Message):
                behind.add(about(each.event))  # nothing of its thread overtakes it
            each.begun = not stands and lanes.take(each.lane)

    async def think(self, group: asyncio.TaskGroup, handle: Handle) -> None:
        """Handle what is begun, in tasks of `group`. What needs nothing but thought has its effect after this."""
        begun = self.begun
        share(group, (partial(each.think, handle) for each in begun))
        for _ in begun:  # each turn begins one that has to wait, or all that are left
            if begun[-1].started:
                break
            await asyncio.sleep(0)

    def writes(self, follow: Callable[[Connection], Due]) -> list[Callable[[Connection], Any]]:
        """For one transaction: each event with its effect where there is one; then, as the last, the others and the cursor, with
        what follows from effects.

        An effect that fails takes its event back with it; then the event goes in alone, and its effect is tried once more."""
        answers = [self._answer(each, each.effect) for each in self.heard if each.effect]
        return [*answers, partial(self._rest, follow=follow if answers else None)]

    def _answer(self, each: Heard, effect: Effect) -> Callable[[Connection], None]:
        def answer(connection: Connection) -> None:
            if self._put(connection, each, "done"):
                effect(connection)
                each.answered = True

        return answer

    def _put(
        self, connection: Connection, each: Heard, state: Literal["waiting", "handling", "done"]
    ) -> Received | None:
        where = (self.instance, each.event, each.data, each.lane, self.at)
        return inbox.put(connection, *where, state)

    @property
    def begun(self) -> list[Heard]:
        """Whose first attempt this is."""
        return [each for each in self.heard if each.begun]

    @property
    def taken(self) -> list[Event]:
        """What of that is stored."""
        return [each.event for each in self.begun if each.stored]

    def lose(self) -> None:
        """What went in alone was taken back."""
        for each in self.heard:
            each.received = None

    def _rest(
        self, connection: Connection, follow: Callable[[Connection], Due] | None
    ) -> Due | None:
        for each in self.heard:
            if not each.answered:
                each.received = self._put(connection, each, "handling" if each.begun else "waiting")
        inbox.move(connection, self.instance, self.cursor, self.at)
        return follow(connection) if follow is not None else None


def costs(event: Event) -> bool:
    """Whether something is fetched and paid for: that begins once it is stored, so that a redelivery costs nothing."""
    return isinstance(event, Message) and bool(event.files)
