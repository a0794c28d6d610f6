"""Typed slots out of words. Called by `bot.planner.offline` with a section and what somebody wrote.

Evidence is read from the strongest kind to the weakest. A token fills one slot at most; a value that several slots want
alike fills none, and several values for one slot are a doubt.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from bot.model.sections import Refusal, Risk, Section, Slot, Value
from bot.planner.cues import TYPE_NOUNS, nouns, own_names
from bot.planner.evidence import EVIDENCE, Evidence, Offer, Scene, by_looks, may_hold_values, shown
from bot.planner.shapes import is_value
from bot.planner.stems import stem
from bot.planner.text import Token, read

Check = Callable[[str, Value], Refusal | None]
"""`Renderer.check` for one section: a slot's name and a value."""


_TYPED = frozenset[str]().union(*TYPE_NOUNS.values())
LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class Found(Struct, frozen=True):
    """What the words say. `slots` passed the check; `doubt` is a slot with several values, `refused` one with a bad value.
    `taken` are the words used up, folded; `left` the values that no slot takes."""

    slots: dict[str, Value] = field(default_factory=dict)
    doubt: tuple[Slot, tuple[str, ...]] | None = None
    refused: tuple[Slot, Refusal] | None = None
    taken: frozenset[str] = frozenset()
    left: tuple[str, ...] = ()


class _Search(Struct):
    """The state of one extraction."""

    scene: Scene
    check: Check
    open: dict[str, Slot]
    asked: str
    slots: dict[str, Value] = field(default_factory=dict)
    doubt: tuple[Slot, tuple[str, ...]] | None = None
    refused: tuple[Slot, Refusal] | None = None


def extract(
    section: Section,
    text: str,
    check: Check,
    known: Mapping[str, Value] | None = None,
    asked: str = "",
    correcting: bool = False,
) -> Found:
    """Fill the slots that are not `known`. `asked` wins contested words; `correcting` reads `make it X` and `use X`."""
    known = known or {}
    wanted = {
        slot.name: slot for slot in section.slots if not slot.from_agent and slot.name not in known
    }
    tokens = read(text)
    if not wanted or not may_hold_values(tokens, wanted.values()):
        return Found(left=tuple(_left(section, tokens, set())))
    search = _Search(Scene.of(section, tokens, correcting), check, wanted, asked)
    for evidence in EVIDENCE:
        _take(search, evidence)
    places = search.scene.taken
    return Found(
        search.slots,
        search.doubt,
        search.refused,
        frozenset(tokens[place].low for place in places),
        tuple(_left(section, tokens, places)),
    )


def _left(section: Section, tokens: Sequence[Token], taken: set[int]) -> Iterator[str]:
    """What was said with purpose and fills nothing. A slot of the agent is never filled from words: what is meant for one is
    passed over, and so are the address of the machine itself and, where it only looks, a number such as that of a port."""
    mine = frozenset[str]().union(*(own_names(slot) for slot in section.slots if slot.from_agent))
    about = {stem(word) for word in nouns(section)} & _TYPED
    said = {tokens[place].low for place in taken} | LOOPBACK
    for place, token in enumerate(tokens):
        before = tokens[place - 1].low if place else ""
        if place in taken or token.low in said or not mine.isdisjoint((token.key, before)):
            continue
        narrows = section.risk is Risk.READ and token.text.isdecimal() and stem(before) in about
        if token.quoted or token.key or (is_value(token) and not narrows):
            yield token.text


def _take(search: _Search, evidence: Evidence) -> None:
    """Give every open slot what this evidence offers it alone."""
    offers = {
        name: found
        for name, slot in search.open.items()
        if (found := _fresh(search, evidence(search.scene, slot)))
    }
    if not offers:
        return
    for name, found in offers.items():
        kept = [offer for offer in found if _owner(search, offers, offer) == name]
        if kept:
            _decide(search, search.open[name], kept, optional=evidence is by_looks)
    search.open = {name: slot for name, slot in search.open.items() if name not in search.slots}


def _fresh(search: _Search, offers: Iterator[Offer]) -> list[Offer]:
    return [offer for offer in offers if not offer.places & search.scene.taken]


def _owner(search: _Search, offers: Mapping[str, Sequence[Offer]], offer: Offer) -> str | None:
    """Which slot may have it: the one asked for, else the only one that wants it, else the only required one."""
    rivals = [
        name
        for name, found in offers.items()
        if any(offer.places & other.places for other in found)
    ]
    if search.asked in rivals:
        return search.asked
    if len(rivals) > 1:
        rivals = [name for name in rivals if search.open[name].required]
    return rivals[0] if len(rivals) == 1 else None


def _decide(search: _Search, slot: Slot, offers: Sequence[Offer], optional: bool) -> None:
    """One value fills the slot, a bad one is told, several are a doubt (or nothing, where a default will do)."""
    values = list(dict.fromkeys(offer.ways for offer in offers))
    if len(values) > 1 and optional and not slot.required:
        return
    search.scene.taken.update(*(offer.places for offer in offers))
    if len(values) > 1:
        search.doubt = search.doubt or (slot, tuple(shown(ways[0]) for ways in values))
        return
    refusals = [search.check(slot.name, way) for way in values[0]]
    good = next(
        (way for way, refusal in zip(values[0], refusals, strict=True) if refusal is None), None
    )
    if good is not None:
        search.slots[slot.name] = good
    elif refusals[0] is not None:
        search.refused = search.refused or (slot, refusals[0])
