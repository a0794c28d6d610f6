"""Speech services for tests: aimock, which others wrote, and a server of our own that misbehaves as told. Real sockets, loopback."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers import aimock

ROOT = Path(__file__).parents[2]
NOTE = ROOT.parent / "shared/data/voice_note_espeak.ogg"
"""Somebody says: Restart the nginx service on web one, please confirm."""


@contextlib.contextmanager
def hearing(folder: Path, said: str) -> Iterator[str]:
    """aimock hears `said` in every sound. The URL for `[speech]`."""
    fixtures = folder / "fixtures"
    fixtures.mkdir()
    heard = {"match": {"endpoint": "transcription"}, "response": {"transcription": {"text": said}}}
    speech = {"match": {"endpoint": "speech"}, "response": {"audio": "SUQzBAAAAAAA"}}
    (fixtures / "all.json").write_text(json.dumps({"fixtures": [heard, speech]}))
    with aimock.serving(fixtures) as url:
        yield f"{url}/v1"


def text(words: str) -> bytes:
    return json.dumps({"text": words}).encode()


@dataclass
class Service:
    """Answers each request with the next of `answers`, the last one again and again: status, body, headers. While `gate` is
    not set, requests stand; `asked` are their paths and bodies in order, `begun` is set by the first."""

    answers: list[tuple[int, bytes, dict[str, str]]]
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def says(self, words: str) -> None:
        self.answers = [(200, text(words), {})]

    def next(self) -> tuple[int, bytes, dict[str, str]]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextlib.contextmanager
def service(*answers: tuple[int, bytes, dict[str, str]], port: int = 0) -> Iterator[Service]:
    """A service that answers as told. It begins with its gate open."""
    told = Service(list(answers) or [(200, text("hello"), {})])
    told.gate.set()
    server = ThreadingHTTPServer(("127.0.0.1", port), _answering(told))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield told
    finally:
        told.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _body(asked: BaseHTTPRequestHandler) -> bytes:
    """Whole, however it is sent."""
    if asked.headers.get("Transfer-Encoding") != "chunked":
        return asked.rfile.read(int(asked.headers.get("Content-Length", 0)))
    whole = b""
    while size := int(asked.rfile.readline(), 16):
        whole += asked.rfile.read(size)
        asked.rfile.readline()
    asked.rfile.readline()
    return whole


def _answering(told: Service) -> Callable[..., Any]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(_body(self))

        def _answer(self, body: bytes) -> None:
            told.asked.append((self.path, body))
            told.begun.set()
            told.gate.wait()
            status, answer, head = told.next()
            with contextlib.suppress(OSError):
                self.send_response(status)
                for name, value in head.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    return Answering
