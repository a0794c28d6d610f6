"""One request after the other through hub and planner, as `bot.cases.begin` does it. Called by `parley eval`.

What comes back is an `Outcome`: what the planner came to, whether that is right, and what it cost.
"""

from collections.abc import AsyncIterator, Callable
from typing import Literal

from msgspec import Struct, field

from bot import hub
from bot.evaluation.requests import Case, Requests, Step
from bot.model.errors import PermanentError, TemporaryError
from bot.model.llm import Usage
from bot.model.plans import Draft
from bot.model.ports import (
    Answer,
    Catalogue,
    Clock,
    Idea,
    Planner,
    Renderer,
    Request,
    Unclear,
    Unknown,
    Wanted,
)
from bot.model.sections import Refusal

Verdict = Literal["right", "asked", "refused", "wrong", "broken"]
"""`wrong`: a plan that nobody wanted. `asked`, `refused`: where a plan was expected. `broken`: the planner could not be asked."""

Came = Literal["plan", "question", "refused", "broken"]


PATIENCE = 5
"""Failures in a row after which a provider is waited for no more."""


class Outcome(Struct, frozen=True):
    """One case asked. `about` is what a question was about, `words` what was said to the person or what broke; `exact` is
    set where a negative came to what was expected and not only to something as harmless."""

    case: Case
    verdict: Verdict
    came: Came
    steps: tuple[Step, ...] = ()
    about: str = ""
    words: str = ""
    exact: bool = False
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)


class _Came(Struct, frozen=True):
    """An idea as far as it is judged."""

    came: Came
    steps: tuple[Step, ...] = ()
    about: str = ""
    words: str = ""


class Asking(Struct, frozen=True):
    """Everything a case is asked with. `provider` is the model to be asked, "" for a planner without one; `pause` the seconds
    until it may be asked again after failures."""

    planner: Planner
    catalogue: Catalogue
    renderer: Renderer
    clock: Clock
    provider: str = ""
    pause: Callable[[], float] = float

    async def all(self, requests: Requests) -> AsyncIterator[Outcome]:
        """Every case, in order, as it is answered. A provider that fails is waited for; one that never answers, or fails again
        and again, is asked no more, and the rest is left out."""
        answered, failed = False, 0
        for case in requests.cases:
            if (pause := self.pause()) > 0:
                if not answered or failed >= PATIENCE:
                    return
                await self.clock.sleep(pause)
            outcome = await self.one(case, requests)
            failed = failed + 1 if outcome.verdict == "broken" else 0
            answered = answered or not failed
            yield outcome

    async def one(self, case: Case, requests: Requests) -> Outcome:
        """Ask and judge."""
        start = self.clock.monotonic()
        try:
            idea = await self._idea(case.text, requests)
        except (TemporaryError, PermanentError) as error:
            took = self.clock.monotonic() - start
            return Outcome(case, "broken", "broken", words=str(error), seconds=took)
        took = self.clock.monotonic() - start
        found = self._read(idea, requests)
        verdict, exact = _judged(case, found)
        return Outcome(
            case,
            verdict,
            found.came,
            found.steps,
            found.about,
            found.words,
            exact,
            took,
            idea.thought.usage,
        )

    async def _idea(self, text: str, requests: Requests) -> Idea:
        """As `bot.cases.begin`. Raises TemporaryError, PermanentError."""
        match hub.route(text, requests.agents):
            case hub.Routed(agents=agents, text=rest):
                others = tuple(each for each in requests.agents if each not in agents)
                asked = Request(rest, agents, words=text, others=others)
                idea = await self.planner.plan(asked)
            case hub.Unsure(question=question, choices=choices):
                return Unclear("agent", question, choices, Draft("", ""))
            case hub.Nobody(why=why):
                return Unknown(why)
        if idea.thought.provider != self.provider:
            # Somebody else stood in: what he came to says nothing about the one who was to be asked.
            note = idea.thought.note or f"{self.provider} is left alone for a while."
            raise TemporaryError(note)
        return idea

    def _read(self, idea: Idea, requests: Requests) -> _Came:
        match idea:
            case Wanted(drafts=drafts):
                return self._planned(drafts, requests)
            case Unclear(kind=kind, text=text, slot=slot):
                return _Came("question", about=slot or kind, words=text)
            case Unknown(text=text) | Answer(text=text):
                return _Came("refused", words=text)

    def _planned(self, drafts: tuple[Draft, ...], requests: Requests) -> _Came:
        """Rendered, as a plan is: what cannot be is a refusal for the person, too."""
        agents = {agent.name: agent for agent in requests.agents}
        steps = []
        for draft in drafts:
            agent, section = agents.get(draft.agent), self.catalogue.section(draft.section)
            if agent is None or section is None or section.pack not in agent.packs:
                return _Came("refused", words=f"{draft.agent} has no {draft.section}.")
            result = self.renderer.render(section, draft.slots, agent, draft.outputs)
            if isinstance(result, Refusal):
                return _Came("refused", words=result.why)
            later = {name: output.words for name, output in draft.outputs.items()}
            steps.append(Step(agent.name, section.id, {**result[0], **later}))
        return _Came("plan", tuple(steps))


def _judged(case: Case, found: _Came) -> tuple[Verdict, bool]:
    """The verdict, and whether a negative came to exactly what was expected."""
    if found.came == "plan":
        same = bool(case.steps) and _sorted(case.steps) == _sorted(found.steps)
        return ("right", case.expect != "plan") if same else ("wrong", False)
    if case.expect == "plan":
        return ("asked" if found.came == "question" else "refused"), False
    exact = found.came == case.expect and case.about in {"", found.about}
    return "right", exact


def _sorted(steps: tuple[Step, ...]) -> list[tuple[str, str, list[tuple[str, object]]]]:
    return sorted((step.agent, step.capability, sorted(step.slots.items())) for step in steps)
