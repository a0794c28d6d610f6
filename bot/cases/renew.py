"""A new revision of a plan from the same words, because what it was made from has changed. Called by `bot.loops.work`."""

import logging

from bot.cases.compose import Origin, compose
from bot.cases.keep import keep
from bot.house import House
from bot.model.errors import ParleyError
from bot.model.plans import Draft, Output, Plan
from bot.model.sections import Refusal
from bot.store.plan_rows import Stored

log = logging.getLogger(__name__)


def drafts(plan: Plan) -> tuple[Draft, ...]:
    """What the planner had decided: without the slots that the agent fills. The steps keep their names."""
    return tuple(
        Draft(
            step.agent.name,
            step.section.id,
            {
                name: value
                for name, value in step.slots.items()
                if not _of_agent(step.section.slot(name))
            },
            step.id,
            step.needs,
            {slot: Output(each.step, each.name) for slot, each in step.outputs.items()},
        )
        for step in plan.steps
    )


def _of_agent(slot: object) -> bool:
    return bool(getattr(slot, "from_agent", False))


async def revise(house: House, stored: Stored) -> None:
    """The next revision, pending; where it cannot be made, the stale card keeps its reason. A roll back is not made anew: what
    it was to undo has changed, and a person looks first."""
    plan = stored.plan
    if plan.undoes:
        return
    origin = Origin(
        plan.id, plan.revision + 1, plan.request, plan.requesters, plan.conversation, plan.spoken
    )
    try:
        composed = await compose(house, drafts(plan), origin)
        if isinstance(composed, Refusal):
            log.warning("plan %s is stale and is now refused: %s", plan.id, composed.why)
            return
        await house.store.write(
            lambda connection: keep(connection, house, composed, stored.account, stored)
        )
    except ParleyError as error:
        log.warning("plan %s is stale and could not be made again: %s", plan.id, error)
