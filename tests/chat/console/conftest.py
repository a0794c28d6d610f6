"""A console over real pipes, in this process."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.chat.console.settings import PLUGIN, Settings
from bot.clock import SystemClock
from bot.model.people import Conversation
from bot.model.reports import Outgoing, Paragraph, Report

ROOM = Conversation("console", "console", "t1")


@dataclass
class Piped:
    """A console and the other ends of its pipes."""

    chat: object
    stdin: int
    stdout: int
    own: tuple[int, int]
    _rest: bytes = field(default=b"")

    def write(self, *lines):
        os.write(
            self.stdin, b"".join(line if isinstance(line, bytes) else _json(line) for line in lines)
        )

    def close_input(self):
        os.close(self.stdin)
        self.stdin = -1

    async def events(self):
        """Everything heard until the input ends."""
        return [event async for batch in self.chat.listen(None) for event in batch.events]

    def lines(self, count):
        """The next `count` lines that were printed."""
        while self._rest.count(b"\n") < count:
            chunk = os.read(self.stdout, 1 << 16)
            assert chunk, "the output ended"
            self._rest += chunk
        *found, self._rest = self._rest.split(b"\n", count)
        return [json.loads(line) for line in found]


def _json(line):
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


@pytest.fixture
def piped():
    source, stdin = os.pipe()
    stdout, sink = os.pipe()
    chat = PLUGIN.load()(
        "console",
        Settings(impersonate=True),
        "infra",
        Path("."),
        SystemClock(),
        face="json",
        person="alice",
        descriptors=(source, sink),
    )
    pipes = Piped(chat, stdin, stdout, (source, sink))
    yield pipes
    if pipes.stdin >= 0:
        os.close(pipes.stdin)
    for descriptor in (stdout, source, sink):
        os.close(descriptor)


@pytest.fixture
def said():
    """Makes something to send."""

    def make(number, kind="post", text="hello", **more):
        report = Report("answer", (Paragraph(text),)) if kind != "react" else None
        return Outgoing(f"k{number}", number, ROOM, kind, report, **more)

    return make
