"""Which roles a request may need. Called by `bot.planner.model` and `bot.planner.inquiry`; what each sees of it flows on."""

from collections.abc import Sequence

from msgspec.structs import replace

from bot.model.plans import Agent
from bot.model.ports import Request
from bot.model.roles import GENERAL, Role
from bot.planner.shortlist import wishes


def team(request: Request) -> list[Role]:
    """The roles of the agents that may be needed. One wish to agents of one role is that role's alone."""
    everybody = _roles(request.roles, (*request.agents, *request.others))
    addressed = _roles(request.roles, request.agents)
    simple = request.others and not wishes(request.text) and not request.failure
    return addressed if simple and len(addressed) == 1 else everybody


def _roles(roles: Sequence[Role], agents: Sequence[Agent]) -> list[Role]:
    names = {agent.name for agent in agents}
    carried = [role for role in roles if names & set(role.agents)]
    rest = names - {name for role in roles for name in role.agents}
    return [*carried, Role(GENERAL, tuple(sorted(rest)))] if carried and rest else carried


def only_role(request: Request) -> Role | None:
    """The role of all the agents that it addresses; None where they have several, or none."""
    found = _roles(request.roles, request.agents)
    return found[0] if len(found) == 1 else None


def own_part(request: Request, role: Role) -> Request:
    """The request as this role's specialist sees it: with its own agents and nobody else's."""
    own = tuple(agent for agent in request.agents if agent.name in role.agents)
    others = tuple(agent for agent in request.others if agent.name in role.agents)
    return replace(request, agents=own or others, others=others if own else ())
