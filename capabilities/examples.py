"""An example value for every slot, from the section's `Example:` lines. Called by `compile`; lists, tests and prompts use it.

The table's own example comes first, then the default; then, in an example line, a word that follows the slot's name
(`port 8080`), then a word of the right type that is not one of the title's or the aliases'; then `e.g. …` in the
description; then the first choice or the lower bound.
"""

import re
from collections.abc import Sequence

from msgspec.structs import replace

from bot.model.sections import Slot
from capabilities.rules import value_of
from capabilities.types import LIST, check

_COMMON = frozenset(
    [
        "a",
        "an",
        "the",
        "to",
        "for",
        "of",
        "on",
        "in",
        "at",
        "with",
        "called",
        "named",
        "and",
        "or",
        "is",
        "it",
        "its",
        "that",
        "this",
        "from",
        "please",
        "show",
        "me",
        "my",
        "all",
        "new",
        "port",
        "domain",
        "name",
        "site",
        "page",
        "lines",
        "last",
        "by",
        "as",
        "under",
        "into",
        "using",
        "use",
        "what",
        "which",
        "how",
    ]
)
_LOOSE = frozenset({"name", "id", "hostname", "pattern", "text", "enum", LIST})


def fill(slots: Sequence[Slot], lines: Sequence[str], titles: Sequence[str]) -> tuple[Slot, ...]:
    """The slots, each with its example where one can be found."""
    words = [word for line in lines for word in _words(line)]
    known = {word.lower() for title in titles for word in _words(title)} | _COMMON
    taken: set[int] = set()
    found = {
        slot.name: replace(slot, example=_example(slot, words, known, taken))
        for slot in sorted(slots, key=_order)
    }
    return tuple(found[slot.name] for slot in slots)


def _order(slot: Slot) -> bool:
    """Narrow types choose first: `8080` is a port before it is a name."""
    return slot.type in _LOOSE


def _words(text: str) -> list[str]:
    return [word.strip("\"'`“”‘’,;:!?()").rstrip(".") for word in text.split()]


def _example(slot: Slot, words: list[str], known: set[str], taken: set[int]) -> str | None:
    if slot.example is not None:
        return slot.example
    if slot.from_agent:
        return slot.default
    index = _named(slot, words, taken)
    if index is None:
        index = _fitting(slot, words, known, taken)
    if index is not None:
        taken.add(index)
        return words[index]
    return slot.default or _described(slot) or _bound(slot)


def _fits(slot: Slot, word: str) -> bool:
    return check(slot, value_of(slot, word)) is None


def _named(slot: Slot, words: list[str], taken: set[int]) -> int | None:
    names = {slot.name, slot.name.replace("_", "-")} | (
        {"called", "named"} if slot.type == "name" else set()
    )
    for index, word in enumerate(words[1:], 1):
        free = index not in taken and word.lower() not in _COMMON
        if free and words[index - 1].lower() in names and _fits(slot, word):
            return index
    return None


def _fitting(slot: Slot, words: list[str], known: set[str], taken: set[int]) -> int | None:
    loose = slot.type in _LOOSE
    for index in reversed(range(len(words))):
        free = index not in taken and not (loose and words[index].lower() in known)
        if free and _fits(slot, words[index]):
            return index
    return None


def _described(slot: Slot) -> str | None:
    match = re.search(r"e\.g\.\s+(.+)", slot.description)
    if match is None:
        return None
    candidates = (_words(match[1]) or [""])[0], match[1].strip()
    return next((text for text in candidates if text and _fits(slot, text)), None)


def _bound(slot: Slot) -> str | None:
    if slot.choices:
        return slot.choices[0]
    return str(slot.minimum) if slot.minimum is not None else None
