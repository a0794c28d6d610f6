"""🔁 on a card that came to nothing, or `try again`: the same steps, rendered anew from the sections in force, as a new plan of
whoever pressed. Called by the press, command and reply cases."""

import asyncio

from sqlalchemy import Connection

from approvals import gate
from approvals.gate import NotCounted
from bot.cases.compose import Composed, Origin, compose
from bot.cases.entitled import entitled, recorded, told
from bot.cases.keep import keep
from bot.cases.renew import drafts
from bot.cases.rooms import agents_in
from bot.cases.undo import asked_already, undo
from bot.house import Effect, House
from bot.model import plans as plan_model
from bot.model.approvals import Follow
from bot.model.errors import ParleyError
from bot.model.events import Event
from bot.model.ids import new_id, short
from bot.model.sections import Refusal
from bot.store import follows, plans, runs
from bot.store.plan_rows import Stored

ACTION = "retry"
PATIENCE = 15.0
"""Seconds for the targets to be looked at: whoever pressed waits, and in the lane of votes others behind them."""


async def again(house: House, event: Event, stored: Stored) -> Effect:
    """Ask once more, by a requester or anybody who could approve it. What failed to be rolled back is rolled back again."""
    if stored.plan.undoes:
        return lambda connection: _undo_again(connection, house, event, stored)
    person = gate.may_stop(stored.request, event.account, house.people)
    why = await house.store.read(lambda connection: _unfit(connection, stored))
    if isinstance(person, NotCounted) or why:
        return lambda connection: _refuse(connection, house, event, stored, why, "state")
    composed = await _composed(house, stored, person.name)
    if isinstance(composed, Refusal):
        why, rule = f"cannot be tried again: {composed.why}", composed.rule
        return lambda connection: _refuse(connection, house, event, stored, why, rule)
    return lambda connection: _ask(connection, house, event, stored, composed)


async def _composed(house: House, stored: Stored, person: str) -> Composed | Refusal:
    plan, wanted = stored.plan, drafts(stored.plan)
    here = {agent.name for agent in agents_in(house, plan.conversation)}
    gone = [draft.agent for draft in wanted if draft.agent not in here]
    if gone:
        return Refusal("agent", f"{gone[0]} is not there for this room any more.")
    name = new_id(house.clock.now())
    origin = Origin(name, 1, plan.request, (person,), plan.conversation, plan.spoken)
    try:
        async with asyncio.timeout(PATIENCE):
            return await compose(house, wanted, origin)
    except TimeoutError:
        return Refusal("slow", f"nobody answered within {PATIENCE:.0f} s. Ask in words.")
    except ParleyError as error:
        return Refusal(error.reason, str(error))


def _unfit(connection: Connection, stored: Stored) -> str:
    """Why it is not to be tried again, behind its name; "" where it may be."""
    state = stored.state.replace("_", " ")
    if stored.superseded_by is not None:
        return f"has revision {stored.superseded_by}: look at its card."
    if stored.state == "done":
        return "is done: there is nothing to try again."
    if stored.state not in plan_model.ENDS:
        return f"is {state}, not finished."
    return asked_already(connection, stored)


def _refuse(
    connection: Connection, house: House, event: Event, stored: Stored, why: str, rule: str
) -> None:
    if entitled(connection, house, event, stored, ACTION, gate.may_stop) is None:
        return
    told(connection, house, event, stored, f"Plan {short(stored.plan.id)} {why}")
    data = {"action": ACTION, "rule": rule}
    recorded(connection, house, event, stored, "not counted", data)


def _ask(
    connection: Connection, house: House, event: Event, stored: Stored, composed: Composed
) -> None:
    """As everything is in this transaction: somebody else may have pressed in the same instant."""
    current = plans.fetch(connection, stored.plan.id, stored.plan.revision)
    why = _unfit(connection, current)
    if why:
        _refuse(connection, house, event, current, why, "asked")
        return
    person = entitled(connection, house, event, current, ACTION, gate.may_stop)
    if person is None:
        return
    keep(connection, house, composed, event.account)
    follow = Follow("again", composed.plan.id, person.name, house.clock.now())
    follows.add(connection, current.plan.id, current.plan.revision, follow)
    plans.touch(connection, current.plan.id)
    data = {"next": composed.plan.id}
    recorded(connection, house, event, current, "asked again", data)


def _undo_again(connection: Connection, house: House, event: Event, stored: Stored) -> None:
    """A roll back that came to nothing is asked for on the plan that it was to undo."""
    undone = runs.row(connection, stored.plan.undoes)
    undo(connection, house, event, plans.fetch(connection, undone.plan, undone.revision))
