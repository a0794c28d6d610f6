"""Whether a value that a model filled in stands in people's own words. Called by `bot.planner.picks`; pure.

A model guesses well, and a guess is no wish: what nobody said is asked for.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.model.sections import Section, Slot, Value
from bot.planner.cues import CALLED, is_ordinary, nouns, own_names
from bot.planner.shapes import amounts
from bot.planner.text import read

_NUMBERS = frozenset(("int", "port"))
_AMOUNTS = frozenset(("size", "duration"))
_ANYWHERE = frozenset(("ip", "cidr", "fqdn", "hostname", "email", "url", "path"))
"""Types whose values look like nothing else: it is enough that they were said."""
_QUOTES = (('"', '"'), ("'", "'"), ("`", "`"), ("“", "”"), ("«", "»"), ("‘", "’"), ("„", "“"))
_COUNTS = {
    word: str(number)
    for number, words in enumerate(
        (
            *("zero null cero", "one a an eins ein eine einen un una uno", "two zwei dos", "three drei tres", "four vier cuatro"),
            *("five fünf cinco", "six sechs seis", "seven sieben siete", "eight acht ocho", "nine neun nueve", "ten zehn diez"),
            *("eleven elf", "twelve zwölf doce"),
        )
    )
    for word in words.split()
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_IDENTIFIER = re.compile(r"(?=.*[\d._-])[A-Za-z0-9]\S*")
_NUMBER = re.compile(r"(?<![\w.-])\d+(?!\.?\d)")
"""No part of an address, a version or a name; a port behind its host is one."""
_WORDS = (r"[.+]", r"[.+]\w")
_LINKS = (r"[/.~}*]", r"/*[\w~%*-]|/*[?#&=@+]+\w|/+\.|\.+[\w/]")
"""What stands before and behind a value that is only a part: of a name or an address; of a path or a link."""
_BEFORE = re.compile(r"(?:^|[\s(\[{,;])([^\s=:]+)\s*([=:])?\s*$")
_INTRODUCERS = CALLED | {"name", "as", "heißt", "namens", "llamado", "llamada", "nombre"}


def stands(section: Section, slot: Slot, value: Value, words: Sequence[str]) -> bool:
    """True when somebody said it: `words` are everything that people wrote in the conversation."""
    if isinstance(value, tuple):
        return all(stands(section, slot, each, words) for each in value)
    if slot.type == "enum":
        return True  # one of the section's own words, and the card shows which
    return any(
        value == text.strip().strip(".!")  # the whole answer to a question
        or _stands_in(section, slot, value, text)
        for text in words
    )


def _stands_in(section: Section, slot: Slot, value: str, text: str) -> bool:
    type = slot.item or slot.type
    if type in _NUMBERS:
        return value in _numbers(text)
    if type in _AMOUNTS:
        told = amounts(type, read(text), _COUNTS)
        return any(amount in told for amount in amounts(type, read(value), _COUNTS))
    places = _whole(value, text, *(_LINKS if type in {"path", "url"} else _WORDS))
    if type in _ANYWHERE:
        return bool(places)
    return any(_introduced(section, slot, value, text, place) for place in places)


def shown_in(value: str, texts: Sequence[str]) -> bool:
    """Whether it stands in one of these as it is, on its own."""
    return any(_places(value, text) for text in texts)


@lru_cache(maxsize=256)
def _numbers(text: str) -> frozenset[str]:
    """Every number in it, `two` among them."""
    said = (_COUNTS.get(word.casefold()) for word in _WORD.findall(text))
    return frozenset((*_NUMBER.findall(text), *filter(None, said)))


def _places(value: str, text: str) -> list[int]:
    """Where it stands as it is, on its own."""
    if not value:
        return []
    found = re.finditer(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text)
    return [match.start() for match in found]


def _whole(value: str, text: str, before: str, after: str) -> list[int]:
    """As `_places`, and no part of something longer."""
    found = re.finditer(rf"(?<![\w-])(?<!{before}){re.escape(value)}(?![\w-]|{after})", text)
    return [match.start() for match in found]


def _introduced(section: Section, slot: Slot, value: str, text: str, place: int) -> bool:
    """A name counts where it is quoted, looks like one, or stands behind a word that says that a name comes."""
    end = place + len(value)
    around = (text[place - 1 : place], text[end : end + 1])
    if around in _QUOTES or (slot.type != "text" and _IDENTIFIER.fullmatch(value)):
        return True
    before = _BEFORE.search(text[:place])
    if before is None:
        return False
    word, mark = before[1].casefold(), before[2]
    if mark == ":" and slot.type == "text":
        return True
    known = _INTRODUCERS | own_names(slot)
    if word in known:
        return True
    return slot.type != "text" and word in nouns(section) and not is_ordinary(value, section)
