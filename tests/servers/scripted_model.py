"""A model that says what a test tells it to: an OpenAI-compatible server on loopback, with streaming. What it was asked is kept.

Used where a model must misbehave on purpose; aimock, which others wrote, is the stand-in for everything else.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pick:
    """One tool call."""

    tool: str
    arguments: Mapping[str, Any] | str

    @property
    def written(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True, slots=True)
class Picks:
    """A whole answer. It halts behind each of `halts`, which are parts of what is written as arguments, until the test lets it `go` on;
    one that is `broken` ends at its last halt."""

    calls: tuple[Pick, ...] = ()
    text: str = ""
    status: int = 200
    halts: tuple[str, ...] = ()
    broken: bool = False


Answer = Callable[[Json], Picks]


def step(
    section: str, number: int = 1, agent: str = "web1", after: tuple[str, ...] = (), **slots: Any
) -> Pick:
    """A pick of a section, as the planner offers it."""
    name = section.replace("/", "__")
    return Pick(name, {"Step": str(number), "Agent": agent, "After": list(after), **slots})


def conclude(answer: str, *evidence: int, missing: str = "") -> Pick:
    """The end of an investigation."""
    given = {"answer": answer, "evidence": [str(x) for x in evidence], "not_looked_at": missing}
    return Pick("conclude", given)


@dataclass
class ScriptedModel:
    """`answer` decides what is said to each question; the last answer is said again when `script` is over. `took` is in seconds,
    an answer each."""

    script: list[Picks] = field(default_factory=list)
    answer: Answer | None = None
    asked: list[Json] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    port: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def words(self) -> str:
        """Everything that was ever said to it."""
        return json.dumps(self.asked)

    def says(
        self, *calls: Pick, text: str = "", halts: tuple[str, ...] = (), broken: bool = False
    ) -> None:
        """Its next answer."""
        self.script.append(Picks(calls, text, halts=halts, broken=broken))

    def go(self) -> None:
        """On from a halt."""
        self.turns.release()

    def reply(self, asked: Json) -> Picks:
        self.asked.append(asked)
        self.gate.wait(30)
        if self.answer is not None:
            return self.answer(asked)
        return self.script.pop(0) if len(self.script) > 1 else (self.script or [Picks()])[0]


def table(model: ScriptedModel, name: str = "openai", more: str = "") -> str:
    """The provider `name` of a configuration, which is this model; `more` are further lines of its table."""
    return f'[llm.{name}]\nmodel = "scripted"\nbase_url = "{model.url}"\n{more}\n'


def asking(model: ScriptedModel, lines: str = "", more: str = "") -> str:
    """The part of a configuration that asks this model alone; `lines` are further ones of `[llm]`, `more` of the provider."""
    return f'[llm]\norder = ["openai"]\n{lines}\n{table(model, more=more)}'


@contextmanager
def serving(model: ScriptedModel) -> Iterator[ScriptedModel]:
    """It listens, until the end of the block."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            begun = time.perf_counter()
            body = self.rfile.read(int(self.headers["Content-Length"]))
            picks = model.reply(json.loads(body))
            self._answer(picks)
            model.took.append(time.perf_counter() - begun)

        def _answer(self, picks: Picks) -> None:
            if picks.status != 200:
                self._send(picks.status, b'{"error": {"message": "no"}}', "application/json")
                return
            if picks.halts:
                _slowly(self, picks, model.turns)
            else:
                self._send(200, b"".join(_events(picks)), "text/event-stream")

        def do_GET(self) -> None:
            self._send(
                200,
                b'{"object": "list", "data": [{"id": "scripted", "object": "model"}]}',
                "application/json",
            )

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: tests read what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    model.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        model.gate.set()
        server.shutdown()
        server.server_close()


def _slowly(asked: BaseHTTPRequestHandler, picks: Picks, turns: threading.Semaphore) -> None:
    """Piece by piece; the end of the connection is the end of the answer."""
    asked.send_response(200)
    asked.send_header("Content-Type", "text/event-stream")
    asked.end_headers()
    with contextlib.suppress(ConnectionError):  # whoever asked may have been killed
        for event in _events(picks):
            asked.wfile.write(event)
            if not event:
                turns.acquire(timeout=30)


def _events(picks: Picks) -> Iterator[bytes]:
    yield _chunk({"role": "assistant", "content": picks.text})
    for number, pick in enumerate(picks.calls):
        first, *rest = _parts(pick.written, picks.halts)
        function = {"name": pick.tool, "arguments": first}
        call = {"index": number, "id": f"call_{number}", "type": "function", "function": function}
        yield _chunk({"tool_calls": [call]})
        for part in rest:
            yield b""
            if picks.broken and part is rest[-1]:
                return
            yield _chunk({"tool_calls": [{"index": number, "function": {"arguments": part}}]})
    yield _chunk({}, "tool_calls" if picks.calls else "stop")
    usage = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
    yield _event({**_HEAD, "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _parts(written: str, halts: tuple[str, ...]) -> list[str]:
    """What is written, up to and with each halt that stands in it."""
    parts: list[str] = []
    for halt in halts:
        before, found, after = written.partition(halt)
        if found:
            parts.append(before + found)
            written = after
    return [*parts, written]


_HEAD: Json = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}


def _chunk(delta: Json, finish: str | None = None) -> bytes:
    return _event({**_HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _event(data: Json) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
