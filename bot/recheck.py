"""The look at the claim: people, rules, packs and the global stop, as they are now. Made by `bot.app`, asked by the runner
inside the transaction that claims."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from approvals import gate
from approvals.people import People
from approvals.policy import Policy
from bot.model.plans import Agent, Plan
from bot.model.ports import Catalogue, Clock
from bot.model.sections import Refusal
from bot.store import plans, switches, votes

STOP = "stop"
"""The switch of the global stop."""


def recheck(
    people: People,
    policy: Policy,
    catalogue: Catalogue,
    clock: Clock,
    agents: Sequence[Agent] | None = None,
) -> Callable[[Connection, Plan], Refusal | None]:
    """Why an approved plan may not begin now, or None. The rule `stale` means that it is stale. `agents` are those of
    the configuration; None: they are not looked at."""

    def check(connection: Connection, plan: Plan) -> Refusal | None:
        stopped = switches.why(connection, STOP)
        if stopped:
            return Refusal(STOP, f"{stopped}. Nothing new is run until somebody says `resume`.")
        request = plans.request(connection, plan.id, plan.revision)
        standing = votes.standing(connection, request.digest)
        return (
            gate.recheck(request, standing, people, policy, plan, clock.now())
            or _moved(plan, agents)
            or _changed(plan, catalogue)
        )

    return check


def _moved(plan: Plan, agents: Sequence[Agent] | None) -> Refusal | None:
    """An agent is what it was when people approved: neither less allowed nor somewhere else."""
    if agents is None:
        return None
    now = {agent.name: agent for agent in agents}
    for step in plan.steps:
        name = step.agent.name
        if name not in now:
            return Refusal("agent", f"There is no agent {name} any more. Ask again.")
        if now[name] != step.agent:
            return Refusal("stale", f"the configuration of {name} has changed since you saw it")
    return None


def _changed(plan: Plan, catalogue: Catalogue) -> Refusal | None:
    """A section is what it was. Not so for a roll back: only the Rollback that people approved undoes what was done by it."""
    if plan.undoes:
        return None
    for step in plan.steps:
        current = catalogue.section(step.section.id)
        if current is None or current.hash != step.section.hash:
            return Refusal("stale", f"the section {step.section.id} has changed since you saw it")
    return None
