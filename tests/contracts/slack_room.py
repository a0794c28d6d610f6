"""The room in a Slack of our own over real sockets (`tests/servers/slack_fake`), in Socket Mode, the bot as `parley run`.

Not local-slack, on which the adapter's own tests run: that one has no reactions.get, so no vote cast while the bot was away,
and no tokens that can be revoked. What the bot does is read in the workspace; a Slack message carries no more of a report than
its key, so the machine-readable half is the one in the bot's outbox under that very key.
"""

import asyncio
import contextlib
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from adapters.chat.slack import emoji as names
from tests.contracts import world
from tests.contracts.heard import Heard, Json, Line, Said
from tests.contracts.room import PATIENCE, Room
from tests.servers.slack_fake import APP_TOKEN, TOKEN, SlackFake
from tests.servers.slack_workspace import BOT

PARLEY = str(Path(sys.executable).with_name("parley"))
USERS = {
    "alice": "U01ALICE",
    "bob": "U02BOB",
    "guest": "U03GUEST",
    "mallory": "U09MALLORY",
    "otherbot": "U08OTHERBOT",
}
CHANNEL = "C1"
OTHERS = {"🎉": "tada", "☑️": "ballot_box_with_check"}
CONNECTIONS = 2


class SlackRoom(Room):
    """A fresh workspace and fresh data. `trusted`: the bot's own account is an operator."""

    def __init__(self, folder: Path, port: int, *, trusted: bool = False) -> None:
        super().__init__(folder / "parley.log")
        self.fake = SlackFake()
        self.token = TOKEN
        self._folder = folder
        self._port = port
        self._more = {"robot": BOT} if trusted else {}
        self._read = 0
        self._lines: list[Line] = []
        self._threads: dict[str, str] = {}

    async def open(self) -> None:
        """The workspace, and the bot in it."""
        await self.fake.start()
        table = f'[chat.slack]\napi_url = "{self.fake.url}"\nconnections = {CONNECTIONS}\n'
        table += 'bot_token = "env:SLACK_BOT_TOKEN"\napp_token = "env:SLACK_APP_TOKEN"'
        accounts = {name: USERS[name] for name in world.KNOWN}
        self.configuration = world.write(
            self._folder, self._port, table, "slack", accounts, self._more
        )
        await self.start_bot()

    async def says(self, person: str, text: str, thread: str | None = None) -> Said:
        words = text.replace("@infra", f"<@{BOT}>")
        more = {"bot_id": "B8"} if person == "otherbot" else {}
        if thread:
            more["thread_ts"] = thread.partition("/")[2]
        said = self.fake.say(USERS[person], words, CHANNEL, **more)
        await self._tell(said)
        id = f"{CHANNEL}/{said['ts']}"
        return Said(id, thread or id)

    async def speaks(self, person: str, sound: bytes, thread: str) -> Said:
        about = {"mimetype": "audio/mp4", "subtype": "slack_audio", "duration_ms": 2_900}
        file = self.fake.bring("audio_message.m4a", size=len(sound), **about)
        self.fake.contents[file["id"]] = sound
        more = {"subtype": "file_share", "files": [file]}
        stamp = thread.partition("/")[2]
        said = self.fake.say(USERS[person], "", CHANNEL, thread_ts=stamp, **more)
        await self._tell(said)
        return Said(f"{CHANNEL}/{said['ts']}", thread)

    async def rewrites(self, person: str, said: Said, text: str) -> None:
        message = self.fake.shown(said.id)
        message["text"] = text.replace("@infra", f"<@{BOT}>")
        message["edited"] = {"user": USERS[person], "ts": self.fake.stamp()}
        event = {"type": "message", "subtype": "message_changed", "channel": CHANNEL}
        await self._tell({**event, "message": message, "ts": self.fake.stamp()})

    async def reacts(self, person: str, emoji: str, message: str) -> None:
        await self._react(person, emoji, message, on=True)

    async def unreacts(self, person: str, emoji: str, message: str) -> None:
        await self._react(person, emoji, message, on=False)

    async def _react(self, person: str, emoji: str, message: str, *, on: bool) -> None:
        name = names.name(emoji) or OTHERS[emoji]
        channel, _, stamp = message.partition("/")
        await self._tell(self.fake.react(USERS[person], name, channel, stamp, on=on))

    async def _tell(self, event: Json) -> None:
        """The event, if anybody is connected: whoever is not reads it when they are back."""
        if self.fake.sockets:
            with contextlib.suppress(ConnectionError):
                await self.fake.event(event)

    async def heard(self) -> Heard:
        self._lines += list(self._new())
        offers = {
            f"{channel}/{message['ts']}": frozenset((*_seeds(message), *_buttons(message)))
            for channel, messages in self.fake.channels.items()
            for message in messages
        }
        return Heard(list(self._lines), offers)

    def _new(self) -> Iterator[Line]:
        journal = self.fake.journal[self._read :]
        self._read += len(journal)
        for what, entry in journal:
            yield self._line(what, entry)

    def _line(self, what: str, entry: Json) -> Line:
        channel = entry.get("channel") or entry.get("channel_id", "")
        stamp = entry.get("ts") or entry.get("timestamp", "")
        message, thread = f"{channel}/{stamp}", f"{channel}/{entry.get('thread_ts', stamp)}"
        if what == "react":
            return Line("react", message, emoji=names.character(entry["name"], {}))
        if what == "file":
            return Line("file", message, thread, text=entry["title"])
        only = next((name for name, id in USERS.items() if id == entry.get("user")), None)
        if what == "whisper":
            return Line("post", message, thread, only, entry["text"])
        metadata = (entry.get("metadata") or {}).get("event_payload") or {}
        kind, data = metadata.get("kind", ""), self._data(metadata.get("key", ""))
        event = "edit" if what == "edit" else "post"
        return Line(event, message, thread, None, entry["text"], kind, data)

    def _data(self, key: str) -> Json:
        """The machine-readable half of what went out under a key: a post's own, or that of one of its edits."""
        where = self._folder / "data" / "parley.db"
        with contextlib.closing(sqlite3.connect(f"file:{where}?mode=ro", uri=True)) as base:
            found = base.execute("SELECT report FROM outbox WHERE key = ?", (key,)).fetchone()
            number = key.rpartition("/")[2]
            if found is None and number.isdecimal():
                asked = "SELECT report FROM outbox WHERE number = ?"
                found = base.execute(asked, (int(number),)).fetchone()
        return dict(json.loads(found[0])["data"]) if found and found[0] else {}

    async def start_bot(self) -> None:
        await self.launch()
        async with asyncio.timeout(PATIENCE):
            while len(self.fake.sockets) < CONNECTIONS:
                assert self.process is not None
                assert self.process.returncode is None, self.words()
                await asyncio.sleep(0.02)

    async def launch(self) -> None:
        """Start the process, and no more."""
        tokens = {"SLACK_BOT_TOKEN": self.token, "SLACK_APP_TOKEN": APP_TOKEN}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(PARLEY, "-c", str(self.configuration), "run"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **tokens},
            )

    def revoke(self) -> None:
        """The workspace takes the bot's token away; `token` is the new one, for its next start."""
        self.fake.token = self.token = "xoxb-new"

    async def _gone(self) -> None:
        await self.fake.until(lambda: not self.fake.sockets)
        await super()._gone()

    async def close(self) -> None:
        await self.kill_bot()
        await self.fake.stop()


def _seeds(message: Json) -> Iterator[str]:
    """The bot's own reactions."""
    for name, users in message.get("_reactions", {}).items():
        if BOT in users:
            yield names.character(name, {})


def _buttons(message: Json) -> Iterator[str]:
    """The emoji with which its buttons begin."""
    attached = [block for each in message.get("attachments", ()) for block in each["blocks"]]
    for block in attached:
        for element in block.get("elements", ()) if block["type"] == "actions" else ():
            yield element["text"]["text"].partition(" ")[0]
