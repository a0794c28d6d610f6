"""What a value of each type looks like in a sentence. Called by `bot.planner.slots`.

A shape only finds candidates and is wider than the type: whether a value is good is for `Renderer.check` alone.
"""

import re
from collections.abc import Mapping, Sequence

from bot.model.sections import Slot
from bot.planner.lexicon import COUNTED, MEASURES, NUMBERS
from bot.planner.text import Token

Shape = tuple[tuple[str, ...], int]
"""The ways to write the value, to be tried in order, and how many tokens it takes."""

STRONG = frozenset(
    (
        "port",
        "int",
        "ip",
        "cidr",
        "fqdn",
        "url",
        "email",
        "path",
        "size",
        "duration",
        "enum",
        "secret",
        "hostname",
    )
)
"""Types that can be told by their looks. Values of the others must be quoted or introduced."""

_SIZES = {
    unit: letter
    for letter, units in {
        "B": "byte bytes", "K": "kilobyte kilobytes", "M": "megabyte megabytes megas", "G": "gigabyte gigabytes gig gigs gigas",
        "T": "terabyte terabytes teras",
    }.items()
    for unit in units.split()
}  # fmt: skip
_DURATIONS = {
    unit: letter
    for letter, units in {
        "s": "s sec secs second seconds sekunde sekunden segundo segundos",
        "m": "m min mins minute minutes minuten minuto minutos",
        "h": "h hr hrs hour hours stunde stunden hora horas",
        "d": "d day days tag tage tagen día días dia dias",
        "w": "w week weeks woche wochen semana semanas", "ms": "ms milliseconds",
    }.items()
    for unit in units.split()
}  # fmt: skip
_UNITS_OF_SIZE = re.compile(r"[kmgtp]?i?b|[kmgtp]", re.IGNORECASE)
_IP = re.compile(r"\d+(?:\.\d+){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_SHAPES = {
    "port": re.compile(r"\d+"),
    "int": re.compile(r"[+-]?\d+"),
    "ip": _IP,
    "cidr": re.compile(rf"(?:{_IP.pattern})/\d+"),
    "fqdn": re.compile(r"(?=.*[^\W\d])[^\s/@:=,\\]*\w\.\w[^\s/@:=,\\]*"),
    "url": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+"),
    "email": re.compile(r"[^\s@/:]+@[^\s@/:]+"),
    "path": re.compile(r"(?:~|\.{1,2})?/\S*"),
    "secret": re.compile(r"secret:\S+"),
}
_SHAPES["hostname"] = _SHAPES["fqdn"]
HOST = _SHAPES["fqdn"]
_VALUE = re.compile(
    "|".join(
        f"(?:{_SHAPES[type].pattern})"
        for type in ("int", "ip", "cidr", "fqdn", "url", "email", "path", "secret")
    )
)
_MEASURE = re.compile(r"(\d+(?:\.\d+)?)([A-Za-z]*)")
_VALUE_LIKE = re.compile(r"\d|[^\w'’-]|_")


def shape(slot: Slot, tokens: Sequence[Token], place: int) -> Shape | None:
    """The value that begins at `tokens[place]` by the looks of the slot's type, or None."""
    token = tokens[place]
    if slot.type == "enum":
        found = tuple(choice for choice in slot.choices if choice.casefold() == token.low)
        return (found, 1) if found else None
    if slot.type in {"size", "duration"}:
        return _measured(slot.type, tokens, place)
    if slot.type == "int" and (number := _counted(tokens, place)):
        return (number,), 1
    if (
        slot.type in {"int", "port"}
        and place + 1 < len(tokens)
        and tokens[place + 1].low in MEASURES
    ):
        return None
    pattern = _SHAPES.get(slot.type)
    return ((token.text,), 1) if pattern and pattern.fullmatch(token.text) else None


def is_value(token: Token) -> bool:
    """True for what has the looks of some type: a number, an address, a host, a path."""
    return _VALUE.fullmatch(token.text) is not None


def is_number_word(token: Token) -> bool:
    """True for `ten`, and what it is in other languages."""
    return not token.quoted and token.low in NUMBERS


def _counted(tokens: Sequence[Token], place: int) -> str | None:
    """`top ten` and `the last twenty lines`: a number in words, where it stands alone behind what is counted from."""
    around = [tokens[at].low for at in (place - 1, place + 1) if 0 <= at < len(tokens)]
    if not is_number_word(tokens[place]) or not NUMBERS.keys().isdisjoint(around):
        return None
    if MEASURES.isdisjoint(around[1:] or around) and place and around[0] in COUNTED:
        return NUMBERS[tokens[place].low]
    return None


def value_like(token: Token) -> bool:
    """True for what cannot be an ordinary word of a sentence: digits, dots, slashes and the like."""
    return token.quoted or bool(_VALUE_LIKE.search(token.text))


def _measured(kind: str, tokens: Sequence[Token], place: int) -> Shape | None:
    match = _MEASURE.fullmatch(tokens[place].text)
    if match is None:
        return None
    number, unit = match.groups()
    if unit:
        letter = _letter(kind, unit)
        return ((tokens[place].text, *([number + letter] if letter else ())), 1) if letter else None
    following = tokens[place + 1] if place + 1 < len(tokens) else None
    letter = _letter(kind, following.text) if following and not following.quoted else ""
    if letter and following:
        return (number + following.text, number + letter), 2
    return (number,), 1


def amounts(kind: str, tokens: Sequence[Token], counts: Mapping[str, str]) -> set[str]:
    """Every size or duration that is told, as its number and the letter of its unit; without one where none is told. `counts` are
    numbers in words."""
    found = set()
    for place, token in enumerate(tokens):
        match = _MEASURE.fullmatch(token.text)
        number, unit = match.groups() if match else (counts.get(token.low, ""), "")
        if number and not unit and place + 1 < len(tokens):
            unit = tokens[place + 1].text
        letter = _letter(kind, unit)
        if number:
            found.add(number + (letter[:1] if kind == "size" else letter))  # 10G, 10GB and 10GiB
    return found


def _letter(kind: str, unit: str) -> str:
    """The unit as one letter. A single capital such as `M` is a size, never minutes."""
    if kind == "duration":
        return _DURATIONS.get(unit if len(unit) == 1 else unit.casefold(), "")
    unit = unit.casefold()
    return unit.upper() if _UNITS_OF_SIZE.fullmatch(unit) else _SIZES.get(unit, "")
