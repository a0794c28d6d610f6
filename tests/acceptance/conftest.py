"""The bot as its users see it: a real `parley chat --json` process over a folder, spoken to line by line."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.servers.scripted_model import ScriptedModel, asking

PARLEY = Path(sys.executable).with_name("parley")
PATIENCE = 30.0
"""Seconds after which something that should have been said counts as never said. Not a measure of speed."""

CONFIGURATION = """\
[bot]
data = "data"

[chat.console]
impersonate = true

[[agents]]
name = "web1"
aliases = ["web"]
target = "local:"
packs = ["demo-site", "linux-facts"{packs}]
level = 3
vars = {{ root = "{sites}", port = {port} }}
{more}
[[people]]
name = "alice"
roles = ["operator"]

[[people]]
name = "bob"
roles = ["operator"]

[[people]]
name = "guest"
roles = []
"""


class Bot:
    """One process. What it says is kept in order; `says` takes the next post that fits."""

    def __init__(self, configuration: Path, environment: dict[str, str] | None = None) -> None:
        self._configuration = configuration
        self._environment = {**os.environ, **(environment or {})}
        self.heard: list[dict[str, Any]] = []
        self.edits: dict[str, list[dict[str, Any]]] = {}
        self._number = 0
        self.start()

    def start(self) -> None:
        """Begin, or begin again, on the same folder."""
        self.process = subprocess.Popen(
            [PARLEY, "-c", self._configuration, "chat", "--json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._reader = threading.Thread(
            target=self._read, args=(self.process, self._lines), daemon=True
        )
        self._reader.start()

    @staticmethod
    def _read(process: Any, lines: "queue.Queue[dict[str, Any] | None]") -> None:
        for line in process.stdout:
            lines.put(json.loads(line))
        lines.put(None)

    def hears(self, text: str, by: str = "alice", thread: str = "t1", id: str | None = None) -> str:
        """Somebody writes. Returns the message's id."""
        self._number += 1
        name = id or f"m{self._number}"
        self.line({"id": name, "as": by, "text": text, "thread": thread})
        return name

    def reacts(self, emoji: str, to: str, by: str = "bob", *, off: bool = False) -> None:
        """Somebody puts an emoji on a message, or takes it off."""
        self.line({"as": by, "unreact" if off else "react": emoji, "to": to})

    def clicks(self, action: str, to: str, by: str = "bob") -> None:
        self.line({"as": by, "click": action, "to": to})

    def line(self, line: dict[str, Any]) -> None:
        self.raw(json.dumps(line))

    def raw(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def next(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next line that fits; the others on the way are kept in `heard` and `edits`."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"Never said. Heard: {self.transcript()}") from None
            if line is None:
                assert self.process.stderr is not None
                raise AssertionError(
                    f"The bot ended. Heard: {self.transcript()}\n{self.process.stderr.read()}"
                )
            self._keep(line)
            if fits(line):
                return line

    def _keep(self, line: dict[str, Any]) -> None:
        self.heard.append(line)
        if line["event"] == "edit":
            self.edits.setdefault(line["message"], []).append(line)

    def says(self, *kinds: str, thread: str | None = None) -> dict[str, Any]:
        """The next post of one of these kinds."""

        def fits(line: dict[str, Any]) -> bool:
            kind = (line.get("report") or {}).get("kind")
            return line["event"] == "post" and kind in kinds and thread in {None, line["thread"]}

        return self.next(fits)

    def card(self, message: str, state: str) -> dict[str, Any]:
        """The card when it has reached a state, by the edit that says so."""

        def fits(line: dict[str, Any]) -> bool:
            return line.get("message") == message and _state(line) == state

        seen = [line for line in self.edits.get(message, []) if _state(line) == state]
        return seen[-1] if seen else self.next(fits)

    def end(self, code: int = 0) -> None:
        """End of input: everything that runs is finished, then it exits."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        while True:
            line = self._lines.get(timeout=PATIENCE)
            if line is None:
                break
            self._keep(line)
        assert self.process.wait(PATIENCE) == code, self.transcript()

    def kill(self) -> None:
        """kill -9."""
        self.close()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def posts(self, thread: str) -> list[str]:
        """The kinds of everything posted in a thread so far."""
        return [
            line["report"]["kind"]
            for line in self.heard
            if line["event"] == "post" and line["thread"] == thread
        ]

    def transcript(self) -> str:
        return "\n".join(json.dumps(line, ensure_ascii=False)[:400] for line in self.heard)


def _state(line: dict[str, Any]) -> str | None:
    plan = (line.get("report") or {}).get("plan") or {}
    state: str | None = plan.get("state")
    return state


class Sites(SimpleHTTPRequestHandler):
    """A static file server that keeps quiet."""

    def log_message(self, format: str, *arguments: Any) -> None:
        return


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A folder of sites, and the port on which it is served."""
    folder = tmp_path / "sites"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Sites, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield folder, server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def configure(tmp_path: Path, sites: tuple[Path, int]) -> Callable[..., Path]:
    """Writes parley.toml; `more` are further tables, `packs` further packs of web1."""

    def write(more: str = "", packs: str = "", port: int | None = None) -> Path:
        folder, served = sites
        path = tmp_path / "parley.toml"
        text = CONFIGURATION.format(sites=folder, port=port or served, more=more, packs=packs)
        path.write_text(text, encoding="utf8")
        return path

    return write


@pytest.fixture
def bots() -> Iterator[Callable[[Path], Bot]]:
    """Starts bots, and ends them all."""
    started: list[Bot] = []

    def start(configuration: Path) -> Bot:
        started.append(Bot(configuration))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def with_model(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], model: ScriptedModel
) -> Callable[[str], Bot]:
    """A bot that asks `model` alone; the argument is further lines of `[llm]`."""
    return lambda lines="": bots(configure(asking(model, lines)))


@pytest.fixture
def bot(configure: Callable[..., Path], bots: Callable[[Path], Bot]) -> Bot:
    """A bot with one agent, web1, and the people alice and bob (operators) and guest (nobody)."""
    return bots(configure())
