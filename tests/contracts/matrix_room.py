"""The room on a real Synapse: people over raw HTTP, the bot as `parley run`.

What the bot does is read through alice's eyes; its rooms of two through its own account's, since nobody else is in them.
"""

import asyncio
import itertools
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.contracts import world
from tests.contracts.heard import Heard, Json, Line, Said
from tests.contracts.room import PATIENCE, Room
from tests.servers.matrix_driver import Driver
from tests.servers.synapse import Synapse, User

Kind = Literal["post", "edit", "file"]

PARLEY = str(Path(sys.executable).with_name("parley"))
_numbers = itertools.count(1)


@dataclass
class _Seen:
    """One Matrix room, read so far: `lines` of the bot, its reactions that still stand, and where to read on."""

    room: str
    only_to: str | None = None
    position: str = ""
    events: set[str] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)
    reactions: dict[str, tuple[str, str]] = field(default_factory=dict)
    threads: dict[str, str] = field(default_factory=dict)


def register(server: Synapse) -> dict[str, User]:
    """Everybody's account."""
    return {name: server.register(name) for name in (*world.KNOWN, *world.STRANGERS)}


class MatrixRoom(Room):
    """A fresh bot account, a fresh room and fresh data, among `users` on a shared server.
    `trusted`: the bot's own account is an operator."""

    def __init__(
        self,
        server: Synapse,
        users: Mapping[str, User],
        folder: Path,
        port: int,
        *,
        trusted: bool = False,
    ) -> None:
        super().__init__(folder / "parley.log")
        self.server = server
        self.bot: User = server.register(f"infra{next(_numbers)}")
        self.people = {
            name: Driver(server.url, user.id, user.token) for name, user in users.items()
        }
        self._eyes = Driver(server.url, self.bot.id, self.bot.token)
        self._drivers = (*self.people.values(), self._eyes)
        self.room = ""
        self._token = ""
        self._seen: dict[str, _Seen] = {}
        table = f'[chat.matrix]\nhomeserver = "{server.url}"\nuser = "{self.bot.id}"\npoll = 5\n'
        self.configuration = world.write(
            folder,
            port,
            table + 'password = "env:MATRIX_PASSWORD"',
            "matrix",
            {name: user.id for name, user in users.items()},
            {"robot": self.bot.id} if trusted else {},
        )

    def use_token(self) -> str:
        """Let the bot come with a fresh token of its account instead of the password, from its next start on."""
        self._token = self.server.login(self.bot)
        text = self.configuration.read_text(encoding="utf8")
        text = text.replace('password = "env:MATRIX_PASSWORD"', 'token = "env:MATRIX_TOKEN"')
        self.configuration.write_text(text, encoding="utf8")
        return self._token

    async def says(self, person: str, text: str, thread: str | None = None) -> Said:
        id = await self.people[person].say(self.room, text, thread)
        return Said(id, thread or id)

    async def speaks(self, person: str, sound: bytes, thread: str) -> Said:
        note = {
            "msgtype": "m.audio",
            "info": {"mimetype": "audio/ogg", "size": len(sound), "duration": 2_900},
            "org.matrix.msc3245.voice": {},
        }
        id = await self.people[person].bring(self.room, "Voice message", sound, thread, **note)
        return Said(id, thread)

    async def rewrites(self, person: str, said: Said, text: str) -> None:
        await self.people[person].edit(self.room, said.id, text)

    async def reacts(self, person: str, emoji: str, message: str) -> None:
        await self.people[person].react(self.room, message, emoji)

    async def unreacts(self, person: str, emoji: str, message: str) -> None:
        await self.people[person].unreact(self.room, message, emoji)

    async def start_bot(self) -> None:
        await self.launch()
        if not self.room:
            await self._gather()

    async def launch(self) -> None:
        """Start the process, and no more."""
        environment = {
            **os.environ,
            "MATRIX_PASSWORD": self.bot.password,
            "MATRIX_TOKEN": self._token,
        }
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(PARLEY, "-c", str(self.configuration), "run"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )

    async def _gather(self) -> None:
        """A room with everybody in it; that the bot has come proves that it listens."""
        others = [driver for name, driver in self.people.items() if name != "alice"]
        invited = (self.bot.id, *(driver.user for driver in others))
        self.room = await self.people["alice"].create(*invited)
        await asyncio.gather(*(driver.join(self.room) for driver in others))
        await self.present(self.room)
        self._seen[self.room] = _Seen(self.room)

    async def present(self, room: str, reader: str = "alice") -> None:
        """Wait until the bot is in a room."""
        last = asyncio.get_running_loop().time() + PATIENCE
        while True:
            answer = await self.people[reader].request("GET", "rooms", room, "joined_members")
            if self.bot.id in answer["joined"]:
                return
            assert self.process is not None
            running = self.process.returncode is None
            assert running, self.words()
            assert asyncio.get_running_loop().time() < last, self.words()
            await asyncio.sleep(0.05)

    async def heard(self) -> Heard:
        await self._find_rooms()
        offers: dict[str, set[str]] = {}
        for seen in self._seen.values():
            await self._read(seen)
            for message, emoji in seen.reactions.values():
                offers.setdefault(message, set()).add(emoji)
        main = self._seen[self.room].lines
        alone = [
            line for room, seen in self._seen.items() if room != self.room for line in seen.lines
        ]
        return Heard([*main, *alone], {key: frozenset(value) for key, value in offers.items()})

    async def _find_rooms(self) -> None:
        """The rooms that the bot made or was asked into since: of two people, they are for one person alone."""
        for room in (await self._eyes.request("GET", "joined_rooms"))["joined_rooms"]:
            if room in self._seen:
                continue
            members = await self._eyes.request("GET", "rooms", room, "members")
            there = {
                event["state_key"]
                for event in members["chunk"]
                if event["content"]["membership"] in {"join", "invite"}
            }
            if len(there) < 2:
                continue  # just being made
            others = [name for name, each in self.people.items() if each.user in there]
            only = others[0] if len(there) == 2 and len(others) == 1 else None
            self._seen[room] = _Seen(room, only)

    async def _read(self, seen: _Seen) -> None:
        while True:
            query = {"dir": "f", "limit": "1000"}
            if seen.position:
                query["from"] = seen.position
            answer = await self._eyes.request("GET", "rooms", seen.room, "messages", **query)
            for event in answer["chunk"]:
                if event["event_id"] not in seen.events:
                    seen.events.add(event["event_id"])
                    self._note(seen, event)
            if not answer.get("end") or not answer["chunk"]:
                return
            seen.position = answer["end"]

    def _note(self, seen: _Seen, event: Json) -> None:
        content = event["content"]
        relation = content.get("m.relates_to") or {}
        if event["sender"] != self.bot.id:
            return
        match event["type"]:
            case "m.reaction" if relation:
                target, emoji = relation["event_id"], relation["key"]
                seen.reactions[event["event_id"]] = (target, emoji)
                seen.lines.append(Line("react", target, emoji=emoji))
            case "m.room.redaction":
                seen.reactions.pop(event.get("redacts") or content.get("redacts", ""), None)
            case "m.room.message" if relation.get("rel_type") == "m.replace":
                thread = seen.threads.get(relation["event_id"], "")
                now = content["m.new_content"]
                seen.lines.append(_line("edit", relation["event_id"], thread, seen.only_to, now))
            case "m.room.message":
                thread = relation["event_id"] if relation.get("rel_type") == "m.thread" else ""
                seen.threads[event["event_id"]] = thread
                kind = "file" if content["msgtype"] == "m.file" else "post"
                seen.lines.append(_line(kind, event["event_id"], thread, seen.only_to, content))
            case _:
                pass

    async def disconnect(self) -> None:
        """Close everybody's connections: after the server died they are of no use."""
        for driver in self._drivers:
            await driver.close()

    async def close(self) -> None:
        await self.kill_bot()
        await self.disconnect()


def _line(event: Kind, message: str, thread: str, only_to: str | None, content: Json) -> Line:
    report = content.get("parley.report") or {}
    return Line(
        event=event,
        message=message,
        thread=thread,
        only_to=only_to,
        text=content.get("body", ""),
        kind=report.get("kind", content.get("msgtype", "")),
        data=json.loads(report["data"]) if "data" in report else {},
    )
