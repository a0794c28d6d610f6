"""Plans that nobody decided in time. Called by a job of `bot.app`."""

from sqlalchemy import Connection

from bot.house import House
from bot.store import audit, plans


async def expire(house: House) -> None:
    """End what is overdue; the cards say so. A look first, so that nothing is written where there is nothing to do."""
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
