"""Events of the chat endpoint as an answer. Used by `adapters.llm.openai.model`."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from adapters.llm.answer import Answer, heard_of, rows, table
from adapters.llm.errors import told_in_the_answer
from adapters.llm.prices import spent, tokens
from adapters.llm.settings import Settings
from adapters.llm.stream import Event
from bot.model.llm import End, Piece, Prompt, Reply, Usage

_ENDS: dict[str, End] = {
    "stop": "said",
    "tool_calls": "picked",
    "function_call": "picked",
    "content_filter": "refused",
}


class Reader(Struct):
    """One answer. Only the first of several choices counts; thoughts are passed over."""

    name: str
    settings: Settings
    prompt: Prompt
    answer: Answer = field(default_factory=Answer)
    usage: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    stop: str = ""
    refused: bool = False

    def __post_init__(self) -> None:
        self.answer.heard = heard_of(self.prompt.tools)

    def take(self, event: Event) -> list[Piece]:
        """As in `asking.Reader`."""
        if event.get("error"):
            raise told_in_the_answer(self.name, self.settings, event)
        model = event.get("model")
        self.model = self.model or (model[:200] if isinstance(model, str) else "")
        self.usage = table(event, "usage") or self.usage
        pieces: list[Piece] = []
        for choice in rows(event, "choices")[:1]:
            pieces = self._delta(table(choice, "delta"))
            stop = choice.get("finish_reason")
            self.stop = stop if isinstance(stop, str) else self.stop
        return pieces

    def reply(self) -> Reply | None:
        """As in `asking.Reader`."""
        if not self.stop:
            return None
        calls = self.answer.calls(self.prompt.tools)
        end: End = "refused" if self.refused else _ENDS.get(self.stop, "cut")
        if end in {"said", "picked"}:
            # Some servers end a pick with "stop".
            end = "picked" if calls else "said"
        return Reply(self.answer.text(), calls, end, self._spent(), self.model)

    def _delta(self, delta: Event) -> list[Piece]:
        self.refused = self.refused or bool(delta.get("refusal"))
        pieces: list[Piece] = []
        for pick in rows(delta, "tool_calls"):
            function = table(pick, "function")
            pieces += self.answer.pick(
                pick.get("index"),
                id=pick.get("id"),
                tool=function.get("name"),
                arguments=function.get("arguments"),
            )
        return [*pieces, *self.answer.say(delta.get("content"))]

    def _spent(self) -> Usage:
        read = tokens(self.usage, "prompt_tokens")
        kept = min(read, tokens(self.usage, "prompt_tokens_details", "cached_tokens"))
        usage = Usage(read - kept, kept, tokens(self.usage, "completion_tokens"))
        return spent(self.settings, self.model, self.usage, usage)
