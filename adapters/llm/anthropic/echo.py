"""Thoughts of Claude, to be sent back with the picks that they led to. Filled by `adapters.llm.anthropic.reader`, used by
`adapters.llm.anthropic.shape`.

Newer models think before they pick, and want the whole of what they sent, signed as it was, when they are told what came of it; but
only where nothing before it has changed. So an answer is kept with a digest of all that came before it, in memory and not for long.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from adapters.llm.answer import table, whole
from adapters.llm.stream import Event, UnreadableError, parsed

MOST_KEPT = 64
"""Answers."""
MOST_OF_ONE = 256 * 1024
"""Characters."""
_THOUGHTS = {"thinking", "redacted_thinking"}
_PARTS = {
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "text_delta": "text",
    "input_json_delta": "partial_json",
}
_KEPT = {
    "thinking": ("thinking", "signature"),
    "redacted_thinking": ("data",),
    "text": ("text",),
    "tool_use": ("id", "name"),
}

Content = list[dict[str, Any]]


class Blocks(Struct):
    """One answer, block by block, as it came."""

    blocks: dict[int, dict[str, Any]] = field(default_factory=dict)
    odd: bool = False
    size: int = 0

    def take(self, event: Event) -> None:
        """One event of the answer; what is not understood makes the whole of it unfit to be sent back."""
        index = event.get("index")
        if not isinstance(index, int):
            return
        if event.get("type") == "content_block_start":
            self._begin(index, table(event, "content_block"))
        elif event.get("type") == "content_block_delta":
            self._add(index, table(event, "delta"))

    def content(self) -> Content | None:
        """All blocks in order; None where there are no thoughts among them, or something odd."""
        kinds = {block["type"] for block in self.blocks.values()}
        if self.odd or not kinds & _THOUGHTS:
            return None
        try:
            return [_finished(self.blocks[index]) for index in sorted(self.blocks)]
        except UnreadableError:
            return None

    def _begin(self, index: int, block: Event) -> None:
        kind = block.get("type")
        names = _KEPT.get(kind, ()) if isinstance(kind, str) else ()
        given = {name: block[name] for name in names if block.get(name) is not None}
        kept = {name: each for name, each in given.items() if isinstance(each, str)}
        if not names or kept != given or index in self.blocks:
            self.odd = True
            return
        self.blocks[index] = {"type": kind, **kept}
        self._count("".join(kept.values()))

    def _add(self, index: int, delta: Event) -> None:
        kind = delta.get("type")
        name = _PARTS.get(kind) if isinstance(kind, str) else None
        piece = delta.get(name) if name else None
        block = self.blocks.get(index)
        if name is None or not isinstance(piece, str) or block is None:
            self.odd = True
            return
        block.setdefault(f"+{name}", []).append(piece)
        self._count(piece)

    def _count(self, piece: str) -> None:
        self.size += len(piece)
        if self.size > MOST_OF_ONE:
            self.blocks.clear()
            self.odd = True


def _finished(block: Mapping[str, Any]) -> dict[str, Any]:
    """A block whose pieces are put together."""
    made = {name: value for name, value in block.items() if not name.startswith("+")}
    for name in ("thinking", "signature", "text"):
        made[name] = whole(made.get(name, "") + "".join(block.get(f"+{name}", ())))
    kept = {name: made[name] for name in ("type", *_KEPT[block["type"]]) if name in made}
    if block["type"] == "tool_use":
        kept["input"] = parsed("".join(block.get("+partial_json", ())) or "{}")
    return kept


class Echoes:
    """The last answers with thoughts, each under what came before it and the ids of its picks."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Content] = OrderedDict()

    def keep(self, question: Mapping[str, Any], ids: Sequence[str], content: Content) -> None:
        """The answer to `question`."""
        self._kept[_key(question, question["messages"], ids)] = content
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def of(
        self, question: Mapping[str, Any], before: Sequence[Any], ids: Sequence[str]
    ) -> Content | None:
        """The answer with these picks, if all that stands before it is as it was."""
        return self._kept.get(_key(question, before, ids)) if self._kept else None


def _key(question: Mapping[str, Any], messages: Sequence[Any], ids: Sequence[str]) -> str:
    before = [question.get(name) for name in ("model", "system", "tools")]
    words = json.dumps([before, messages, ids], sort_keys=True)
    return hashlib.sha256(words.encode()).hexdigest()
