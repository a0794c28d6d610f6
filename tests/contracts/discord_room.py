"""The room in a Discord of our own over real sockets (`tests/servers/discord_fake`), the bot as `parley run`.

What the bot does is read in that Discord's journal. A message carries no more of a report than a nonce made of its key, so the
machine-readable half is found in the bot's outbox: a post's by the nonce, an edit's by what it would look like.
"""

import asyncio
import contextlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from adapters.chat.discord import render
from bot.model.reports import Report
from bot.store import documents
from tests.contracts import world
from tests.contracts.heard import Heard, Json, Line, Said
from tests.contracts.room import PATIENCE, Room
from tests.servers.discord_cdn import Cdn
from tests.servers.discord_fake import BOT, CHANNEL, TOKEN, FakeDiscord
from tests.servers.discord_official import absent, official

PARLEY = str(Path(sys.executable).with_name("parley"))
USERS = {
    "alice": "1001",
    "bob": "1002",
    "guest": "1003",
    "mallory": "1009",
    "otherbot": "1008",
}
VOICE = 8192
"""The flag of a message that is a voice note."""
SHOWN = ("content", "embeds", "components")


class DiscordRoom(Room):
    """A fresh guild and fresh data. `trusted`: the bot's own account is an operator."""

    def __init__(self, folder: Path, port: int, *, trusted: bool = False) -> None:
        super().__init__(folder / "parley.log")
        self.fake = FakeDiscord()
        self.cdn = Cdn()
        self.token = TOKEN
        self._folder = folder
        self._port = port
        self._more = {"robot": BOT} if trusted else {}
        self._read = 0
        self._lines: list[Line] = []
        self._keys: dict[str, str] = {}

    async def open(self) -> None:
        """The guild, and the bot in it."""
        await self.fake.start()
        self._files = await self.cdn.start()
        table = f'[chat.discord]\napi_url = "{self.fake.api_url}"\ngateway_url = "{self.fake.gateway_url}"\n'
        table += f'token = "env:DISCORD_TOKEN"\ncdn_urls = ["{self.cdn.url}"]'
        accounts = {name: USERS[name] for name in world.KNOWN}
        self.configuration = world.write(
            self._folder, self._port, table, "discord", accounts, self._more
        )
        await self.start_bot()

    async def says(self, person: str, text: str, thread: str | None = None) -> Said:
        """A mention is what Discord's clients make of `@infra`."""
        text = text.replace("@infra", f"<@{BOT}>")
        if thread is not None and thread not in self.fake.channels:
            await self.fake.open_thread(thread, user=USERS[person])
        id = await self.fake.say(text, thread or CHANNEL, USERS[person])
        return Said(id, thread or id)

    async def speaks(self, person: str, sound: bytes, thread: str) -> Said:
        about = {"content_type": "audio/ogg", "duration_secs": 2.9, "waveform": ""}
        file = self.cdn.attachment(self.fake.id(), "voice-message.ogg", sound, **about)
        id = await self.fake.say("", thread, USERS[person], files=[file], voice=VOICE)
        return Said(id, thread)

    async def rewrites(self, person: str, said: Said, text: str) -> None:
        channel = CHANNEL if said.id == said.thread else said.thread
        await self.fake.rewrite(said.id, text.replace("@infra", f"<@{BOT}>"), channel)

    async def reacts(self, person: str, emoji: str, message: str) -> None:
        await self.fake.react(message, emoji, self._channel(message), USERS[person])

    async def unreacts(self, person: str, emoji: str, message: str) -> None:
        await self.fake.unreact(message, emoji, self._channel(message), USERS[person])

    def _channel(self, message: str) -> str:
        """Where a message stands."""
        return next(where for where, kept in self.fake.messages.items() if message in kept)

    async def heard(self) -> Heard:
        self._lines += list(self._new())
        offers: dict[str, set[str]] = {}
        for (_, message), there in self.fake.reactions.items():
            mine = {emoji for emoji, users in there.items() if BOT in users}
            offers.setdefault(message, set()).update(mine)
        for kept in self.fake.messages.values():
            for message, each in kept.items():
                offers.setdefault(message, set()).update(_buttons(each))
        return Heard(list(self._lines), {key: frozenset(each) for key, each in offers.items()})

    def _new(self) -> Iterator[Line]:
        journal = self.fake.journal[self._read :]
        self._read += len(journal)
        for what, entry in journal:
            yield from self._said(what, entry)

    def _said(self, what: str, entry: Json) -> Iterator[Line]:
        message = str(entry["id"])
        if what == "react":
            yield Line("react", message, emoji=entry["emoji"].replace("\ufe0f", ""))
            return
        if what == "whisper":
            yield Line("post", message, message, _named(entry["to"]), entry["content"])
            return
        thread, only = self._thread(entry)
        report = self._posted(entry) if what == "post" else self._edited(entry)
        text = report.text if report else entry.get("content", "")
        kind, data = (report.kind, report.data) if report else ("", {})
        event = "edit" if what == "edit" else "post"
        yield Line(event, message, thread, only, text, kind, dict(data))
        for each in entry.get("attachments", ()):
            yield Line("file", f"{message}/{each['filename']}", thread, text=each["filename"])

    def _thread(self, entry: Json) -> tuple[str, str | None]:
        """The thread that a message is in, and who alone can read it."""
        channel = self.fake.channels[entry["channel_id"]]
        if channel["type"] == 1:
            return str(entry["id"]), _named(channel["recipients"][0]["id"])
        return (channel["id"] if channel["type"] == 11 else str(entry["id"])), None

    def _posted(self, entry: Json) -> Report | None:
        """What went out under the key of which the message has the nonce."""
        found = self._rows("SELECT key, report FROM outbox WHERE kind = 'post'")
        for key, report in found:
            if render.nonce(key) == entry["nonce"]:
                self._keys[str(entry["id"])] = key
                return documents.load(Report, report)
        return None

    def _edited(self, entry: Json) -> Report | None:
        """The edit of that post which looks like this."""
        key = self._keys.get(str(entry["id"]), "")
        asked = "SELECT key, report FROM outbox WHERE kind = 'edit' AND of = ? ORDER BY number DESC"
        for _, data in self._rows(asked, key):
            report = documents.load(Report, data)
            body = render.card(report, "discord").body
            if all(body[part] == entry[part] for part in SHOWN):
                return report
        return None

    def _rows(self, asked: str, *values: str) -> list[tuple[str, bytes]]:
        where = self._folder / "data" / "parley.db"
        with contextlib.closing(sqlite3.connect(f"file:{where}?mode=ro", uri=True)) as base:
            return base.execute(asked, values).fetchall()

    async def start_bot(self) -> None:
        before = len(self.fake.identified) + len(self.fake.resumed)
        await self.launch()
        async with asyncio.timeout(PATIENCE):
            while len(self.fake.identified) + len(self.fake.resumed) == before or not self._ready():
                assert self.process is not None
                assert self.process.returncode is None, self.words()
                await asyncio.sleep(0.02)

    def _ready(self) -> bool:
        placed = self._rows("SELECT instance, position FROM cursors")
        return bool(placed) and self.fake.listening

    async def launch(self) -> None:
        """Start the process, and no more."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(PARLEY, "-c", str(self.configuration), "run"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "DISCORD_TOKEN": self.token},
            )

    async def revoke(self) -> None:
        """Somebody resets the bot's token; `token` is the new one, for its next start."""
        self.fake.token = self.token = "new.token"  # of the fake alone
        self.fake.forget()
        await self.fake.drop(4004)

    def wrong(self) -> list[str]:
        """What is wrong with the requests that were made here, by Discord's own description where it is there."""
        if absent():
            return []
        return [
            sentence
            for each in self.fake.requests
            for sentence in official().wrong(each.method, each.path, each.body, each.query)
        ]

    async def _gone(self) -> None:
        await self.fake.until(lambda: not self.fake.connected)
        await super()._gone()

    async def close(self) -> None:
        await self.kill_bot()
        await self.fake.close()
        await self._files.cleanup()


def _named(id: str) -> str | None:
    return next((name for name, user in USERS.items() if user == id), None)


def _buttons(message: Json) -> Iterator[str]:
    """The emoji on its buttons."""
    for row in message.get("components", ()):
        for each in row["components"]:
            if "emoji" in each:
                yield str(each["emoji"]["name"]).replace("\ufe0f", "")
