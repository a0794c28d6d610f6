"""Typed slots out of words. Called by `bot.planner.offline` with a section and what somebody wrote.

Evidence is read from the strongest kind to the weakest. A token fills one slot at most; a value that several slots want
alike fills none, and several values for one slot are a doubt.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.model.sections import Refusal, Section, Slot, Value
from bot.planner.evidence import EVIDENCE, Evidence, Offer, Scene, by_looks, may_hold_values, shown
from bot.planner.text import read

Check = Callable[[str, Value], Refusal | None]
"""`Renderer.check` for one section: a slot's name and a value."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the words say. `slots` passed the check; `doubt` is a slot with several values, `refused` one with a bad value."""

    slots: dict[str, Value] = field(default_factory=dict)
    doubt: tuple[Slot, tuple[str, ...]] | None = None
    refused: tuple[Slot, Refusal] | None = None


@dataclass(slots=True)
class _Search:
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
        return Found()
    search = _Search(Scene.of(section, tokens, correcting), check, wanted, asked)
    for evidence in EVIDENCE:
        _take(search, evidence)
    return Found(search.slots, search.doubt, search.refused)


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
    search.scene.taken.update(*(offer.places for offer in offers))
    values = list(dict.fromkeys(offer.ways for offer in offers))
    if len(values) > 1:
        if not optional or slot.required:
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
