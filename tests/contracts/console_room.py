"""The room that is `parley chat --json`: lines in, lines out.

Whoever writes the lines cannot know what arrived before a kill, so at every start all of them are written again,
under the ids they had.
"""

import asyncio
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.contracts import world
from tests.contracts.heard import Heard, Json, Line, Said
from tests.contracts.room import Room

PARLEY = str(Path(sys.executable).with_name("parley"))


class ConsoleRoom(Room):
    """`command` is what to start; by default the real thing."""

    def __init__(self, folder: Path, port: int, command: Sequence[str] = ()) -> None:
        super().__init__(folder / "parley.log")
        accounts = {name: name for name in world.KNOWN}
        table = "[chat.console]\nimpersonate = true"
        self.configuration = world.write(folder, port, table, "console", accounts)
        self._command = list(command) or [PARLEY, "-c", str(self.configuration), "chat", "--json"]
        self._numbers = itertools.count(1)
        self._written: list[bytes] = []
        self._lines: list[Line] = []
        self._offers: dict[str, frozenset[str]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def says(self, person: str, text: str, thread: str | None = None) -> Said:
        number = next(self._numbers)
        said = Said(f"m{number}", thread or f"t{number}")
        await self._write({"id": said.id, "as": person, "text": text, "thread": said.thread})
        return said

    async def speaks(self, person: str, sound: bytes, thread: str) -> Said:
        number = next(self._numbers)
        file = self.log.with_name(f"note{number}.ogg")
        file.write_bytes(sound)
        said = Said(f"m{number}", thread)
        line = {"id": said.id, "as": person, "file": str(file), "text": "", "thread": thread}
        await self._write(line)
        return said

    async def rewrites(self, person: str, said: Said, text: str) -> None:
        await self._write({"id": said.id, "as": person, "text": text, "thread": said.thread})

    async def reacts(self, person: str, emoji: str, message: str) -> None:
        await self._write({"id": self._id(), "as": person, "react": emoji, "to": message})

    async def unreacts(self, person: str, emoji: str, message: str) -> None:
        await self._write({"id": self._id(), "as": person, "unreact": emoji, "to": message})

    async def heard(self) -> Heard:
        return Heard(list(self._lines), dict(self._offers))

    async def start_bot(self) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=1 << 22,
            )
        self._reading = asyncio.create_task(self._read(self.process))
        for line in self._written:
            await self._send(line)

    async def close(self) -> None:
        await self.kill_bot()

    async def _gone(self) -> None:
        if self._reading is not None:
            await self._reading
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        await super()._gone()

    def _id(self) -> str:
        return f"r{next(self._numbers)}"

    async def _write(self, line: Json) -> None:
        raw = json.dumps(line).encode() + b"\n"
        self._written.append(raw)
        if self.process is not None:
            await self._send(raw)

    async def _send(self, raw: bytes) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(raw)
        await self.process.stdin.drain()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for raw in process.stdout:
            if raw.endswith(b"\n"):  # the last words of a killed process may be cut off
                self._note(json.loads(raw))

    def _note(self, line: Json) -> None:
        report = line.get("report") or {}
        if line["event"] == "error":
            raise AssertionError(line)
        if report.get("kind") == "plan":
            controls = frozenset(each["emoji"] for each in report["controls"])
            self._offers[line["message"]] = controls
        self._lines.append(
            Line(
                event=line["event"],
                message=line["message"],
                thread=line.get("thread", ""),
                only_to=line.get("only_to"),
                text=line.get("text", ""),
                kind=report.get("kind", ""),
                data=report,
                emoji=line.get("emoji", ""),
            )
        )
