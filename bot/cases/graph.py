"""Drafts as a graph: every step named, what it needs of others found and checked. Called by `compose`; pure, so that whoever only
wants to know whether drafts join (the evaluation) may call it too.

What a planner wrote is data: a name that is none, a circle, an output that nobody puts out or that does not fit is a refusal.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from bot.model.plans import NAME, Draft
from bot.model.sections import Output, Refusal, Risk, Section
from capabilities.outputs import node

_SHOWN = 40


class Joined(Struct, frozen=True):
    """One draft with its name in the plan. `needs` holds the steps whose outputs it takes, too."""

    name: str
    draft: Draft
    section: Section
    needs: tuple[str, ...]
    outputs: Mapping[str, Output]


def join(
    drafts: Sequence[Draft], section_of: Callable[[str], Section | None]
) -> tuple[Joined, ...] | Refusal:
    """In the order of the drafts. Ids that are names and unique are kept; every other step is called `s1`, `s2` …"""
    sections: list[Section] = []
    for draft in drafts:
        section = section_of(draft.section)
        if section is None:
            return Refusal("catalogue", f"`{draft.section}` is no longer there. Ask again.")
        sections.append(section)
    names = _names([draft.id for draft in drafts])
    graph = _Graph(drafts, sections, names)
    steps = [graph.step(position) for position in range(len(drafts))]
    refused = next((each for each in steps if isinstance(each, Refusal)), None)
    if refused is not None:
        return refused
    made = tuple(each for each in steps if isinstance(each, Joined))
    return _circle(made) or made


def _names(given: Sequence[str]) -> list[str]:
    counts = Counter(given)
    taken = {each for each in given if counts[each] == 1 and NAME.fullmatch(each)}
    names: list[str] = []
    for number, each in enumerate(given, 1):
        name, tries = (each if each in taken else f"s{number}"), number
        while name in names or (name in taken and name != each):
            tries += 1
            name = f"s{tries}"
        names.append(name)
    return names


class _Graph:
    """The drafts while they are being joined. `known` leads from what a planner calls a step to its position."""

    def __init__(
        self, drafts: Sequence[Draft], sections: Sequence[Section], names: Sequence[str]
    ) -> None:
        self._drafts, self._sections, self._names = drafts, sections, names
        given = [draft.id for draft in drafts]
        own = {name: place for place, name in enumerate(names)}
        self._twice = {each for each in given if each and given.count(each) > 1}
        self._known = own | {each: place for place, each in enumerate(given) if each}

    def step(self, place: int) -> Joined | Refusal:
        draft = self._drafts[place]
        if draft.outputs and self._sections[place].risk is Risk.DESTROY:
            why = f"Step {place + 1} destroys something: people must see exactly what, so no output of another step fills it."
            return Refusal("output", why)
        outputs: dict[str, Output] = {}
        for slot, wanted in draft.outputs.items():
            found = self._output(place, slot, wanted)
            if isinstance(found, Refusal):
                return found
            outputs[slot] = found
        needs: list[str] = []
        for each in draft.needs:
            source = self._place(place, each)
            if isinstance(source, Refusal):
                return source
            needs.append(self._names[source])
        needs += [output.step for output in outputs.values()]
        return Joined(
            self._names[place], draft, self._sections[place], tuple(dict.fromkeys(needs)), outputs
        )

    def _place(self, place: int, called: str) -> int | Refusal:
        if called in self._twice:
            return Refusal("needs", f"Two steps are called {_shown(called)}. Name them apart.")
        source = self._known.get(called)
        if source is None:
            why = f"Step {place + 1} waits for {_shown(called)}, which is no step of the plan."
            return Refusal("needs", why)
        if source == place:
            return Refusal("needs", f"Step {place + 1} waits for itself.")
        return source

    def _output(self, place: int, slot: str, wanted: Output) -> Output | Refusal:
        source = self._place(place, wanted.step)
        if isinstance(source, Refusal):
            return source
        section = self._sections[source]
        declared = next((each for each in section.returns if each.name == wanted.name), None)
        if declared is None:
            has = ", ".join(each.name for each in section.returns) or "nothing"
            why = (
                f"Step {source + 1} puts out no {_shown(wanted.name)}: {section.id} puts out {has}."
            )
            return Refusal("output", why, slot)
        return node(self._sections[place], slot, self._names[source], declared)


def _shown(text: str) -> str:
    return ascii(text[:_SHOWN])


def _circle(steps: Sequence[Joined]) -> Refusal | None:
    """The steps that wait for each other, named by their numbers."""
    left = {step.name: step.needs for step in steps}
    while ready := [name for name, needs in left.items() if not left.keys() & set(needs)]:
        for name in ready:
            del left[name]
    if not left:
        return None
    path = [next(iter(left))]
    while path.count(path[-1]) < 2:
        path.append(next(each for each in left[path[-1]] if each in left))
    round_ = path[path.index(path[-1]) : -1]
    numbers = {step.name: str(number) for number, step in enumerate(steps, 1)}
    named = sorted((numbers[name] for name in round_), key=int)
    words = f"{', '.join(named[:-1])} and {named[-1]}"
    return Refusal("needs", f"Steps {words} wait for each other. Take one of the needs away.")
