"""Misspelt words of a request put right, where only one word can be meant. Called by `bot.planner.offline`.

Only words that no capability knows are looked at, and only for finding a section that looks and changes nothing: values are
taken from what was really written.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache

from bot.model.sections import Section
from bot.planner.cues import all_words
from bot.planner.lexicon import ACTS, CHAT, ENGLISH, FUNCTION, LAST_ACTS, NUMBERS
from bot.planner.nearly import Words, forms
from bot.planner.shapes import is_value
from bot.planner.stems import stem
from bot.planner.text import read

_SMALL = ENGLISH | CHAT
_FINE = FUNCTION | ACTS | LAST_ACTS | NUMBERS.keys()
MOST = 300
"""Sections: among the words of more than these too many look alike."""
_LONG = 7
"""Letters of a word in which one that is wrong leaves no other word."""
_KEPT = 64
"""Choices of packs of which the words are kept."""


class Spelling:
    """How the words of each choice of packs are spelt; read again when their sections are others."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, ...], tuple[Sequence[Section], Words]] = {}

    def of(self, packs: Sequence[str], sections: Sequence[Section]) -> Words:
        """The words of these sections, which are those of `packs` now."""
        key = tuple(packs)
        read = self._read.get(key)
        if read is None or read[0] != sections:
            if len(self._read) >= _KEPT:
                self._read.clear()
            read = self._read[key] = sections, vocabulary(sections)
        return read[1]


def vocabulary(sections: Iterable[Section]) -> Words:
    """Every word of what these sections are called."""
    return Words(frozenset[str]().union(*map(all_words, sections)))


def mended(
    text: str, vocabulary: Words, names: frozenset[str], known: Callable[[str], bool]
) -> str:
    """The text with its misspelt words put right; the same when there are none. `known` tells the words that some section has."""
    parts, start = [], 0
    for token in read(text):
        place = text.find(token.text, start)
        if place < 0:
            continue
        end = place + len(token.text)
        low = token.low
        if low.isalpha() and not (token.quoted or token.key or is_value(token)):
            fine = low in _FINE or low in vocabulary.all or low in names or known(low)
            meant = None if fine else _meant(low, vocabulary)
            if meant is not None:
                parts += [text[start:place], meant]
                start = end
                continue
        parts.append(text[start:end])
        start = end
    return "".join([*parts, text[start:]])


@lru_cache(maxsize=1024)
def _meant(word: str, vocabulary: Words) -> str | None:
    """The only word that it can be, "" for one of several that say nothing: the one slip was letters swapped, one left out or one too many; in long words one wrong."""
    form = forms(word)
    near = vocabulary.slips(form)
    # A letter too many is not looked for in small words: many a verb would be one, and what changes something would be lost.
    near |= {each for each in _small().slips(form) if len(each) >= len(word)}
    if not near and len(word) >= _LONG:
        near = set(vocabulary.one_wrong(word))
    if len({stem(each) for each in near}) == 1:
        return min(near)
    return "" if near and _SMALL.issuperset(near) else None


@cache
def _small() -> Words:
    return Words(_SMALL)
