"""↩️ on a result or its card, or `undo`: a new plan that rolls back what a run did, with a card and an approval of its own. Called by
the press, command and reply cases.

Nothing outside is looked at: the commands are those that the first plan's card had promised, and the target's identity
is looked at before they run. So all of it is one transaction, and two presses make one plan.
"""

from collections.abc import Sequence

from msgspec.structs import replace
from sqlalchemy import Connection

from approvals import gate
from bot.cases.compose import Composed
from bot.cases.entitled import entitled, recorded, told
from bot.cases.keep import keep
from bot.execution.work import beyond_undoing, left_behind
from bot.house import House
from bot.model import plans as plan_model
from bot.model.approvals import Follow
from bot.model.events import Event
from bot.model.ids import new_id, short
from bot.model.plans import Plan, Step, digest
from bot.model.runs import Attempt
from bot.model.sections import Refusal
from bot.report.actions import capability
from bot.store import follows, plans, runs
from bot.store.documents import dump
from bot.store.plan_rows import Stored


def undo(connection: Connection, house: House, event: Event, stored: Stored) -> None:
    """Ask for the roll back, by whoever could approve the plan."""
    person = entitled(connection, house, event, stored, "undo", gate.may_redo)
    if person is None:
        return
    made = _unfit(connection, stored) or _made(connection, house, stored, person.name)
    if isinstance(made, Refusal):
        told(connection, house, event, stored, f"Plan {short(stored.plan.id)} {made.why}")
        data = {"action": "undo", "rule": made.rule}
        recorded(connection, house, event, stored, "not counted", data)
        return
    keep(connection, house, made, event.account)
    follow = Follow("undo", made.plan.id, person.name, house.clock.now())
    follows.add(connection, stored.plan.id, stored.plan.revision, follow)
    plans.touch(connection, stored.plan.id)
    data = {"next": made.plan.id, "run": made.plan.undoes}
    recorded(connection, house, event, stored, "roll back asked", data)


def asked_already(connection: Connection, stored: Stored) -> str:
    """The plan that has grown out of this one and stands in the way of another, in words; "" for none."""
    follow = follows.newest(connection, stored.plan.id, stored.plan.revision)
    if follow is None:
        return ""
    state = plans.state(connection, follow.plan)
    if state not in plan_model.ENDS:
        return f"is asked about already: look at plan {short(follow.plan)}."
    if follow.kind == "again" and state == "done":
        return f"was done after all by plan {short(follow.plan)}."
    return ""


def _unfit(connection: Connection, stored: Stored) -> Refusal | None:
    state = stored.state.replace("_", " ")
    if stored.plan.undoes:
        return Refusal("undo", "is a roll back itself. Ask for the change again.")
    if stored.state not in plan_model.ENDS:
        return Refusal("state", f"is {state}, not finished. 🛑 ends it.")
    if stored.state == "rolled_back":
        return Refusal("state", "is rolled back already.")
    if stored.state not in plan_model.UNDONE_LATER:
        return Refusal("state", f"is {state}: it has done nothing.")
    asked = asked_already(connection, stored)
    return Refusal("asked", asked) if asked else None


def _made(connection: Connection, house: House, stored: Stored, person: str) -> Composed | Refusal:
    plan, now = stored.plan, house.clock.now()
    run = runs.newest(connection, plan.id, plan.revision)
    done = runs.attempts_with_undoing(connection, run.id) if run is not None else ()
    left = left_behind(plan, done)
    stuck = beyond_undoing(left)
    if stuck:
        named = ", ".join(f"{capability(step.section)} on {step.agent.name}" for step in stuck)
        return Refusal("irreversible", f"cannot be rolled back: nothing undoes {named}.")
    if run is None or not left:
        return Refusal("nothing", "has left nothing behind that could be undone.")
    steps = _steps(house, plan, {step.id for step in left}, done)
    if isinstance(steps, Refusal):
        return Refusal(steps.rule, f"cannot be rolled back: {steps.why}")
    request = f"roll back plan {short(plan.id)}: {plan.request}"
    new = Plan(
        *(new_id(now), 1, request, (person,), plan.conversation, steps),
        undoes=run.id,
    )
    document = dump(new)
    asked = gate.request(new, digest(document), house.policy, house.people, now)
    return Composed(new, document, asked, {})


def _steps(
    house: House, plan: Plan, left: set[str], done: Sequence[Attempt]
) -> tuple[Step, ...] | Refusal:
    """Those steps with their agents as they are now and what others have put out for them, each as the guard lets it pass. No
    Preview is compared: what it showed was true before the change."""
    agents = {agent.name: agent for agent in house.agents}
    steps: list[Step] = []
    for step in plan.steps:
        if step.id not in left:
            continue
        agent = agents.get(step.agent.name)
        if agent is None:
            return Refusal("agent", f"there is no agent {step.agent.name} any more.")
        needs = tuple(each for each in step.needs if each in left)
        ready = house.runner.ready(plan, replace(step, agent=agent), done)
        if isinstance(ready, Refusal):
            return ready
        now = replace(ready, compared=None, needs=needs)
        refusal = house.guard.check(now)
        if refusal is not None:
            return refusal
        steps.append(now)
    return tuple(steps)
