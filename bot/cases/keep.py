"""A composed plan is stored: its revision, what is asked, the audit row; and queued at once where nobody needs asking.

Called by the request, reply and renew cases inside the transaction of the event that led to it.
"""

from datetime import datetime

from sqlalchemy import Connection

from bot.cases.card import approve
from bot.cases.compose import Composed
from bot.house import House
from bot.model.errors import TransitionError
from bot.model.ids import short
from bot.model.people import Account
from bot.model.plans import Plan
from bot.model.sections import Risk
from bot.store import audit, plans
from bot.store.plan_rows import Stored


def keep(
    connection: Connection,
    house: House,
    composed: Composed,
    account: Account,
    previous: Stored | None = None,
    by: Account | None = None,
) -> None:
    """`account` is told the result; `previous` is the revision whose place this one takes, `by` whose words changed it.
    Raises TransitionError when that one can no longer be changed."""
    now = house.clock.now()
    plan = composed.plan
    if previous is not None:
        _supersede(connection, plan, previous, now)
    plans.save(
        connection,
        composed.document,
        composed.request,
        plan.conversation,
        account,
        composed.looks,
        quiet=composed.automatic and plan.risk is Risk.READ,
        at=now,
    )
    audit.record(
        connection,
        "plan made",
        at=now,
        person=plan.requesters[-1],
        account=by or account,
        subject=plan.id,
        digest=composed.request.digest,
        data={"revision": plan.revision, "risk": plan.risk, "agents": plan.agents},
    )
    if composed.automatic:
        approve(connection, plans.fetch(connection, plan.id, plan.revision), "", house)


def _supersede(connection: Connection, plan: Plan, previous: Stored, now: datetime) -> None:
    """As the previous one is in this transaction: it may have been approved since it was read."""
    current = plans.fetch(connection, plan.id, previous.plan.revision)
    if current.superseded_by is not None:
        raise TransitionError(
            f"Plan {short(plan.id)} has revision {current.superseded_by} already.",
            "Look at its newest card.",
        )
    plans.supersede(connection, current, plan.revision, at=now)
