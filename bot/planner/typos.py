"""Misspelt words of a request put right, where only one word can be meant. Called by `bot.planner.offline`.

Only words that no capability knows are looked at, and only for finding a section that looks and changes nothing: values are
taken from what was really written.
"""

from collections.abc import Callable, Iterable

from bot.model.sections import Section
from bot.planner.cues import all_words
from bot.planner.lexicon import ACTS, CHAT, ENGLISH, FUNCTION, LAST_ACTS, NUMBERS
from bot.planner.shapes import is_value
from bot.planner.stems import stem
from bot.planner.text import read

_SMALL = ENGLISH | CHAT
_FINE = FUNCTION | ACTS | LAST_ACTS | NUMBERS.keys()
MOST = 300
"""Sections: among the words of more than these too many look alike."""
_LONG = 7
"""Letters of a word in which one that is wrong leaves no other word."""


def mended(
    text: str,
    sections: Iterable[Section],
    names: frozenset[str],
    known: Callable[[str], bool],
) -> str:
    """The text with its misspelt words put right; the same when there are none. `known` tells the words that some section has."""
    vocabulary = frozenset[str]().union(*map(all_words, sections))
    parts, start = [], 0
    for token in read(text):
        place = text.find(token.text, start)
        if place < 0:
            continue
        end = place + len(token.text)
        low = token.low
        if not (token.quoted or token.key or is_value(token)) and low.isalpha():
            fine = low in _FINE or low in vocabulary or low in names or known(low)
            meant = None if fine else _meant(low, vocabulary)
            if meant is not None:
                parts += [text[start:place], meant]
                start = end
                continue
        parts.append(text[start:end])
        start = end
    return "".join([*parts, text[start:]])


def _meant(word: str, vocabulary: frozenset[str]) -> str | None:
    """The only word that it can be, "" for one of several that say nothing: the one slip was letters swapped, one left out or one too many; in long words one wrong."""
    near = [each for each in vocabulary if each[:1] == word[0] and _is_slip(word, each)]
    # A letter too many is not looked for in small words: many a verb would be one, and what changes something would be lost.
    near += [
        each
        for each in _SMALL
        if each[:1] == word[0] and len(each) >= len(word) and _is_slip(word, each)
    ]
    if not near and len(word) >= _LONG:
        near = [each for each in vocabulary if each[:1] == word[0] and _one_wrong(word, each)]
    if len({stem(each) for each in near}) == 1:
        return min(near)
    return "" if near and _SMALL.issuperset(near) else None


def _is_slip(word: str, other: str) -> bool:
    if len(word) == len(other):
        return _swapped(word, other)
    short, long = sorted((word, other), key=len)
    if len(long) - len(short) != 1 or len(long) < 4:
        return False
    return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def _swapped(word: str, other: str) -> bool:
    wrong = [at for at in range(len(word)) if word[at] != other[at]]
    if len(wrong) != 2 or wrong[1] - wrong[0] != 1:
        return False
    first, second = wrong
    return word[first] == other[second] and word[second] == other[first]


def _one_wrong(word: str, other: str) -> bool:
    return len(word) == len(other) and sum(map(str.__ne__, word, other)) == 1
