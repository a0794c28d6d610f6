"""What every case knows of a card: how its post is named, and what it means that its plan is approved. Called by the keep and
vote cases, and by the loops that publish."""

from sqlalchemy import Connection

from bot.house import House
from bot.store import audit, plans, runs
from bot.store.plan_rows import Stored


def card_key(stored: Stored) -> str:
    """The outbox key of a revision's card."""
    return f"card/{stored.plan.id}/{stored.plan.revision}"


def subject_of(stored: Stored) -> str:
    """How a card's post names its plan: `plan:ID:REVISION`."""
    return f"plan:{stored.plan.id}:{stored.plan.revision}"


def approve(connection: Connection, stored: Stored, by: str, house: House) -> None:
    """The plan may run: it is queued in this very transaction, and the claim looks at everything again."""
    now = house.clock.now()
    plans.settle_approval(connection, stored, "approved", by=by, at=now)
    plans.advance(connection, stored.plan.id, "approved", at=now)
    runs.create(connection, stored.plan, now)
    audit.record(
        connection, "plan approved", at=now, person=by, subject=stored.plan.id, digest=stored.digest
    )
