"""An answer as it grows, piece by piece, with a limit. Filled by the readers in `adapters.llm.*.reader`; becomes a `Reply`."""

import re
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from msgspec import Struct, field

from adapters.llm.schemas import without_nulls
from adapters.llm.stream import UnreadableError, parsed
from bot.model.llm import Call, Json, Piece, Tool

MOST_WORDS = 256 * 1024
"""Characters of an answer: its words, its picks and their names."""
MOST_CALLS = 64
DEEPEST = 16
"""Levels of an argument."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class TooMuchError(Exception):
    """An answer that is longer than anybody reads."""


class _Pick(Struct):
    id: str = ""
    tool: str = ""
    arguments: list[str] = field(default_factory=list)


class Answer(Struct):
    """What has come so far. Every text put in counts; TooMuchError is raised at the limit. `heard` are the names of the tools that say
    something."""

    heard: frozenset[str] = frozenset()
    words: list[str] = field(default_factory=list)
    picks: dict[int, _Pick] = field(default_factory=dict)
    size: int = 0

    def say(self, piece: object) -> list[Piece]:
        """Words of the answer; none for what is none."""
        text = self._counted(piece)
        if not text:
            return []
        self.words.append(text)
        return [Piece(text)]

    def pick(
        self, place: object, *, id: object = None, tool: object = None, arguments: object = None
    ) -> list[Piece]:
        """A part of the pick at `place`; what a later part names anew replaces nothing. The pieces of one that says something."""
        if not isinstance(place, int) or isinstance(place, bool):
            place = max(self.picks, default=0)
        if place not in self.picks and len(self.picks) >= MOST_CALLS:
            raise TooMuchError
        found = self.picks.setdefault(place, _Pick())
        found.id = found.id or self._counted(id)
        begins = not found.tool
        found.tool = found.tool or self._counted(tool)
        more = self._counted(arguments)
        if more:
            found.arguments.append(more)
        if found.tool not in self.heard:
            return []
        pieces = [Piece("", found.tool)] if begins else []
        return [*pieces, Piece(more, found.tool)] if more else pieces

    def text(self) -> str:
        """All words."""
        return "".join(self.words)

    def calls(self, tools: Sequence[Tool]) -> tuple[Call, ...]:
        """All picks in their order, each with an id of its own; optional properties that are null are left out."""
        schemas = {tool.name: tool.parameters for tool in tools}
        picks = list(self.picks.values())
        return tuple(
            Call(
                id,
                pick.tool[:64],
                arguments_of("".join(pick.arguments), schemas.get(pick.tool, {})),
            )
            for id, pick in zip(_ids(picks), picks, strict=True)
        )

    def _counted(self, piece: object) -> str:
        """A text without halves of characters, which nothing can store."""
        if not isinstance(piece, str):
            return ""
        self.size += len(piece)
        if self.size > MOST_WORDS:
            raise TooMuchError
        return whole(piece)


def _ids(picks: Sequence[_Pick]) -> list[str]:
    """One for each: its own where that is an id that no other has, else one of ours."""
    given = [pick.id for pick in picks]
    ours = (name for number in count(1) if (name := f"pick-{number}") not in given)
    return [id if _ID.fullmatch(id) and given.count(id) == 1 else next(ours) for id in given]


def whole(text: str) -> str:
    """A text that can be written as UTF-8."""
    return text.encode("utf8", "replace").decode("utf8")


def arguments_of(text: str, schema: Json) -> Json | None:
    """The arguments of a pick; none written are none. None where they are no JSON object."""
    try:
        found = parsed(text or "{}")
        clean = _clean(found, DEEPEST)
    except UnreadableError:
        return None
    return without_nulls(clean, schema) if isinstance(clean, dict) else None


def _clean(value: Any, levels: int) -> Any:
    if levels == 0:
        raise UnreadableError("too deep")
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [_clean(each, levels - 1) for each in value]
    if isinstance(value, dict):
        return {whole(name): _clean(each, levels - 1) for name, each in value.items()}
    return value


def table(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A table inside an event, empty where there is none."""
    found = event.get(name)
    return found if isinstance(found, dict) else {}


def rows(event: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of tables inside an event; what is no table is left out."""
    found = event.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def heard_of(tools: Sequence[Tool]) -> frozenset[str]:
    """The names of those that say something."""
    return frozenset(tool.name for tool in tools if tool.says)
