"""Anthropic's events as an answer. Used by `adapters.llm.anthropic.model`."""

import json
from typing import Any

from msgspec import Struct, field

from adapters.llm.answer import Answer, heard_of, table
from adapters.llm.anthropic.echo import Blocks, Echoes
from adapters.llm.anthropic.settings import Settings
from adapters.llm.errors import told_in_the_answer
from adapters.llm.prices import spent, tokens
from adapters.llm.stream import Event
from bot.model.llm import End, Piece, Prompt, Reply, Usage

_ENDS: dict[str, End] = {
    "end_turn": "said",
    "stop_sequence": "said",
    "tool_use": "picked",
    "refusal": "refused",
}


class Reader(Struct):
    """One answer. Events of kinds that are not known here are passed over; thoughts are kept apart, for nobody to read."""

    name: str
    settings: Settings
    prompt: Prompt
    question: Event
    echoes: Echoes
    answer: Answer = field(default_factory=Answer)
    blocks: Blocks = field(default_factory=Blocks)
    usage: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    stop: str = ""

    def __post_init__(self) -> None:
        self.answer.heard = heard_of(self.prompt.tools)

    def take(self, event: Event) -> list[Piece]:
        """As in `asking.Reader`."""
        self.blocks.take(event)
        match event.get("type"):
            case "message_start":
                self._start(table(event, "message"))
            case "content_block_start":
                return self._block(event.get("index"), table(event, "content_block"))
            case "content_block_delta":
                return self._delta(event.get("index"), table(event, "delta"))
            case "message_delta":
                stop = table(event, "delta").get("stop_reason")
                self.stop = stop if isinstance(stop, str) else self.stop
                self._count(table(event, "usage"))
            case "error":
                raise told_in_the_answer(self.name, self.settings, event)
            case _:
                pass
        return []

    def reply(self) -> Reply | None:
        """As in `asking.Reader`."""
        if not self.stop:
            return None
        calls = self.answer.calls(self.prompt.tools)
        end: End = _ENDS.get(self.stop, "cut")
        if end in {"said", "picked"}:
            end = "picked" if calls else "said"
        content = self.blocks.content()
        if content is not None and calls:
            self.echoes.keep(self.question, [call.id for call in calls], content)
        return Reply(self.answer.text(), calls, end, self._spent(), self.model)

    def _start(self, message: Event) -> None:
        model = message.get("model")
        self.model = model[:200] if isinstance(model, str) else ""
        self._count(table(message, "usage"))

    def _block(self, index: object, block: Event) -> list[Piece]:
        if block.get("type") == "text":
            return self.answer.say(block.get("text"))
        if block.get("type") == "tool_use":
            given = block.get("input")
            arguments = json.dumps(given) if given else None
            id, tool = block.get("id"), block.get("name")
            return self.answer.pick(index, id=id, tool=tool, arguments=arguments)
        return []

    def _delta(self, index: object, delta: Event) -> list[Piece]:
        if delta.get("type") == "text_delta":
            return self.answer.say(delta.get("text"))
        if delta.get("type") == "input_json_delta":
            return self.answer.pick(index, arguments=delta.get("partial_json"))
        return []

    def _count(self, usage: Event) -> None:
        """Later counts are of the whole answer and take the place of earlier ones."""
        self.usage |= {name: count for name, count in usage.items() if count is not None}

    def _spent(self) -> Usage:
        kept = tokens(self.usage, "cache_read_input_tokens")
        fresh = tokens(self.usage, "input_tokens")
        fresh += tokens(self.usage, "cache_creation_input_tokens")
        usage = Usage(fresh, kept, tokens(self.usage, "output_tokens"))
        return spent(self.settings, self.model, self.usage, usage, "anthropic")
