"""🛑 on a card, or `cancel`: a pending plan is withdrawn, a running one ends before its next command. Called by the vote and
command cases."""

from sqlalchemy import Connection

from approvals import gate
from approvals.gate import NotCounted
from bot.cases import say
from bot.house import Effect, House, nothing
from bot.model import plans as plan_model
from bot.model.events import Event
from bot.model.ids import short
from bot.store import audit, plans, runs
from bot.store.plan_rows import Stored


async def asked(house: House, event: Event, subject: str) -> Effect:
    """`subject` names the card: `plan:ID:REVISION`."""
    _, plan, revision = subject.split(":")
    stored = await house.store.read(lambda connection: plans.fetch(connection, plan, int(revision)))
    return await cancel(house, event, stored)


async def cancel(house: House, event: Event, stored: Stored) -> Effect:
    """By a requester, or anybody who could approve it."""
    person = gate.may_stop(stored.request, event.account, house.people)
    where = stored.plan.conversation
    if isinstance(person, NotCounted):
        why = person.why
        return lambda connection: say.whisper(connection, event, where, why, house.clock.now())
    if stored.state in plan_model.ENDS:
        words = f"Plan {short(stored.plan.id)} is {stored.state.replace('_', ' ')}: there is nothing to cancel."
        return lambda connection: say.whisper(connection, event, where, words, house.clock.now())
    name = person.name
    if stored.state == "pending":
        return lambda connection: _withdrawn(connection, house, event, stored, name)
    run = await house.store.read(
        lambda connection: runs.of_plan(connection, stored.plan.id, stored.plan.revision)
    )
    if run is None:
        return nothing
    if await house.runner.cancel(run.id):
        return lambda connection: _recorded(connection, house, event, stored, name)
    words = f"Plan {short(stored.plan.id)} can no longer be cancelled: it has just ended, or is being rolled back."
    return lambda connection: say.whisper(connection, event, where, words, house.clock.now())


def _withdrawn(
    connection: Connection, house: House, event: Event, stored: Stored, person: str
) -> None:
    now = house.clock.now()
    current = plans.fetch(connection, stored.plan.id, stored.plan.revision)
    if current.state != "pending":
        words = f"Plan {short(stored.plan.id)} was {current.state.replace('_', ' ')} a moment ago. Cancel it again if you want."
        say.whisper(connection, event, stored.plan.conversation, words, now)
        return
    plans.settle_approval(connection, current, "cancelled", by=person, at=now)
    plans.advance(connection, stored.plan.id, "cancelled", at=now)
    _recorded(connection, house, event, stored, person)


def _recorded(
    connection: Connection, house: House, event: Event, stored: Stored, person: str
) -> None:
    audit.record(
        connection,
        "plan cancelled",
        at=house.clock.now(),
        person=person,
        account=event.account,
        subject=stored.plan.id,
        digest=stored.digest,
    )
