"""Everything wrong with some packs, examples included. Called by `parley capabilities lint` and by the packs' tests."""

from collections.abc import Sequence
from pathlib import Path

from bot.model.plans import Agent
from bot.model.sections import Refusal, Section, Value
from capabilities.library import Library
from capabilities.problems import Problem
from capabilities.render import SectionRenderer
from capabilities.rules import value_of


def lint(roots: Sequence[Path]) -> list[Problem]:
    """The problems of every page below `roots` (folders or files), in order of file and line."""
    library = Library(roots[1:], own=roots[0]) if roots else Library()
    found = [*library.problems]
    for section in library.sections():
        found += _examples(section)
    return sorted(set(found), key=lambda problem: (problem.file, problem.line, problem.what))


def examples(section: Section) -> dict[str, Value]:
    """A value for every slot a person fills and that has an example."""
    known = [slot for slot in section.slots if slot.example is not None and not slot.from_agent]
    return {slot.name: value_of(slot, slot.example or "") for slot in known}


def _examples(section: Section) -> list[Problem]:
    """A section whose slots all have examples must render with them."""
    fitted = {
        slot.name: slot.example or ""
        for slot in section.slots
        if slot.from_agent and slot.example is not None
    }
    if any(slot.example is None and slot.required for slot in section.slots):
        return []
    result = SectionRenderer().render(
        section, examples(section), Agent("lint", "local:", (section.pack,), vars=fitted)
    )
    if not isinstance(result, Refusal):
        return []
    what = f"{section.title!r} does not render with its examples: {result.why}"
    return [Problem(section.source, section.line, what, "Change the example or the rule.")]
