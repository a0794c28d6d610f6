"""One bot in two Slack workspaces of our own over real sockets: `slack`, where people ask, and `ops`, where they approve and are told
what went wrong. The bot is `parley run`, a process of its own. Used by the tests of rooms across chats."""

import asyncio
import contextlib
import os
import re
import signal
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tests.servers.slack_fake import APP_TOKEN, TOKEN, SlackFake
from tests.servers.slack_workspace import BOT

Json = dict[str, Any]
T = TypeVar("T")

PARLEY = str(Path(sys.executable).with_name("parley"))
PATIENCE = 30.0
"""Seconds after which something that should have happened counts as never done. Not a measure of speed."""
CONFIGURATION = """\
[bot]
data = "data"
listen = "127.0.0.1:0"
{bot}

[approvals]
{approvals}

[chat.slack]
api_url = "{slack}"
connections = 1
bot_token = "env:TOKEN"
app_token = "env:APP"

[chat.ops]
kind = "slack"
api_url = "{ops}"
connections = 1
bot_token = "env:TOKEN"
app_token = "env:APP"

[[agents]]
name = "web1"
target = "local:"
packs = ["demo-site", "linux-facts"]
level = 3
vars = {{ root = "{folder}/sites", port = {port} }}

[[people]]
name = "alice"
roles = ["operator"]
slack = "U01ALICE"
ops = "U91ALICE"

[[people]]
name = "bob"
roles = ["operator"]
slack = "U02BOB"
ops = "U92BOB"
"""
APPROVERS = 'rooms = ["ops:C1"]'
OPERATORS = 'operators = "ops:COPS"'


class Two:
    """Both workspaces and the bot. A message is named `CHANNEL/TS`."""

    def __init__(self, folder: Path, port: int) -> None:
        self.slack, self.ops = SlackFake(), SlackFake()
        self.log = folder / "parley.log"
        self._folder = folder
        self._port = port
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, bot: str = OPERATORS, approvals: str = APPROVERS) -> None:
        for fake in (self.slack, self.ops):
            fake.channels |= {"COPS": [], "C2": []}
            await fake.start()
        text = CONFIGURATION.format(
            bot=bot,
            approvals=approvals,
            slack=self.slack.url,
            ops=self.ops.url,
            folder=self._folder,
            port=self._port,
        )
        (self._folder / "parley.toml").write_text(text, encoding="utf8")
        await self.launch()

    async def launch(self) -> None:
        """Start the bot, or start it again; it hears both."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(PARLEY, "-c", str(self._folder / "parley.toml"), "run"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "TOKEN": TOKEN, "APP": APP_TOKEN},
            )
        await self.until(lambda: self.slack.sockets and self.ops.sockets)

    async def kill(self, number: int = signal.SIGKILL) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
            await self._process.wait()
            self._process = None

    async def close(self) -> None:
        await self.kill()
        for fake in (self.slack, self.ops):
            await fake.stop()

    async def until(self, good: Callable[[], T]) -> T:
        """The first true answer."""
        clock = asyncio.get_running_loop().time
        last = clock() + PATIENCE
        while not (found := good()):
            if clock() > last:
                said = "\n".join(f"{w} {e.get('text', '')[:200]!r}" for w, e in self.journal())
                raise AssertionError(f"Never seen.\n{said}\n{self.log.read_text()[-3000:]}")
            await asyncio.sleep(0.02)
        return found

    def journal(self) -> list[tuple[str, Json]]:
        return [*self.slack.journal, *self.ops.journal]

    async def asks(
        self, text: str = "create a site called hello on web1", channel: str = "C1"
    ) -> str:
        """Alice asks in `slack`; the thread."""
        said = self.slack.say("U01ALICE", f"<@{BOT}> {text}", channel)
        await self.slack.event(said)
        return f"{channel}/{said['ts']}"

    async def says(self, fake: SlackFake, user: str, text: str, thread: str) -> None:
        channel, _, stamp = thread.partition("/")
        await fake.event(fake.say(user, text, channel, thread_ts=stamp))

    async def reacts(self, fake: SlackFake, user: str, message: str, *, on: bool = True) -> None:
        channel, _, stamp = message.partition("/")
        await fake.event(fake.react(user, "white_check_mark", channel, stamp, on=on))

    async def deletes(self, fake: SlackFake, message: str) -> None:
        """Somebody deletes a message; Slack tells the bot."""
        channel, _, stamp = message.partition("/")
        await fake.event(fake.delete(channel, stamp))

    def archives(self, fake: SlackFake, channel: str) -> None:
        """A channel takes nothing any more."""
        del fake.channels[channel]
        fake.gone[channel] = "is_archived"

    def cards(self, fake: SlackFake, channel: str) -> list[Json]:
        """The plan cards that stand in a channel, oldest first."""
        return [each for each in fake.channels.get(channel, []) if _kind(each) == "plan"]

    async def card(self, fake: SlackFake, channel: str, state: str = "pending") -> str:
        """The newest card of a channel, once it reads so and, while it waits, can be voted on."""
        found = await self.until(
            lambda: [each for each in self.cards(fake, channel)[-1:] if state_of(each) == state]
        )
        message = found[0]
        if state == "pending":
            await self.until(lambda: BOT in message.get("_reactions", {}).get("x", []))
        return f"{channel}/{message['ts']}"

    def told(self, channel: str = "COPS") -> list[str]:
        """What was posted in a channel of `ops`."""
        return [
            entry["text"]
            for what, entry in self.ops.journal
            if what == "post" and entry["channel"] == channel
        ]

    async def get(self, path: str) -> str:
        """What `/metrics` or `/healthz` says."""
        (port,) = await self.until(
            lambda: re.findall(r"healthz on port (\d+)", self.log.read_text())[-1:]
        )

        def read() -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return str(answer.read().decode())

        return await asyncio.to_thread(read)

    async def run(self, *words: str) -> str:
        """What a command prints while the bot runs."""
        process = await asyncio.create_subprocess_exec(
            *(PARLEY, "-c", str(self._folder / "parley.toml"), *words),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "TOKEN": TOKEN, "APP": APP_TOKEN},
        )
        out, _ = await process.communicate()
        return out.decode()


def _kind(message: Json) -> str:
    return str(((message.get("metadata") or {}).get("event_payload") or {}).get("kind", ""))


def state_of(message: Json) -> str:
    """The plan's state that a card shows."""
    return str(message["metadata"]["event_payload"].get("plan_state", ""))
