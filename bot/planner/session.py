"""One provider planning for some agents: alone for the whole request, or as one of several specialists for a part of it. Used by
`bot.planner.model`, `bot.planner.supervisor` and `bot.planner.specialist`.

A specialist is shown its own agents and their packs only. What colleagues and the supervisor tell it is data: values come from
the person's words, as everywhere.
"""

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from bot.model.llm import Picked, Prompt, Reply, Returned, Said, Turn
from bot.model.ports import Answer, Catalogue, Clock, Idea, Renderer, Request, Unclear
from bot.model.roles import Role
from bot.model.sections import Section
from bot.planner import picks
from bot.planner.asking import Answered, Bill, Found, Listener, corrected
from bot.planner.briefs import COLLEAGUE, HAND_OVER, Brief, as_specialist
from bot.planner.picks import Wrong
from bot.planner.prompt import TELL, Offered, own_tools, prompt, said_last
from bot.planner.router import Provider, Router
from bot.planner.shortlist import shortlist

ASK_AGAIN = "I could not make a plan of that. Say it in other words, one wish at a time."

_CONSULTED = """\
A colleague who plans another part of the same request asks you something. Answer with tell_the_person, in at most three short \
sentences, from what is listed below and nothing else; say so if you do not know."""


class HandOver(Struct, frozen=True):
    """The part is somebody else's."""

    to: str
    why: str


class Query(Struct, frozen=True):
    """What a specialist asks a colleague before it plans. `call` is the pick's id."""

    colleague: str
    question: str
    call: str


class Paused(Struct, frozen=True):
    """A question to a colleague; `turns` is what the model said to come to it."""

    asks: Query
    turns: tuple[Turn, ...]

    def answered(self, words: str) -> tuple[Turn, ...]:
        """With what the colleague said."""
        return (*self.turns, Returned(((self.asks.call, words, False),)))


Move = Idea | HandOver | Query


class Session(Struct, frozen=True):
    """One provider, asked about one request. `bill` is what it costs; `listener` hears what is written for people, not what specialists
    say to each other."""

    catalogue: Catalogue
    renderer: Renderer
    router: Router
    clock: Clock
    provider: Provider
    bill: Bill
    listener: Listener | None = None

    def sections(self, request: Request) -> list[Section]:
        """What may be offered: of a pack that is for home only, nothing to anybody outside."""
        found = shortlist(self.catalogue, request)
        return [each for each in found if self.provider.local or not each.private]

    async def plan(
        self, request: Request, brief: Brief | None = None, turns: tuple[Turn, ...] = ()
    ) -> Idea | HandOver | Paused:
        """What it comes to. `turns` are questions to colleagues that were answered. Raises TemporaryError, PermanentError."""
        question, offered = prompt(request, self.sections(request), brief)
        question = replace(question, turns=(*question.turns, *turns))
        read_as: Callable[[Reply], Move | Wrong] = partial(
            self._read, request=request, offered=offered, brief=brief
        )
        answered: Answered[Move] | None = await self.ask(
            question, read_as, None if brief and brief.task else self.listener
        )
        if answered is None:
            return Unclear("words", ASK_AGAIN)
        if isinstance(answered.found, Query):
            reply = answered.reply
            said = (*turns, *answered.turns, Picked(reply.text, reply.calls))
            return Paused(answered.found, said)
        return answered.found

    async def consult(self, request: Request, role: Role, question: str) -> str:
        """A specialist's answer to a colleague; "" where it has none. Raises TemporaryError, PermanentError."""
        abilities = "\n".join(f"- {each.title}" for each in self.sections(request))
        words = (
            f"{said_last(request)}\n\nWhat they can do:\n{abilities}\n\nThe question:\n{question}"
        )
        tell = tuple(each for each in own_tools(tells=True) if each.name == TELL)
        system = as_specialist(_CONSULTED, role)
        asked = Prompt(system, tell, (Said("user", words),), must_pick=True)
        answered = await self.ask(asked, _told)
        return answered.found.text if answered and isinstance(answered.found, Answer) else ""

    async def ask(
        self,
        question: Prompt,
        read: Callable[[Reply], Found | Wrong],
        listener: Listener | None = None,
    ) -> Answered[Found] | None:
        """As `corrected`."""
        return await corrected(
            self.router, self.clock, self.provider, question, read, self.bill, listener
        )

    def _read(
        self, reply: Reply, request: Request, offered: Offered, brief: Brief | None
    ) -> Move | Wrong:
        own = [call for call in reply.calls if call.tool in {COLLEAGUE, HAND_OVER}]
        if not own or brief is None:
            earlier = brief.steps if brief else ()
            found = picks.read(reply, request, offered, self.renderer, earlier)
            if isinstance(found, Answer) and brief and brief.task:
                what = "Nobody reads an answer in words here. Plan, ask or refuse."
                return Wrong(tuple((each.id, what) for each in reply.calls))
            return found
        call, names = own[0], _names(brief, own[0].tool)
        to = picks.sentence(call.arguments, "Colleague")
        if len(reply.calls) > 1:
            return Wrong(
                tuple((each.id, "Ask or hand over alone, before you plan.") for each in reply.calls)
            )
        if to not in names:
            return Wrong(((call.id, f"Colleague is one of {', '.join(names) or 'nobody'}."),))
        if call.tool == HAND_OVER:
            return HandOver(to, picks.sentence(call.arguments, "Why"))
        question = picks.sentence(call.arguments, "Question")
        return (
            Query(to, question, call.id)
            if question
            else Wrong(((call.id, "The question is empty."),))
        )


def _names(brief: Brief, tool: str) -> list[str]:
    roles: Sequence[Role] = brief.colleagues if tool == COLLEAGUE else brief.takers
    return [role.name for role in roles]


def _told(reply: Reply) -> Idea | Wrong:
    return picks.no_plan(reply) or Wrong(tuple((call.id, f"Use {TELL}.") for call in reply.calls))
