"""🛑 on a card, or `cancel`: a pending plan is withdrawn, a running one ends before its next command. Called by the vote and
command cases."""

from sqlalchemy import Connection

from approvals import gate
from approvals.gate import NotCounted
from bot.cases.entitled import entitled, recorded, told
from bot.house import Effect, House, nothing
from bot.model import plans as plan_model
from bot.model.events import Event
from bot.model.ids import short
from bot.store import plans, runs
from bot.store.plan_rows import Stored

_UNBEGUN = frozenset({"pending", "held"})


async def cancel(house: House, event: Event, stored: Stored) -> Effect:
    """By a requester, or anybody who could approve it."""
    person = gate.may_stop(stored.request, event.account, house.people)
    if isinstance(person, NotCounted):
        return lambda connection: _refused(connection, house, event, stored)
    if stored.state in plan_model.ENDS:
        words = f"Plan {short(stored.plan.id)} is {stored.state.replace('_', ' ')}: there is nothing to cancel."
        return lambda connection: told(connection, house, event, stored, words)
    name = person.name
    run = await house.store.read(
        lambda connection: runs.newest(connection, stored.plan.id, stored.plan.revision)
    )
    if run is None and stored.state in _UNBEGUN:
        return lambda connection: _withdrawn(connection, house, event, stored, name)
    if run is None:
        return nothing
    if await house.runner.cancel(run.id):
        return lambda connection: recorded(connection, house, event, stored, "plan cancelled")
    words = f"Plan {short(stored.plan.id)} can no longer be cancelled: it has just ended, or is being rolled back."
    return lambda connection: told(connection, house, event, stored, words)


def _refused(connection: Connection, house: House, event: Event, stored: Stored) -> None:
    entitled(connection, house, event, stored, "cancel", gate.may_stop)


def _withdrawn(
    connection: Connection, house: House, event: Event, stored: Stored, person: str
) -> None:
    now = house.clock.now()
    current = plans.fetch(connection, stored.plan.id, stored.plan.revision)
    run = runs.newest(connection, stored.plan.id, stored.plan.revision)
    if run is not None or current.state not in _UNBEGUN:
        words = f"Plan {short(stored.plan.id)} was {current.state.replace('_', ' ')} a moment ago. Cancel it again if you want."
        told(connection, house, event, stored, words)
        return
    plans.settle_approval(connection, current, "cancelled", by=person, at=now)
    plans.advance(connection, stored.plan.id, "cancelled", at=now)
    recorded(connection, house, event, stored, "plan cancelled")
