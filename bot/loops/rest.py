"""Whether everything that was heard is done, run, shown and said. Asked by `bot.app` when the chats have ended, or at a stop."""

from dataclasses import dataclass

from sqlalchemy import Connection

from bot.house import House
from bot.loops.dispatch import Dispatch
from bot.loops.work import Work
from bot.model.errors import StoreError
from bot.store import outbox, plans, questions, runs

LOOK = 0.2
"""Seconds between two looks without being woken."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Of the chats `instances`, which are served here."""

    house: House
    dispatch: Dispatch
    work: Work
    instances: tuple[str, ...]

    async def come(self, *, to_the_end: bool) -> None:
        """Wait for it; `to_the_end` also for what is queued. A store that takes nothing any more is not waited for:
        then StoreError is raised, and what was accepted waits for the next start."""
        while self._busy() or await self.house.store.read(lambda c: self._left(c, to_the_end)):
            if not self.house.store.healthy:
                raise StoreError(
                    "The database takes nothing, so some of what was accepted is not done.",
                    "Mend it and start again: nothing is lost.",
                )
            await self.house.bus.wait("settled", LOOK)

    def _busy(self) -> bool:
        return self.dispatch.busy or bool(self.work.going)

    def _left(self, connection: Connection, to_the_end: bool) -> bool:
        if plans.lagging(connection) or questions.unposted(connection):
            return True
        if any(outbox.undelivered(connection, instance) for instance in self.instances):
            return True
        waiting = runs.resumable(connection) if to_the_end else []
        return any(run not in self.work.blocked for run in waiting)
