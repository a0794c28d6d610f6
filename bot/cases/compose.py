"""Drafts become a plan: targets resolved, every argv written out, guarded, looked at. Called by the request and reply cases.

What comes out is immutable; from here on only its bytes and their digest are used.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from approvals import gate
from bot.cases.graph import Joined, join
from bot.house import House
from bot.model.approvals import ApprovalRequest
from bot.model.people import Conversation
from bot.model.plans import Agent, Draft, Look, Plan, Step, digest
from bot.model.sections import Refusal, Rendered, Value
from bot.recheck import STOP
from bot.store import switches
from bot.store.documents import dump


class Composed(Struct, frozen=True):
    """A plan ready to be stored: its canonical bytes, what people are asked, and what its Previews showed."""

    plan: Plan
    document: bytes
    request: ApprovalRequest
    looks: dict[str, Look]

    @property
    def automatic(self) -> bool:
        """Nobody needs to be asked: it runs at once."""
        return not self.request.requirements


class Origin(Struct, frozen=True):
    """Whose words these are, and where: the parts of a plan that do not come from drafts."""

    id: str
    revision: int
    request: str
    requesters: tuple[str, ...]
    conversation: Conversation
    spoken: bool = False


async def compose(house: House, drafts: Sequence[Draft], origin: Origin) -> Composed | Refusal:
    """Raises TemporaryError where a target cannot be reached."""
    graph = join(drafts, house.catalogue.section)
    if isinstance(graph, Refusal):
        return graph
    steps: list[Step] = []
    for joined in graph:
        step = await _step(house, joined)
        if isinstance(step, Refusal):
            return step
        steps.append(step)
    stopped = await _stopped(house, steps)
    if stopped is not None:
        return stopped
    looks = await _look(house, steps)
    seen = tuple(
        replace(step, compared=looks[step.id][1]) if step.id in looks else step for step in steps
    )
    plan = Plan(
        id=origin.id,
        revision=origin.revision,
        request=origin.request,
        requesters=origin.requesters,
        conversation=origin.conversation,
        steps=seen,
        spoken=origin.spoken,
    )
    document = dump(plan)
    now = house.clock.now()
    request = gate.request(plan, digest(document), house.policy, house.people, now)
    shown = {
        step: Look(step, house.redactor.redact(text), now) for step, (text, _) in looks.items()
    }
    return Composed(plan, document, request, shown)


async def _step(house: House, joined: Joined) -> Step | Refusal:
    draft = joined.draft
    agent = next((each for each in house.agents if each.name == draft.agent), None)
    if agent is None:
        return Refusal("agent", f"There is no agent {draft.agent} any more. Ask again.")
    rendered = house.renderer.render(joined.section, draft.slots, agent, joined.outputs)
    if isinstance(rendered, Refusal):
        return rendered
    identity = await house.target_of(agent).identity()
    step = _filled(joined, agent, identity, *rendered)
    return house.guard.check(step) or step


def _filled(
    joined: Joined,
    agent: Agent,
    identity: str,
    slots: dict[str, Value],
    rendered: Rendered,
) -> Step:
    return Step(
        id=joined.name,
        agent=agent,
        identity=identity,
        section=joined.section,
        slots=slots,
        actions=rendered.actions,
        preview=rendered.preview,
        verify=rendered.verify,
        rollback=rendered.rollback,
        needs=joined.needs,
        outputs=joined.outputs,
    )


async def _stopped(house: House, steps: list[Step]) -> Refusal | None:
    """A Preview is a command too: after a stop it is not run."""
    if not any(step.preview for step in steps):
        return None
    why = await house.store.read(lambda connection: switches.why(connection, STOP))
    return (
        Refusal(STOP, f"{why}. Nothing new is run until somebody says `resume`.") if why else None
    )


async def _look(house: House, steps: list[Step]) -> dict[str, tuple[str, str | None]]:
    """The Previews of what will change something; a question needs no look before it looks."""
    wanted = [step for step in steps if step.preview]
    return await house.runner.look(wanted) if wanted else {}
