"""From an envelope of Slack to its acknowledgement and to the first post, through the real process over real sockets, beside plain
slack-bolt that stores nothing, in the same run against the same server.

Ours acknowledges what is on the disk (a row with synchronous=FULL) and posts what is on the disk as well; between the two stand
the 👀, the hub, the planner and a search. Times are taken where Slack would take them: in the server.
"""

import asyncio
import statistics
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.chat import CONFIGURATION, PARLEY, environment, scratch
from tests.bench.floor import commits
from tests.bench.rows import Row
from tests.bench.running import PEERS, Watch
from tests.servers.slack_fake import APP_TOKEN, TOKEN, SlackFake
from tests.servers.slack_workspace import BOT

ALICE = "U01ALICE"
TABLE = '[chat.slack]\napi_url = "{url}"\nbot_token = "env:A_BOT"\napp_token = "env:AN_APP"\n'
PATIENCE = 60.0
POST = "chat.postMessage"


class Clocked(SlackFake):
    """A Slack that notes when what arrived, in milliseconds since the last envelope."""

    def __init__(self) -> None:
        super().__init__()
        self.acked: list[float] = []
        self.posted: list[float] = []
        self.arrived = self._note
        self._watch = Watch()

    def _note(self, what: str) -> None:
        if what == "ack":
            self.acked.append(self._watch.seconds * 1e3)
        elif what == POST:
            self.posted.append(self._watch.seconds * 1e3)

    async def mention(self, text: str) -> None:
        """One envelope, and wait for both its acknowledgement and its post."""
        acked, posted = len(self.acked), len(self.posted)
        said = self.say(ALICE, f"<@{BOT}> {text}") | {"type": "app_mention"}
        self._watch = Watch()
        await self.event(said)
        await self.until(lambda: len(self.acked) > acked and len(self.posted) > posted, PATIENCE)

    async def burst(self, count: int) -> float:
        """Posts a second for so many envelopes at once."""
        posted, watch = len(self.posted), Watch()
        for number in range(count):
            text = f"<@{BOT}> ask web1 to frobnicate gadget{number}"
            await self.event(self.say(ALICE, text) | {"type": "app_mention"})
        await self.until(lambda: len(self.posted) >= posted + count, PATIENCE)
        return count / watch.seconds


@asynccontextmanager
async def serving(command: Sequence[str | Path], fake: Clocked, count: int) -> AsyncIterator[None]:
    """A process connected to the server so many times; ended by its own handle."""
    tokens = {"A_BOT": TOKEN, "AN_APP": APP_TOKEN}
    nothing = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, stdin=nothing, stdout=nothing, stderr=nothing, env=environment() | tokens
    )
    try:
        await fake.connected(count)
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def measure(
    command: Sequence[str | Path], fake: Clocked, count: int, serial: int, burst: int
) -> tuple[float, float, float, float]:
    """Milliseconds to the acknowledgement (median, 95th of 100) and to the post (median), and posts a second in a burst."""
    async with serving(command, fake, count):
        for number in range(50):
            await fake.mention(f"ask web1 to frobnicate warm{number}")
        fake.acked.clear()
        fake.posted.clear()
        for number in range(serial):
            await fake.mention(f"ask web1 to frobnicate widget{number}")
        acked, posted = sorted(fake.acked), statistics.median(fake.posted)
        rate = await fake.burst(burst)
    return statistics.median(acked), acked[len(acked) * 95 // 100], posted, rate


def configure(folder: Path, url: str) -> Path:
    """As the other benches', with Slack in the place of the console."""
    text = CONFIGURATION.format(packs='"linux-facts"', paths="")
    text = text.replace("[chat.console]\nimpersonate = true\n", TABLE.format(url=url))
    text = text.replace('name = "alice"\n', f'name = "alice"\nslack = "{ALICE}"\n')
    path = folder / "parley.toml"
    path.write_text(text)
    return path


async def both(folder: Path, serial: int, burst: int) -> list[tuple[float, float, float, float]]:
    """Ours and plain bolt's, each against a fresh server."""
    found = []
    for ours in (True, False):
        fake = Clocked()
        await fake.start()
        try:
            command: list[str | Path] = [sys.executable, PEERS / "bolt_peer.py", fake.url]
            command += [TOKEN, APP_TOKEN]
            if ours:
                command = [PARLEY, "-c", configure(folder, fake.url), "run"]
            found.append(await measure(command, fake, 2 if ours else 1, serial, burst))
        finally:
            await fake.stop()
    return found


def rows(*, quick: bool = False) -> list[Row]:
    serial, burst = (100, 300) if quick else (500, 1000)
    with scratch() as folder:
        commit = commits(folder, 1)
        ours, bolt = asyncio.run(both(folder, serial, burst))
    name = "plain bolt"
    return [
        Row("Slack: envelope to ack, p50", ours[0], "ms", bolt[0], name, 2.0),
        Row("Slack: envelope to ack, p50", ours[0], "ms", commit, "its commit alone"),
        Row("Slack: envelope to ack, p95", ours[1], "ms", bolt[1], name),
        Row("Slack: envelope to first post, p50", ours[2], "ms", bolt[2], name, 10.0),
        Row("Slack: mentions answered in a burst", ours[3], "/s", bolt[3], name, None, "more"),
    ]
