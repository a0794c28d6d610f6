"""What time alone brings about: plans expire, packs are read again, the audit log is sealed. Started by `bot.app`."""

import asyncio
import logging

from sqlalchemy import Connection

from bot.house import House
from bot.model.errors import ParleyError
from bot.store import audit, plans
from bot.store.seal import Sealer

log = logging.getLogger(__name__)

TICK = 1.0
"""Seconds between two looks at what has expired and which pack has changed."""
SEAL = 30
"""Ticks between two seals."""


async def tend(house: House, sealer: Sealer) -> None:
    """For ever. What fails is logged and tried again at the next tick."""
    tick = 0
    while True:
        await house.clock.sleep(TICK)
        tick += 1
        try:
            await _expire(house)
            # Reading many packs takes a while; the library swaps its whole content at once.
            await asyncio.to_thread(house.catalogue.reload)
            if tick % SEAL == 0:
                await sealer.seal()
        except ParleyError as error:
            log.warning("tending: %s", error)


async def _expire(house: House) -> None:
    now = house.clock.now()
    if await house.store.read(lambda connection: bool(plans.overdue(connection, now))):
        await house.store.write(lambda connection: _end(connection, house))
        house.bus.wake("cards")


def _end(connection: Connection, house: House) -> None:
    now = house.clock.now()
    for stored in plans.overdue(connection, now):
        plans.settle_approval(connection, stored, "expired", at=now)
        plans.advance(connection, stored.plan.id, "expired", at=now)
        audit.record(
            connection, "plan expired", at=now, subject=stored.plan.id, digest=stored.digest
        )
