"""⏸ and ▶ on a card, or `hold` and `resume`: a plan that somebody holds begins nothing, and a run that is under way stops before
its next command. Votes on a held plan count, and its time goes on. Called by the press and command cases."""

from typing import Literal

from sqlalchemy import Connection

from approvals import gate
from bot.cases.entitled import entitled, recorded, told
from bot.house import House
from bot.model import plans as plan_model
from bot.model.approvals import Mark
from bot.model.events import Event
from bot.model.ids import short
from bot.store import marks, plans, runs
from bot.store.plan_rows import Stored

Way = Literal["reaction", "click", "typed"]


def hold(connection: Connection, house: House, event: Event, stored: Stored, way: Way) -> None:
    """Hold it, by a requester or anybody who could approve it."""
    person = entitled(connection, house, event, stored, "hold", gate.may_stop)
    if person is None:
        return
    why = _too_late(connection, stored)
    if why:
        told(connection, house, event, stored, f"Plan {short(stored.plan.id)} {why}")
        return
    mark = Mark("hold", person.name, event.account, house.clock.now(), way)
    if not marks.put(connection, stored.plan.id, stored.plan.revision, mark):
        # A reaction may be heard again after a restart: only what was said on purpose is answered.
        if way != "reaction":
            told(
                connection, house, event, stored, f"You hold plan {short(stored.plan.id)} already."
            )
        return
    recorded(connection, house, event, stored, "plan held", {"way": way})
    _keep_back(connection, house, stored)


def _too_late(connection: Connection, stored: Stored) -> str:
    """Why holding would change nothing; "" where it would."""
    if stored.state in plan_model.ENDS:
        return f"is {stored.state.replace('_', ' ')}: there is nothing to hold."
    if stored.state in {"in_doubt", "waiting"}:
        return "waits for an answer, so nothing runs. 🛑 ends it."
    run = runs.newest(connection, stored.plan.id, stored.plan.revision)
    undoing = bool(stored.plan.undoes and run and (run.owner or run.state != "queued"))
    if stored.state == "rolling_back" or undoing:
        return "is being rolled back, and that is not held."
    return ""


def _keep_back(connection: Connection, house: House, stored: Stored) -> None:
    """What has not begun does not begin. What has begun is seen by the runner before its next command."""
    plan, run = stored.plan, runs.newest(connection, stored.plan.id, stored.plan.revision)
    if stored.state == "pending" or (run is not None and runs.forget(connection, run.id)):
        plans.advance(connection, plan.id, "held", at=house.clock.now())
    else:
        plans.touch(connection, plan.id)


def release(connection: Connection, house: House, event: Event, stored: Stored) -> None:
    """▶ or `resume`: nobody holds it any more."""
    person = entitled(connection, house, event, stored, "resume", gate.may_stop)
    if person is None:
        return
    plan, now = stored.plan, house.clock.now()
    if not marks.take_off(connection, plan.id, plan.revision, "hold", at=now):
        told(connection, house, event, stored, f"Plan {short(plan.id)} is not held.")
        return
    recorded(connection, house, event, stored, "plan resumed")
    _go_on(connection, house, stored)


def taken_off(connection: Connection, house: House, event: Event, stored: Stored) -> None:
    """⏸ is no longer on the card: whoever had put it there no longer holds the plan."""
    person = house.people.who(event.account)
    plan, now = stored.plan, house.clock.now()
    if person is None or not marks.take_off(
        connection, plan.id, plan.revision, "hold", person.name, way="reaction", at=now
    ):
        return
    recorded(connection, house, event, stored, "hold ended")
    if marks.holders(connection, plan.id, plan.revision):
        plans.touch(connection, plan.id)
    else:
        _go_on(connection, house, stored)


def _go_on(connection: Connection, house: House, stored: Stored) -> None:
    """Back to what it was: under way, waiting for votes, or approved and in line again, where the claim looks at everything."""
    plan, now = stored.plan, house.clock.now()
    run = runs.newest(connection, plan.id, plan.revision)
    if stored.state != "held":
        plans.touch(connection, plan.id)
    elif run is not None:
        runs.advance(connection, run.id, "running", at=now)
    elif stored.approval == "approved":
        plans.advance(connection, plan.id, "approved", at=now)
        runs.create(connection, plan, now)
    else:
        plans.advance(connection, plan.id, "pending", at=now)
