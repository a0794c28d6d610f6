"""Whether a request that fits a section may yet be meant otherwise. Called by `bot.planner.choice`; a doubt is a question.

A section is meant for certain when it explains every word of the request, or of a part of it that stands on its own, and
takes every value. A change must also be wished now, and without a condition.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from bot.model.sections import Risk, Section
from bot.planner.cues import CALLED, TYPE_NOUNS, own_names
from bot.planner.lexicon import (
    ACTS,
    ASKING,
    COUNTED,
    FUNCTION,
    LAST_ACTS,
    LATER,
    LEADS,
    MAY,
    OPENING,
    PHRASES,
    REPORTED,
)
from bot.planner.shapes import is_value
from bot.planner.slots import LOOPBACK, Found
from bot.planner.stems import stem
from bot.planner.text import Token, read

Covers = Callable[[str], bool]
"""Whether a part of the request fits the section on its own."""

_QUOTED = re.compile(r"\"[^\"]*\"|`[^`]*`|“[^”]*”|«[^»]*»|‘[^’]*’|„[^“”]*[“”]|(?<!\w)'[^']*'(?!\w)")
_CLAUSE = re.compile(
    r"[.;!?,:…]+(?=\s|$)|\s[-–—]+\s|[()]|\b(?:but|anyway|because|aber|weil|pero)\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"[^.;!?]+(?:[.;!?](?=\S)[^.;!?]*)*[.;!?]*")
_POLITE = re.compile(
    r"\bif\s+(?:possible|(?:you|it|that|this)(?:['’]s|\s+(?:could|can|would|is|please|do\s+not|don['’]?t))\b)|\bat\s+once\b"
    r"|\bwenn\s+(?:möglich|du\s+(?:könntest|kannst))|\bsi\s+(?:es\s+posible|puedes|pudieras)",
    re.IGNORECASE,
)
_SAID_OF = re.compile(
    r"\b(?:you|i|we|they|he|she|one)\s+(?:can|could|may|might|will|shall|must)\b|\b\w+['’]ll\b|\bwon['’]t\b"
    r"|\b(?:kann|könnte|sollte|darf)\s+man\b|\b(?:du\s+(?:kannst|könntest|darfst)|ich\s+werde|wir\s+werden|tú\s+puedes)\b",
    re.IGNORECASE,
)
"""Words of a statement about a change: `so you can remove the site?`, `we will remove it`."""
_NOT_NOW = re.compile(
    r"\b(?:why|warum|wieso|weshalb|por\s+qué)\b|\bwill\s+(?!you\b)|^\W*(?:if|wenn|falls|si|sobald|whenever|as\s+soon\s+as)\b",
    re.IGNORECASE,
)
"""A look answers neither why something is so, nor how it will be, nor only in some case."""
_AT_A_TIME = re.compile(r"\b(?:at|um|a\s+las)\s+\d|\b\d{1,2}:\d\d\b", re.IGNORECASE)
_PASSED = FUNCTION | CALLED | COUNTED | LOOPBACK
_WORD = re.compile(r"[^\W_][\w'’]*")
_CLITIC = re.compile(r"['’](?:s|re|ll|m|d|ve)$")


def doubtful(
    text: str, section: Section, found: Found, names: frozenset[str], covers: Covers
) -> bool:
    """True when the person should say first that this is meant. `names` are those of the agents."""
    plain = unquoted(text)
    if found.left or PHRASES.search(plain):
        return True
    if _NOT_NOW.search(plain) if section.risk is Risk.READ else _wavers(plain, section):
        return True
    strange = unexplained(text, section, found.taken, names)
    if not strange:
        return False
    if plain != text or not (ACTS | LAST_ACTS).isdisjoint(strange):
        return True
    return not _stands_alone(text, section, found, names, covers)


def _stands_alone(
    text: str, section: Section, found: Found, names: frozenset[str], covers: Covers
) -> bool:
    """True when a part of it fits and holds nothing strange. Of a change what follows may hold nothing strange either: there
    stands what it shall not touch, and for whom."""
    parts = [part for part in _CLAUSE.split(text) if part.strip()]
    for part in reversed(parts):
        strange = unexplained(part, section, found.taken, names)
        if len(parts) > 1 and not strange and covers(part):
            return True
        if strange and section.risk is not Risk.READ:
            return False
    return False


def unquoted(text: str) -> str:
    """The text without what stands in quotes."""
    return _QUOTED.sub(" ", text)


def unexplained(
    text: str, section: Section, taken: frozenset[str], names: frozenset[str]
) -> list[str]:
    """The bare words that are neither the section's, nor values taken, nor ordinary in one of three languages."""
    return [
        word
        for token in read(text)
        if not (token.quoted or token.key or token.low in taken or is_value(token))
        for word in _of(token)
        if not (word in _PASSED or word in names or stem(word) in _stems(section))
    ]


def _of(token: Token) -> Iterator[str]:
    """Its words; of one with hyphens the parts."""
    for word in _WORD.findall(token.low):
        yield _CLITIC.sub("", word)


def _wavers(plain: str, section: Section) -> bool:
    """True for a question about a change, for one that others spoke of, and for one under a condition or at another time."""
    plain = _POLITE.sub(" ", plain)
    words = frozenset(word for token in read(plain) if not is_value(token) for word in _of(token))
    if (
        not words.isdisjoint(ASKING | LATER | REPORTED)
        or _AT_A_TIME.search(plain)
        or _SAID_OF.search(plain)
    ):
        return True
    if any(_first(part, LEADS) in OPENING for part in _CLAUSE.split(plain)):
        return True
    if any(word.endswith("ed") and _is_past(word, section) for word in words):
        return True
    asked = [part for part in _SENTENCE.findall(plain) if part.endswith("?")]
    return any(_first(part, LEADS - MAY) not in MAY for part in asked)


def _is_past(word: str, section: Section) -> bool:
    """True for `removed` where the section says `remove`."""
    verbs = {phrase.casefold().split(" ", 1)[0] for phrase in (section.title, *section.aliases)}
    return word not in verbs and stem(word) in {stem(verb) for verb in verbs}


def _first(part: str, passed: frozenset[str]) -> str:
    words = (word.casefold() for word in _WORD.findall(part))
    return next((word for word in words if word not in passed), "")


def _stems(section: Section) -> frozenset[str]:
    slots = tuple(slot for slot in section.slots if not slot.from_agent)
    nouns = frozenset[str]().union(
        *(own_names(slot) for slot in section.slots),
        *(TYPE_NOUNS.get(slot.type, frozenset()) for slot in slots),
    )
    texts = (section.title, section.pack, *section.aliases, *section.pack_aliases)
    return (
        _stems_of((*texts, *section.examples, *(slot.description for slot in slots)))
        | nouns
        | CALLED
    )


@lru_cache(maxsize=4096)
def _stems_of(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(stem(word) for text in texts for word in _WORD.findall(text.casefold()))
