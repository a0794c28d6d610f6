"""Whether everything that was heard is done, run, shown and said. Asked by `bot.app` when the chats have ended, or at a stop."""

import asyncio
import logging
from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import Connection

from bot.house import House
from bot.loops.deliver import Delivery
from bot.loops.dispatch import Dispatch
from bot.loops.inquire import Inquirer
from bot.loops.speak import Speaker
from bot.loops.work import Work
from bot.model.errors import StoreError
from bot.store import investigations, outbox, plans, questions, runs

log = logging.getLogger(__name__)

PARTING = 10.0
"""Seconds that a stop waits for platforms to take what is still to be said."""
LOOK = 0.2
"""Seconds between two looks without being woken."""


class Rest(Struct, frozen=True):
    """Of the chats that are served here, by instance."""

    house: House
    dispatch: Dispatch
    work: Work
    deliveries: Mapping[str, Delivery]
    speaker: Speaker | None = None
    inquirer: Inquirer | None = None

    async def come(self, *, to_the_end: bool) -> None:
        """Wait for it: `to_the_end` however long it takes and also for what is queued, else for `PARTING` seconds at most;
        what is left then is in the store and goes on at the next start. A store that takes nothing any more is not waited
        for: StoreError is raised."""
        try:
            async with asyncio.timeout(None if to_the_end else PARTING):
                await self._come(to_the_end)
        except TimeoutError:
            log.warning("something is still to be said; it is kept for the next start")

    async def _come(self, to_the_end: bool) -> None:
        while self._busy() or await self.house.store.read(lambda c: self._left(c, to_the_end)):
            if not self.house.store.healthy:
                raise StoreError(
                    "The database takes nothing, so some of what was accepted is not done.",
                    "Mend it and start again: nothing is lost.",
                )
            await self.house.bus.wait("settled", LOOK)

    def _busy(self) -> bool:
        speaking = self.speaker is not None and self.speaker.busy
        asking = self.inquirer is not None and self.inquirer.busy
        return asking or self.dispatch.busy or self.work.busy or speaking

    def _left(self, connection: Connection, to_the_end: bool) -> bool:
        if plans.lagging(connection) or questions.waiting(connection):
            return True
        alive = [name for name, delivery in self.deliveries.items() if not delivery.dead]
        if any(outbox.undelivered(connection, instance) for instance in alive):
            return True
        return to_the_end and (runs.waiting(connection) or bool(investigations.running(connection)))
