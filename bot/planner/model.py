"""The planner with models: shortlist, question, picks, at most two corrections; then whoever is next, the offline planner last.
Called by `bot.cases.begin` and `parley eval`; implements `ports.Planner`.

A model picks sections and fills slots. It never writes a command, and nothing that it says is run before people have approved
what the picks became.
"""

import logging
import re
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import chain, islice, zip_longest

from bot.model.errors import ParleyError, PermanentError
from bot.model.llm import Prompt, Reply, Usage
from bot.model.ports import (
    Catalogue,
    Clock,
    Idea,
    Planner,
    Renderer,
    Request,
    Thought,
    Unclear,
)
from bot.model.sections import Section
from bot.planner.offline import LONGEST
from bot.planner.picks import Wrong, read, told
from bot.planner.prompt import Offered, for_outside, prompt
from bot.planner.router import Provider, Router

CORRECTIONS = 2
"""How often a model may mend its answer before the person is asked."""
SHORTLIST = 8
MOST_PARTS = 6
_JOINTS = re.compile(r"[,;.]\s|\b(?:and|then|und|dann|y|luego)\b", re.IGNORECASE)
_ASK_AGAIN = "I could not make a plan of that. Say it in other words, one wish at a time."

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Spent:
    """What one request has cost so far."""

    questions: int = 0
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)
    model: str = ""

    def add(self, reply: Reply, seconds: float) -> None:
        self.questions += 1
        self.seconds += seconds
        self.usage = total((self.usage, reply.usage))
        self.model = reply.model or self.model


class ModelPlanner:
    """`offline` plans where no model may or can."""

    def __init__(
        self,
        catalogue: Catalogue,
        renderer: Renderer,
        router: Router,
        offline: Planner,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._renderer = renderer
        self._router = router
        self._offline = offline
        self._clock = clock

    async def plan(self, request: Request) -> Idea:
        """What the request comes to. Raises nothing for what a provider does."""
        sections = self._shortlist(request)
        if not sections or len(request.text) > LONGEST or request.alone:
            return await self._without(request, request.alone)
        note = request.private
        for provider in self._router.allowed(private=bool(request.private)):
            try:
                idea = await self._ask(provider, request, _open(sections, provider))
            except ParleyError as error:
                log.warning("model %s: %s", provider.name, error)
                note = f"{provider.name} could not be asked: {error}"
                continue
            return _noted(idea, note)
        return await self._without(request, note)

    def _shortlist(self, request: Request) -> list[Section]:
        """Found by the words of this message, whole and part by part, then by those of the thread (`and on web2 too` has none of
        its own); what is left of the places goes to the first of each pack in turn: a model reads languages that search does
        not."""
        packs = tuple(
            dict.fromkeys(
                pack for agent in (*request.agents, *request.others) for pack in agent.packs
            )
        )
        said = [turn.text for turn in reversed(request.turns) if turn.role == "user"]
        now = (request.text, request.before, *_parts(request.text), *_parts(request.before))
        found = dict.fromkeys((*self._found(now, packs), *self._found(said, packs)))
        others = zip_longest(*(self._catalogue.sections((each,)) for each in packs))
        more = (each.id for each in chain.from_iterable(others) if each is not None)
        ids = dict.fromkeys((*found, *islice(more, 2 * SHORTLIST)))
        sections = (self._catalogue.section(id) for id in ids)
        return [each for each in sections if each is not None][:SHORTLIST]

    def _found(self, texts: Iterable[str], packs: Sequence[str]) -> list[str]:
        """The best of each text, then the second best of each, and so on."""
        wanted = dict.fromkeys(text[:LONGEST] for text in texts if text.strip())
        hits = [self._catalogue.search(text, SHORTLIST, packs) for text in wanted]
        return [hit.id for rank in zip_longest(*hits) for hit in rank if hit is not None]

    async def _ask(self, provider: Provider, request: Request, sections: Sequence[Section]) -> Idea:
        """One provider's idea. Raises TemporaryError, PermanentError."""
        if not provider.local:
            request = for_outside(request)
        question, offered = prompt(request, sections)
        spent = _Spent()
        try:
            idea = await self._corrected(provider, question, request, offered, spent)
        except ParleyError as error:
            self._router.failed(provider, error)
            raise
        self._router.answered(provider, spent.seconds, spent.usage.dollars)
        thought = Thought(
            provider.name,
            spent.model,
            spent.questions,
            spent.usage,
            spent.seconds,
            people=request.people,
        )
        return replace(idea, thought=thought)

    async def _corrected(
        self,
        provider: Provider,
        question: Prompt,
        request: Request,
        offered: Offered,
        spent: _Spent,
    ) -> Idea:
        for _ in range(1 + CORRECTIONS):
            before = self._clock.monotonic()
            reply = await whole(provider, question)
            spent.add(reply, self._clock.monotonic() - before)
            found = read(reply, request, offered, self._renderer)
            if not isinstance(found, Wrong):
                return found
            log.info("model %s is told what is wrong: %s", provider.name, found)
            question = replace(question, turns=(*question.turns, *told(reply, found)))
        return Unclear("words", _ASK_AGAIN)

    async def _without(self, request: Request, note: str) -> Idea:
        """The offline planner knows no conversation: what answers a question is read together with what was asked for."""
        text = f"{request.before} {request.text}".strip()
        return _noted(await self._offline.plan(replace(request, text=text)), note)


async def whole(provider: Provider, question: Prompt) -> Reply:
    """The whole answer; its pieces are of no use before it. Raises TemporaryError, PermanentError."""
    async with aclosing(provider.model.reply(question)) as pieces:  # type: ignore[type-var]  # reply is an async generator
        async for piece in pieces:
            if isinstance(piece, Reply):
                return piece
    what = f"{provider.name} ended without an answer."
    raise PermanentError(what, "Ask again.", reason="incomplete")


def total(usages: Sequence[Usage]) -> Usage:
    """All of them as one; the price of what is not known is not known."""
    prices = [each.dollars for each in usages]
    return Usage(
        fresh=sum(each.fresh for each in usages),
        kept=sum(each.kept for each in usages),
        written=sum(each.written for each in usages),
        dollars=None if None in prices else sum(price or 0.0 for price in prices),
    )


def _parts(text: str) -> list[str]:
    """The wishes of a sentence that holds several; none where there is one alone."""
    parts = [part.strip() for part in _JOINTS.split(text[:LONGEST]) if part and part.strip()]
    return parts[:MOST_PARTS] if len(parts) > 1 else []


def _open(sections: Sequence[Section], provider: Provider) -> list[Section]:
    """Sections of a pack that is for home only are shown to nobody outside."""
    return [each for each in sections if provider.local or not each.private]


def _noted(idea: Idea, note: str) -> Idea:
    return replace(idea, thought=replace(idea.thought, note=note)) if note else idea
