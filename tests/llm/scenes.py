"""Models whose service is a function: what it was asked is kept, what it answers is told. Both kinds of events, by hand."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2

from adapters.llm.anthropic.settings import PLUGIN as ANTHROPIC
from adapters.llm.openai.settings import OLLAMA
from adapters.llm.openai.settings import PLUGIN as OPENAI
from bot.model.errors import ParleyError
from bot.model.llm import Piece, Prompt, Reply, Said, Tool

KEY = "sk-this-key-is-secret"
PLUGINS = {"anthropic": ANTHROPIC, "openai": OPENAI, "ollama": OLLAMA}
KINDS = ("anthropic", "openai", "ollama")
NAMES = {"anthropic": "claude-sonnet-5-5", "openai": "gpt-4o-mini", "ollama": "qwen3:8b"}
TOOL = Tool(
    "nginx__add",
    "Add a site.",
    {
        "type": "object",
        "properties": {
            "domain": {"type": "string"},
            "port": {"type": "string"},
            "mode": {"type": "string", "enum": ["http", "https"]},
            "names": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["domain"],
        "additionalProperties": False,
    },
)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class Clock:
    """Noon for ever; `slept` are the pauses, which take no time."""

    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass
class Service:
    """Answers each request with the next of `answers`, the last one again and again."""

    answers: list[Callable[[], httpx2.Response] | Exception]
    asked: list[httpx2.Request] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer()

    @property
    def body(self) -> dict[str, Any]:
        """What was asked last."""
        found: dict[str, Any] = json.loads(self.asked[-1].content)
        return found


def settings(kind: str, **more: Any) -> Any:
    """As `[llm.NAME]` gives them, with a key unless said."""
    table = {"model": NAMES[kind], "api_key": KEY, **more}
    return PLUGINS[kind].settings.model_validate(table)


def opened(kind: str, service: Service, **more: Any) -> Any:
    """The model `[llm.it]`, whose network is `service`."""
    transport = httpx2.MockTransport(service)
    return PLUGINS[kind].load()("it", settings(kind, **more), service.clock, transport)


def prompt(text: str = "add a site", *, tools: tuple[Tool, ...] = (TOOL,), **more: Any) -> Prompt:
    return Prompt("You plan work.", tools, (Said("user", text),), **more)


async def said(kind: str, service: Service, asked: Prompt | None = None, **more: Any) -> list[Any]:
    """Every piece of the answer, words as a text, the reply last; a ParleyError in the place of it where one was raised."""
    model = opened(kind, service, **more)
    found: list[Any] = []
    try:
        async for piece in model.reply(asked or prompt()):
            found.append(plainly(piece))
    except ParleyError as error:
        found.append(error)
    await model.close()
    return found


def plainly(piece: Any) -> Any:
    """Words as a text."""
    return piece.text if isinstance(piece, Piece) and not piece.tool else piece


async def reply(kind: str, service: Service, asked: Prompt | None = None, **more: Any) -> Reply:
    last = (await said(kind, service, asked, **more))[-1]
    assert isinstance(last, Reply), last
    return last


async def failure(
    kind: str, service: Service, asked: Prompt | None = None, **more: Any
) -> ParleyError:
    last = (await said(kind, service, asked, **more))[-1]
    assert isinstance(last, ParleyError), last
    return last


def stream(*chunks: bytes, status: int = 200, **headers: str) -> Callable[[], httpx2.Response]:
    """An answer in these chunks."""

    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    head = {"content-type": "text/event-stream", **headers}
    return lambda: httpx2.Response(status, headers=head, content=body())


def plain(status: int, body: Any = None, **headers: str) -> Callable[[], httpx2.Response]:
    """An answer that is no stream."""
    text = json.dumps(body if body is not None else {"error": {"message": f"Your key {KEY}"}})
    return lambda: httpx2.Response(status, headers=headers, text=text)


def service(*answers: Callable[[], httpx2.Response] | Exception) -> Service:
    return Service(list(answers))


def event(data: Any) -> bytes:
    kind = data.get("type", "message") if isinstance(data, dict) else "message"
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def claude(
    *pieces: str,
    picks: tuple[tuple[str, str, str], ...] = (),
    stop: str | None = None,
    usage: dict[str, Any] | None = None,
) -> list[bytes]:
    """Anthropic's events: words piece by piece, then (id, tool, arguments) in halves."""
    made: list[Any] = [
        {
            "type": "message_start",
            "message": {"model": "claude-sonnet-5-5", "usage": usage or {"input_tokens": 7}},
        },
        {"type": "ping"},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ]
    made += [_delta(0, {"type": "text_delta", "text": piece}) for piece in pieces]
    for place, (id, tool, arguments) in enumerate(picks, 1):
        block = {"type": "tool_use", "id": id, "name": tool, "input": {}}
        made.append({"type": "content_block_start", "index": place, "content_block": block})
        for half in _halves(arguments):
            made.append(_delta(place, {"type": "input_json_delta", "partial_json": half}))
        made.append({"type": "content_block_stop", "index": place})
    stop = stop or ("tool_use" if picks else "end_turn")
    made += [
        {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]
    return [event(each) for each in made]


def _delta(place: int, delta: dict[str, str]) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": place, "delta": delta}


def chat(
    *pieces: str,
    picks: tuple[tuple[str, str, str], ...] = (),
    stop: str | None = None,
    usage: dict[str, Any] | None = None,
) -> list[bytes]:
    """The same as events of the chat endpoint."""
    deltas: list[Any] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in pieces]
    for place, (id, tool, arguments) in enumerate(picks):
        first, second = _halves(arguments)
        begun = {"index": place, "id": id, "function": {"name": tool, "arguments": first}}
        deltas += [
            {"tool_calls": [begun]},
            {"tool_calls": [{"index": place, "function": {"arguments": second}}]},
        ]
    made: list[Any] = [{"model": "gpt-4o-mini", "choices": [{"delta": each}]} for each in deltas]
    stop = stop or ("tool_calls" if picks else "stop")
    made.append({"choices": [{"delta": {}, "finish_reason": stop}]})
    counts = usage or {"prompt_tokens": 7, "completion_tokens": 5}
    made.append({"choices": [], "usage": counts})
    return [*(event(each) for each in made), b"data: [DONE]\n\n"]


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def answer(kind: str, *pieces: str, **more: Any) -> list[bytes]:
    """The events of this kind."""
    return claude(*pieces, **more) if kind == "anthropic" else chat(*pieces, **more)
