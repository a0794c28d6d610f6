"""The planner that needs no model: search picks a section, words fill its typed slots. Called by `bot.flow`.

What comes back is a draft whose slots all passed `Renderer.check`, one question, or a refusal. Nothing is guessed:
two possible values are a question, and so is a missing one.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from bot.model.plans import Agent, Draft
from bot.model.ports import Catalogue, Idea, Renderer, Request, Unclear, Unknown, Wanted
from bot.model.questions import QuestionKind
from bot.model.sections import Refusal, Risk, Section, Slot, Value
from bot.planner.choice import OF_A_HOST, Fills, Wish, choose, forbids, has_host, label
from bot.planner.cues import ORDINARY
from bot.planner.slots import Check, Found, extract
from bot.planner.text import read, unaddressed
from bot.planner.typos import MOST, Spelling, mended
from bot.spelling import near

_LOOSE_REPLY = ORDINARY | {"use", "make", "take", "set", "call", "name", "host", "ok", "okay"}

LONGEST = 8000
"""Characters of a request or reply: more is no request, and reading it would hold everybody else up."""

_TOO_LONG = f"That is longer than {LONGEST} characters; say it shorter."
_YES = frozenset(
    ("yes", "y", "yep", "yeah", "ok", "okay", "sure", "right", "correct", "exactly", "yes please")
)


class OfflinePlanner:
    """Implements `ports.Planner`, and reads answers and changes."""

    def __init__(self, catalogue: Catalogue, renderer: Renderer) -> None:
        self._catalogue = catalogue
        self._renderer = renderer
        self._spelling = Spelling()

    async def plan(self, request: Request) -> Idea:
        """What the request comes to. A `request.draft` is kept: its section, agent and slots are not asked again."""
        if len(request.text) > LONGEST:
            return Unknown(_TOO_LONG)
        draft = request.draft or Draft("", "")
        agents = [agent for agent in request.agents if draft.agent in {"", agent.name}]
        if not agents:
            return Unknown("No agent here may do that.")
        text = unaddressed(request.text, request.agents)
        section = self._section(text, draft, agents)
        if not isinstance(section, Section):
            return section
        found = extract(section, text, self._check(section), draft.slots)
        able = [agent for agent in agents if section.pack in agent.packs]
        draft = Draft("", section.id, {**draft.slots, **found.slots})
        if not able:
            return Unknown(f"No agent here has the pack {section.pack}.")
        if len(able) > 1:
            names = tuple(agent.name for agent in able)
            return Unclear("agent", f"{listed(names)} can do this. Which?", names, draft)
        return self._next(replace(draft, agent=able[0].name), section, found)

    async def settle(
        self, request: Request, kind: QuestionKind, choices: Sequence[str], text: str
    ) -> Idea:
        """The answer `text` to a question of `kind` agent or section about `request`: plan again, with that known."""
        choice = _chosen(choices, text)
        if choice is None:
            return Unclear(
                kind,
                f"That is none of them. {listed(choices, 'or')}?",
                tuple(choices),
                request.draft,
            )
        draft = request.draft or Draft("", "")
        if kind == "agent":
            return await self.plan(replace(request, draft=replace(draft, agent=choice)))
        packs = _packs(request.agents)
        section = next(
            (each for each in self._catalogue.sections(packs) if label(each) == choice), None
        )
        if section is None:
            return Unknown(f"{choice} is no longer there.")
        return await self.plan(replace(request, draft=replace(draft, section=section.id)))

    def answer(self, draft: Draft, slot: str, text: str) -> Idea:
        """Fill `slot` (and what else is missing) from a reply: a bare value or a sentence. Without a slot the reply
        answers a question of `change`."""
        section = self._catalogue.section(draft.section)
        if section is None or not (slot == "" or _is_open(section, slot)):
            return Unknown("What that question was about is no longer there. Ask again.")
        if not slot:
            slots = self.change(draft.slots, section, text, draft.agent)
            return (
                slots
                if isinstance(slots, Unclear)
                else self._next(replace(draft, slots=slots), section, Found())
            )
        if len(text) > LONGEST:
            return Unclear("slot", _TOO_LONG, (), draft, slot)
        check = self._check(section)
        known = {name: value for name, value in draft.slots.items() if name != slot}
        found = extract(section, text, check, known, asked=slot)
        if slot not in found.slots and not found.doubt and not found.refused:
            found = _bare(section, slot, text, check)
        return self._next(replace(draft, slots={**known, **found.slots}), section, found)

    def change(
        self, slots: Mapping[str, Value], section: Section, text: str, agent: str = ""
    ) -> dict[str, Value] | Unclear:
        """All slots of a plan after a reply such as `use port 9090`, or a question when the reply changes nothing.
        `agent` goes into the question's draft."""
        check = self._check(section)
        unread = len(text) > LONGEST or forbids(text)
        found = Found() if unread else extract(section, text, check, correcting=True)
        kept = {name: value for name, value in slots.items() if _is_open(section, name)}
        draft = Draft(agent, section.id, kept)
        if question := _trouble(found, draft):
            return question
        changed = {name: value for name, value in found.slots.items() if kept.get(name) != value}
        if changed:
            return {**slots, **changed}
        names = tuple(slot.name for slot in section.slots if not slot.from_agent)
        what = (
            f"Say which of {listed(names)} to change, and to what."
            if names
            else "Nothing in it can be changed."
        )
        return Unclear("slot", what, (), draft)

    def _section(
        self, text: str, draft: Draft, agents: Sequence[Agent]
    ) -> Section | Unclear | Unknown:
        if draft.section:
            known = self._catalogue.section(draft.section)
            return known or Unknown("What you chose is no longer there. Ask again.")
        packs, names = _packs(agents), _names(agents)
        if draft.agent:  # perhaps after a question about a misspelt one, which still stands there
            names |= {token.low for token in read(text) if near(token.low, names)}
        ideas = (choose(wish) for wish in self._readings(text, packs, names))
        first = next(ideas)
        if isinstance(first, Section):
            return first
        return next((idea for idea in ideas if isinstance(idea, Section)), first)

    def _readings(self, text: str, packs: Sequence[str], names: frozenset[str]) -> Iterator[Wish]:
        """The request as it stands, and where that is not certain, with a domain read as the word for it, and with misspelt
        words put right."""
        wish = Wish(text, packs, self._catalogue, self._fills(text), names)
        yield wish
        hosted = has_host(text)
        if hosted:
            yield replace(wish, extra=OF_A_HOST)
        sections = self._catalogue.sections(packs)
        if len(sections) > MOST:
            return
        words = self._spelling.of(packs, sections)
        spelt = mended(text, words, names, lambda word: self._is_known(word, packs))
        if spelt != text:
            wish = replace(wish, text=spelt, fills=self._fills(spelt), only=Risk.READ)
            yield wish
            if hosted:
                yield replace(wish, extra=OF_A_HOST)

    def _is_known(self, word: str, packs: Sequence[str]) -> bool:
        return bool(self._catalogue.search(word, 1, packs))

    def _fills(self, text: str) -> Fills:
        def fills(section: Section) -> tuple[int, Found]:
            found = extract(section, text, self._check(section))
            draft = Draft("", section.id, dict(found.slots))
            return sum(_missing(slot, draft) for slot in section.slots), found

        return fills

    def _next(self, draft: Draft, section: Section, found: Found) -> Idea:
        """The question that is due, or the finished draft."""
        if question := _trouble(found, draft):
            return question
        for slot in section.slots:
            if _missing(slot, draft):
                return Unclear("slot", asks(slot, section, draft), slot.choices, draft, slot.name)
        return Wanted((draft,))

    def _check(self, section: Section) -> Check:
        def check(slot: str, value: Value) -> Refusal | None:
            return self._renderer.check(section, slot, value)

        return check


def _packs(agents: Sequence[Agent]) -> tuple[str, ...]:
    if len(agents) == 1:
        return agents[0].packs
    return tuple(dict.fromkeys(pack for agent in agents for pack in agent.packs))


def _is_open(section: Section, name: str) -> bool:
    """True for a slot that people's words may fill."""
    slot = section.slot(name)
    return slot is not None and not slot.from_agent


def _names(agents: Sequence[Agent]) -> frozenset[str]:
    return frozenset(word.casefold() for agent in agents for word in (agent.name, *agent.aliases))


def _missing(slot: Slot, draft: Draft) -> bool:
    return (
        slot.required
        and not slot.from_agent
        and slot.default is None
        and slot.name not in draft.slots
    )


def _trouble(found: Found, draft: Draft) -> Unclear | None:
    if found.refused:
        slot, refusal = found.refused
        return Unclear("slot", refusal.why, slot.choices, draft, slot.name)
    if found.doubt:
        slot, values = found.doubt
        return Unclear(
            "slot", f"Which {slot.name}: {listed(values, 'or')}?", values, draft, slot.name
        )
    return None


def asks(slot: Slot, section: Section, draft: Draft) -> str:
    """The question for one slot, as a person would put it."""
    if slot.choices:
        return f"Which {slot.name}: {listed(slot.choices, 'or')}?"
    names = (each.name for each in section.slots if each.type in {"fqdn", "hostname"})
    host = next((draft.slots[name] for name in names if name in draft.slots), None)
    if slot.type == "port" and isinstance(host, str):
        return f"Which port should {host} go to?"
    words = slot.description.strip().rstrip(".?") or slot.name
    first, _, rest = words.partition(" ")
    return f"Which {rest if first.casefold() in {'the', 'a', 'an'} and rest else words}?"


def listed(words: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _chosen(choices: Sequence[str], text: str) -> str | None:
    """The choice that a reply names: whole, by its number, or as the only one that stands in it."""
    low = text[:LONGEST].strip().strip(".!").casefold()
    if len(choices) == 1 and low in _YES:
        return choices[0]
    if low.isdecimal() and len(low) < 3 and 1 <= int(low) <= len(choices) and low not in choices:
        return choices[int(low) - 1]
    exact = [choice for choice in choices if choice.casefold() == low]
    words = {token.low for token in read(text[:LONGEST])}
    inside = [
        choice
        for choice in choices
        if choice.casefold() in words or (" " in choice and choice.casefold() in low)
    ]
    ends = [choice for choice in choices if low and choice.casefold().endswith(f": {low}")]
    found = exact or inside or ends
    return found[0] if len(found) == 1 else None


def _bare(section: Section, name: str, text: str, check: Check) -> Found:
    """A reply that is the value and little else. Of a `text` slot the whole reply is the value."""
    slot = section.slot(name)
    if slot is None:
        return Found()
    tokens = read(text)
    said = [token.text for token in tokens if token.quoted or token.low not in _LOOSE_REPLY]
    said = said or [token.text for token in tokens]
    value = text.strip() if slot.type == "text" else said[0] if len(said) == 1 else None
    if value is None:
        return Found()
    ready: Value = tuple(value.split(",")) if slot.type == "list" else value
    refusal = check(slot.name, ready)
    return Found({slot.name: ready}) if refusal is None else Found(refused=(slot, refusal))
