"""Packs are read again when they change on disk, and the audit log says so. Called by a job of `bot.app`."""

import asyncio

from bot.house import House
from bot.store import audit


async def reload(house: House) -> None:
    """Looking at many packs takes a while, so a thread does it; the library swaps its whole content at once."""
    if await asyncio.to_thread(house.catalogue.reload):
        now = house.clock.now()
        await house.store.write(
            lambda connection: audit.record(connection, "packs changed", at=now)
        )
