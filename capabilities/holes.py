"""Slots in template text: `{name}`, `{name...}`, `{name?--flag}`, `{name?--flag=}`, and the literal `{{{x}}}`.

Called by `shell` for command lines (every hole becomes a sentinel before a parser sees the line) and by `compile` for
heredocs and words for people; pieces and words flow on. Not slots: `${x}`, `%{x}`, `{{x}}`, `{}`.
"""

import re
from collections.abc import Collection, Iterator
from typing import Literal

from msgspec import Struct

from bot.model.sections import Piece

Form = Literal["one", "list", "flag", "flag="]

_NAME = r"[a-z][a-z0-9_-]{0,31}"
_HOLE = re.compile(
    r"\{\{\{(?P<literal>[^{}\s]+)\}\}\}"
    r"|\{\{[^{}]*\}\}"
    r"|[$%]\{[^{}]*\}"
    rf"|\{{(?P<name>{_NAME})(?P<list>\.\.\.)?(?:\?(?P<flag>--?[A-Za-z0-9][A-Za-z0-9-]*)(?P<equals>=)?)?\}}",
    re.ASCII,
)


class Hole(Struct, frozen=True):
    """One slot as written, or (`literal`) braces that are meant as text."""

    name: str = ""
    form: Form = "one"
    flag: str = ""
    literal: str | None = None


def scan(text: str) -> Iterator[str | Hole]:
    """Text and holes in order. What looks like another language's variable stays text."""
    start = 0
    for match in _HOLE.finditer(text):
        hole = _hole(match)
        if hole is None:
            continue
        if match.start() > start:
            yield text[start : match.start()]
        yield hole
        start = match.end()
    if start < len(text):
        yield text[start:]


def _hole(match: re.Match[str]) -> Hole | None:
    if match["literal"] is not None:
        return Hole(literal=f"{{{match['literal']}}}")
    if match["name"] is None:
        return None
    if match["flag"]:
        return Hole(match["name"], "flag=" if match["equals"] else "flag", match["flag"])
    return Hole(match["name"], "list" if match["list"] else "one")


def names(text: str) -> set[str]:
    """The names of all slots in a command line."""
    return {part.name for part in scan(text) if isinstance(part, Hole) and part.name}


def pieces(text: str, declared: Collection[str]) -> tuple[Piece, ...]:
    """The pieces of a heredoc or of words for a person: only plain slots of declared names are slots, every other
    brace is text. `{{{x}}}` is the literal `{x}` where x is declared."""
    found: list[Piece] = []
    literal: list[str] = []
    start = 0
    for match in _HOLE.finditer(text):
        hole = _hole(match)
        if hole is None or not _meant(hole, declared):
            continue
        literal.append(text[start : match.start()])
        start = match.end()
        if hole.literal is not None:
            literal.append(hole.literal)
            continue
        found += [*_text(literal), Piece(slot=hole.name)]
        literal = []
    literal.append(text[start:])
    return (*found, *_text(literal))


def _meant(hole: Hole, declared: Collection[str]) -> bool:
    if hole.literal is not None:
        return hole.literal[1:-1] in declared
    return hole.form == "one" and hole.name in declared


def _text(parts: list[str]) -> list[Piece]:
    joined = "".join(parts)
    return [Piece(joined)] if joined else []


class Sentinels:
    """Stand-ins for the holes of one command line: plain letters and digits that do not occur in it."""

    def __init__(self, text: str) -> None:
        self._prefix = "ZQ"
        while self._prefix in text:
            self._prefix += "Q"
        self._pattern = re.compile(rf"{self._prefix}(\d+)X")
        self.holes: list[Hole] = []
        self.text = "".join(self._stand_in(part) for part in scan(text))

    def _stand_in(self, part: str | Hole) -> str:
        if isinstance(part, str):
            return part
        self.holes.append(part)
        return f"{self._prefix}{len(self.holes) - 1}X"

    def split(self, word: str) -> list[str | Hole]:
        """A word of the parsed line, with its holes again; literal braces are text again."""
        parts: list[str | Hole] = []
        for index, part in enumerate(self._pattern.split(word)):
            if index % 2 == 0 and part:
                parts.append(part)
            elif index % 2:
                hole = self.holes[int(part)]
                parts.append(hole if hole.literal is None else hole.literal)
        return parts

    def has_slot(self, word: str) -> bool:
        """Whether a real slot stands in that text."""
        return any(isinstance(part, Hole) for part in self.split(word))
