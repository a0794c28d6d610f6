"""Bytes of an answer into its events. Used by `adapters.llm.asking`.

The SDKs have decoders of their own; these copy an event anew for each of its lines, so that two million short lines would keep the
bot busy for hours, and they make objects of whatever comes. Here an answer is read once, up to a limit, as plain JSON objects.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from typing import Any, NoReturn

Event = Mapping[str, Any]

MOST_OF_AN_EVENT = 400_000
"""Bytes. The longest is a whole pick in one piece."""
MOST_LINES = 200_000
"""Of an answer; each of its tokens takes three."""
_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")


class UnreadableError(ValueError):
    """What came is no stream of JSON objects."""


async def events(chunks: AsyncIterable[bytes]) -> AsyncGenerator[Event, None]:
    """The `data:` of every event, up to `[DONE]`. What stands behind the last blank line is no event yet. Raises
    UnreadableError."""
    data: list[bytes] = []
    size, count, begun = 0, 0, False
    async for line in _lines(chunks):
        size, count = size + len(line), count + 1
        if size > MOST_OF_AN_EVENT or count > MOST_LINES:
            raise UnreadableError("an event without end")
        if line and not begun and not line.startswith(_FIELDS):
            # A page, or a plain answer, in the place of a stream.
            raise UnreadableError("no stream")
        if line.startswith(b"data:"):
            data.append(line[5:])
        if line:
            continue
        words, data, size = b"\n".join(data).strip(), [], 0
        if words.startswith(b"[DONE]"):
            return
        if words:
            begun = True
            yield _event(words)


async def _lines(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    begun = bytearray()
    async for chunk in chunks:
        for piece in chunk.splitlines(keepends=True):
            begun += piece
            if piece.endswith((b"\n", b"\r")):
                yield bytes(begun).rstrip(b"\r\n")
                begun.clear()
        if len(begun) > MOST_OF_AN_EVENT:
            raise UnreadableError("a line without end")
    if begun:
        yield bytes(begun)


def _event(words: bytes) -> Event:
    found = parsed(words.decode("utf8", "replace"))
    if not isinstance(found, dict):
        raise UnreadableError("no object")
    return found


def parsed(text: str) -> Any:
    """JSON as it may be written: no NaN, nothing nested without end. Raises UnreadableError."""
    try:
        return json.loads(text, parse_constant=_no)
    except (ValueError, RecursionError) as error:
        raise UnreadableError("no JSON") from error


def _no(constant: str) -> NoReturn:
    raise ValueError(constant)
