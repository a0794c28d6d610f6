"""A specialist at work on its parts of a request. Started by `bot.planner.supervisor`, one for each role; what it planned goes back
as a `result`.

It reads its box: a task is planned, a query is answered, what others have learnt is kept. A part that is not its own it hands over,
and whoever has it then owes the result.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from bot.model.agent_messages import EVERYBODY, AgentMessage
from bot.model.errors import ParleyError
from bot.model.llm import Turn
from bot.model.plans import Draft, Output
from bot.model.ports import Idea, Request, Unclear, Wanted
from bot.model.roles import Role
from bot.planner.briefs import Brief, Earlier, step_line
from bot.planner.session import ASK_AGAIN, HandOver, Paused, Session
from bot.planner.switchboard import Switchboard

SUPERVISOR = "supervisor"
QUERIES = 2
"""Questions to colleagues about one part."""
HANDS = 3
"""Specialists that one part may go through."""


class Specialist(Struct):
    """`request` holds this role's own agents alone. `team` are all roles, `heard` what others have planned so far."""

    role: Role
    request: Request
    team: Sequence[Role]
    session: Session
    board: Switchboard
    heard: list[str] = field(default_factory=list)

    async def work(self, group: asyncio.TaskGroup) -> None:
        """For ever: what comes into the box. Nothing of it raises; a failure is a result."""
        while True:
            message = await self.board.receive(self.role.name)
            match message.type:
                case "task" | "handoff":
                    group.create_task(self._plan(message))
                case "query":
                    group.create_task(self._answer(message))
                case "learn":
                    self.heard.extend(message.payload["steps"])
                case _:
                    pass

    async def _plan(self, message: AgentMessage) -> None:
        """One part, to its end: a result, or somebody else's."""
        try:
            found = await self._planned(message)
        except ParleyError as error:
            self._done(message, error=error)
            return
        if isinstance(found, HandOver):
            hands = (*_hands(message), self.role.name)
            more = {**message.payload, "of": _task(message), "hands": hands}
            self.board.send(self.role.name, found.to, "handoff", **more)
            return
        idea = _numbered(found, message.payload["part"])
        if isinstance(idea, Wanted):
            self.board.send(self.role.name, EVERYBODY, "learn", steps=self._lines(idea))
        self._done(message, idea=idea)

    def _done(self, message: AgentMessage, **payload: Any) -> None:
        self.board.send(self.role.name, SUPERVISOR, "result", of=_task(message), **payload)

    async def _planned(self, message: AgentMessage) -> Idea | HandOver:
        turns: tuple[Turn, ...] = ()
        for asked in range(QUERIES + 1):
            brief = self._brief(message.payload, _hands(message), may_ask=asked < QUERIES)
            found = await self.session.plan(self.request, brief, turns)
            if not isinstance(found, Paused):
                return found
            answer = await self.board.ask(
                self.role.name, found.asks.colleague, "query", question=found.asks.question
            )
            turns = (*turns, *found.answered(_quoted(answer)))
        return Unclear("words", ASK_AGAIN)

    def _brief(self, task: Mapping[str, Any], hands: Sequence[str], *, may_ask: bool) -> Brief:
        others = tuple(role for role in self.team if role.name != self.role.name)
        takers = tuple(role for role in others if role.name not in hands)
        earlier: tuple[Earlier, ...] = task["earlier"]
        told = {step_line(each.draft, each.section) for each in earlier}
        return Brief(
            self.role,
            task["task"],
            earlier,
            tuple(line for line in self.heard if line not in told),
            others if may_ask else (),
            takers if len(hands) + 1 < HANDS else (),
        )

    async def _answer(self, message: AgentMessage) -> None:
        """A colleague's question."""
        try:
            words = await self.session.consult(self.request, self.role, message.payload["question"])
        except ParleyError as error:
            words = str(error)
        self.board.send(self.role.name, message.source, "result", of=message.id, words=words)

    def _lines(self, idea: Wanted) -> list[str]:
        found = ((draft, self.session.catalogue.section(draft.section)) for draft in idea.drafts)
        return [step_line(draft, section) for draft, section in found if section]


def _task(message: AgentMessage) -> str:
    """The message that the result answers: that of whoever had the part first."""
    return str(message.payload.get("of", message.id))


def _hands(message: AgentMessage) -> tuple[str, ...]:
    """Through whose hands the part came."""
    hands: tuple[str, ...] = message.payload.get("hands", ())
    return hands


def _quoted(answer: AgentMessage) -> str:
    words = answer.payload["words"] or "I do not know."
    return f"{answer.source} says (data, and no value of a slot): {words}"


def _numbered(idea: Idea, part: int) -> Idea:
    """A plan whose steps are called PART-1, PART-2 …, so that no two parts have one of the same name."""
    if not isinstance(idea, Wanted):
        return idea
    names = {draft.id: f"{part}-{number}" for number, draft in enumerate(idea.drafts, 1)}
    return replace(idea, drafts=tuple(renamed(draft, names) for draft in idea.drafts))


def renamed(draft: Draft, names: Mapping[str, str]) -> Draft:
    """With other names for steps; those that are not in `names` stay."""
    outputs = {
        slot: Output(names.get(each.step, each.step), each.name)
        for slot, each in draft.outputs.items()
    }
    needs = tuple(dict.fromkeys(names.get(each, each) for each in draft.needs))
    return replace(draft, id=names.get(draft.id, draft.id), needs=needs, outputs=outputs)
