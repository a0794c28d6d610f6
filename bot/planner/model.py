"""The planner with models: shortlist, question, picks, at most two corrections; then whoever is next, the offline planner last.
Called by `bot.cases.think` and `parley eval`; implements `ports.Planner`.

A model picks sections and fills slots. It never writes a command, and nothing that it says is run before people have approved
what the picks became.
"""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice, zip_longest

from bot.model.errors import ParleyError
from bot.model.llm import Reply
from bot.model.ports import (
    Catalogue,
    Clock,
    Idea,
    Planner,
    Renderer,
    Request,
    Unclear,
)
from bot.model.sections import Section
from bot.planner.asking import Answered, Bill, Listener, corrected
from bot.planner.offline import LONGEST
from bot.planner.picks import Wrong, read
from bot.planner.prompt import for_outside, prompt
from bot.planner.router import Provider, Router

SHORTLIST = 8
MOST_PARTS = 6
_JOINTS = re.compile(r"[,;.]\s|\b(?:and|then|und|dann|y|luego)\b", re.IGNORECASE)
_ASK_AGAIN = "I could not make a plan of that. Say it in other words, one wish at a time."

log = logging.getLogger(__name__)


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

    async def plan(self, request: Request, listener: Listener | None = None) -> Idea:
        """What the request comes to. `listener` hears an answer in words while it is being written. Raises nothing for what a provider
        does."""
        sections = self._shortlist(request)
        if not sections or len(request.text) > LONGEST or request.alone:
            return await self._without(request, request.alone, Bill())
        note, bill = request.private, Bill()
        for provider in self._router.allowed(private=bool(request.private)):
            try:
                shown = _open(sections, provider)
                idea = await self._ask(provider, request, shown, bill, listener)
            except ParleyError as error:
                log.warning("model %s: %s", provider.name, error)
                note = f"{provider.name} could not be asked: {error}"
                continue
            thought = replace(bill.thought, note=note, people=request.people)
            return replace(idea, thought=thought)
        return await self._without(request, note, bill)

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

    async def _ask(
        self,
        provider: Provider,
        request: Request,
        sections: Sequence[Section],
        bill: Bill,
        listener: Listener | None,
    ) -> Idea:
        """One provider's idea. Raises TemporaryError, PermanentError."""
        if not provider.local:
            request = for_outside(request)
        question, offered = prompt(request, sections)
        read_as: Callable[[Reply], Idea | Wrong] = partial(
            read, request=request, offered=offered, renderer=self._renderer
        )
        answered: Answered[Idea] | None = await corrected(
            self._router, self._clock, provider, question, read_as, bill, listener
        )
        return Unclear("words", _ASK_AGAIN) if answered is None else answered.found

    async def _without(self, request: Request, note: str, bill: Bill) -> Idea:
        """The offline planner knows no conversation: what answers a question is read together with what was asked for."""
        text = f"{request.before} {request.text}".strip()
        idea = await self._offline.plan(replace(request, text=text))
        # Whoever gave up on the way was paid for it, but the idea is nobody's outside.
        thought = replace(bill.thought, provider="", note=note)
        return replace(idea, thought=thought)


def _parts(text: str) -> list[str]:
    """The wishes of a sentence that holds several; none where there is one alone."""
    parts = [part.strip() for part in _JOINTS.split(text[:LONGEST]) if part and part.strip()]
    return parts[:MOST_PARTS] if len(parts) > 1 else []


def _open(sections: Sequence[Section], provider: Provider) -> list[Section]:
    """Sections of a pack that is for home only are shown to nobody outside."""
    return [each for each in sections if provider.local or not each.private]
