"""A request of several roles: split, planned part by part by specialists, joined into one plan. Used by `bot.planner.model`.

Parts that need nothing of each other are planned side by side, the others one after the other; what the parts come to is one plan
with one approval. What is missing anywhere is one question, what nobody can do refuses the whole.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from bot.model.errors import ParleyError
from bot.model.llm import Reply
from bot.model.plans import Draft
from bot.model.ports import Idea, Request, Unclear, Unknown, Wanted
from bot.model.roles import Role
from bot.planner import parts
from bot.planner.asking import Answered
from bot.planner.briefs import Earlier
from bot.planner.offline import listed
from bot.planner.parts import Member, Part
from bot.planner.picks import Wrong, same
from bot.planner.prompt import MOST_STEPS
from bot.planner.session import ASK_AGAIN, Session
from bot.planner.specialist import SUPERVISOR, Specialist, renamed
from bot.planner.switchboard import Switchboard
from bot.planner.team import own_part

Division = Idea | tuple[Part, ...]


async def supervise(session: Session, request: Request, roles: Sequence[Role]) -> Idea:
    """The whole: split, plan, join. Raises TemporaryError, PermanentError."""
    division = await _divided(session, request, roles)
    if not isinstance(division, tuple):
        return division
    planned = await _planned(session, request, roles, division)
    return _joined(request, division, planned)


async def _divided(session: Session, request: Request, roles: Sequence[Role]) -> Division:
    members = [_member(session, request, role) for role in roles]
    read: Callable[[Reply], Division | Wrong] = partial(parts.read, team=members)
    asked = parts.division(request, members)
    answered: Answered[Division] | None = await session.ask(asked, read, session.listener)
    return Unclear("words", ASK_AGAIN) if answered is None else answered.found


def _member(session: Session, request: Request, role: Role) -> Member:
    own = own_part(request, role)
    titles = tuple(section.title for section in session.sections(own))
    return Member(role, tuple(agent.name for agent in (*own.agents, *own.others)), titles)


async def _planned(
    session: Session, request: Request, roles: Sequence[Role], division: Sequence[Part]
) -> dict[str, Idea]:
    """What each part came to, by name. Raises TemporaryError, PermanentError of the first that failed."""
    board = Switchboard((SUPERVISOR, *(role.name for role in roles)), session.clock)
    specialists = [
        Specialist(role, own_part(request, role), roles, session, board) for role in roles
    ]
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(each.work(group)) for each in specialists]
        results: dict[str, asyncio.Task[Idea | ParleyError]] = {}
        for number, part in enumerate(division, 1):
            before = [results[name] for name in parts.before(part, division)]
            work = _part(session, board, part, number, before)
            results[part.name] = group.create_task(work)
        done = dict(zip(results, await asyncio.gather(*results.values()), strict=True))
        for worker in workers:
            worker.cancel()
    failed = next((each for each in done.values() if isinstance(each, ParleyError)), None)
    if failed is not None:
        raise failed
    return {name: each for name, each in done.items() if not isinstance(each, ParleyError)}


async def _part(
    session: Session,
    board: Switchboard,
    part: Part,
    number: int,
    before: Sequence[asyncio.Task[Idea | ParleyError]],
) -> Idea | ParleyError:
    """One part, when those before it are planned. Where one of them came to no plan, neither does this."""
    ideas = [await each for each in before]
    stuck = next((idea for idea in ideas if not isinstance(idea, Wanted)), None)
    if stuck is not None:
        return stuck
    drafts = [draft for idea in ideas if isinstance(idea, Wanted) for draft in idea.drafts]
    found = ((draft, session.catalogue.section(draft.section)) for draft in drafts)
    earlier = tuple(Earlier(draft, section) for draft, section in found if section)
    result = await board.ask(
        SUPERVISOR, part.specialist, "task", task=part.task, part=number, earlier=earlier
    )
    answer: Idea | ParleyError = result.payload.get("error") or result.payload["idea"]
    return answer


def _joined(request: Request, division: Sequence[Part], planned: Mapping[str, Idea]) -> Idea:
    """One plan of all parts; or the first question, or refusal, of any."""
    for idea in planned.values():
        if isinstance(idea, Unclear) and len(planned) > 1:
            return Unclear("words", idea.text, idea.choices)
        if not isinstance(idea, Wanted):
            return idea
    steps = {name: idea.drafts for name, idea in planned.items() if isinstance(idea, Wanted)}
    drafts = [draft for part in division for draft in _after(part, steps)]
    if len(drafts) > MOST_STEPS:
        return Unknown(f"That is more than {MOST_STEPS} steps. Ask for less at once.")
    addressed = [agent.name for agent in request.agents]
    if not any(draft.agent in addressed for draft in drafts):
        return Unknown(f"{listed(addressed)} cannot do that. Name who shall.")
    return Wanted(tuple(_renumbered(drafts)))


def _after(part: Part, steps: Mapping[str, Sequence[Draft]]) -> Iterable[Draft]:
    """The steps of a part; those that begin it wait for all steps of the parts before it."""
    before = tuple(draft.id for name in part.after for draft in steps[name])
    own = {draft.id for draft in steps[part.name]}
    for draft in steps[part.name]:
        begins = not own & {*draft.needs, *(each.step for each in draft.outputs.values())}
        yield replace(draft, needs=(*draft.needs, *before)) if begins else draft


def _renumbered(drafts: Sequence[Draft]) -> list[Draft]:
    """Steps called 1, 2 …; what two specialists planned alike is there once."""
    first: dict[str, Draft] = {}
    names: dict[str, str] = {}
    for draft in drafts:
        waits = {names.get(each, each) for each in draft.needs}
        twin = next(
            (
                each
                for each in first.values()
                if same(each, draft) and waits <= {names.get(need, need) for need in each.needs}
            ),
            None,
        )
        if twin is None:
            first[draft.id] = draft
            names[draft.id] = str(len(first))
        else:
            names[draft.id] = names[twin.id]
    return [renamed(draft, names) for draft in first.values()]
