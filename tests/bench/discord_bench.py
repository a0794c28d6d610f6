"""From MESSAGE_CREATE to the first REST request, through the real process over real sockets, beside plain discord.py that stores
nothing, in the same run against the same kind of server.

Ours stores what it heard (a row with synchronous=FULL) and what it says before it says it. Times are taken where Discord would
take them: in the server, from the payload that leaves to the request that arrives.
"""

import asyncio
import statistics
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.bench.chat import CONFIGURATION, PARLEY, ROOT, environment, scratch
from tests.bench.floor import commits
from tests.bench.rows import Row
from tests.bench.running import Watch
from tests.servers.discord_fake import TOKEN, FakeDiscord

ALICE = "1001"
TABLE = '[chat.discord]\napi_url = "{api}"\ngateway_url = "{gateway}"\ntoken = "env:A_BOT"\n'
PATIENCE = 90.0
WARM = 250
"""Messages before anything is measured: the write-ahead log has its size then, and commits no longer wait for the file to grow."""


@dataclass(frozen=True, slots=True)
class Found:
    """Milliseconds to the first request (median, 95th of 100), answers a second in a burst, and how many of that burst were
    lost or answered twice."""

    middle: float
    high: float
    rate: float
    wrong: int


def bare(api: str, gateway: str) -> None:
    """The floor: the library alone. It opens a thread on every message and answers in it."""
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = api, yarl.URL(gateway)
    intents = discord.Intents.default()
    intents.message_content = True
    client = discord.Client(intents=intents)

    @client.event
    async def on_message(message: discord.Message) -> None:
        if message.author.bot:
            return
        path = "/channels/{channel_id}/messages/{message_id}/threads"
        route = Route("POST", path, channel_id=message.channel.id, message_id=message.id)
        thread = await client.http.request(route, json={"name": "x"})
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=thread["id"])
        await client.http.request(route, json={"content": "I know no capability for that."})

    client.run(TOKEN, log_handler=None)


async def first(fake: FakeDiscord, text: str) -> float:
    """Milliseconds until the first request for one message; returns when it is answered."""
    before = len(fake.requests)
    id = await fake.say(f"<@901> {text}", user=ALICE)
    begun = fake.left
    await fake.until(lambda: fake.messages.get(id), PATIENCE)
    found = next(each for each in fake.requests[before:] if id in each.path)
    await asyncio.sleep(0.02)  # what else belongs to that answer does not run into the next one
    return (found.at - begun) * 1e3


async def burst(fake: FakeDiscord, count: int) -> tuple[float, int]:
    """Answers a second for so many messages at once, and how many had none, or more than one."""
    watch = Watch()
    asked = [
        await fake.say(f"<@901> ask web1 to frobnicate gadget{number}", user=ALICE)
        for number in range(count)
    ]
    await fake.until(lambda: all(fake.messages.get(each) for each in asked), PATIENCE)
    seconds = watch.seconds
    await asyncio.sleep(1)  # long enough for a second answer to come
    said = Counter(each["channel_id"] for what, each in fake.journal if what == "post")
    return count / seconds, sum(said[each] != 1 for each in asked)


@asynccontextmanager
async def serving(command: Sequence[str | Path], fake: FakeDiscord) -> AsyncIterator[None]:
    """A process connected to the server; ended by its own handle."""
    nothing = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        cwd=ROOT,
        env=environment() | {"A_BOT": TOKEN},
    )
    try:
        await fake.until(lambda: any(each.ready for each in fake._open), 30)
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def measure(
    command: Sequence[str | Path], fake: FakeDiscord, serial: int, many: int
) -> Found:
    async with serving(command, fake):
        await fake.until(lambda: fake.connected, 30)
        for number in range(WARM):
            await first(fake, f"ask web1 to frobnicate warm{number}")
        taken = sorted(
            [await first(fake, f"ask web1 to frobnicate widget{n}") for n in range(serial)]
        )
        rate, wrong = await burst(fake, many)
    return Found(statistics.median(taken), taken[len(taken) * 95 // 100], rate, wrong)


def configure(folder: Path, api: str, gateway: str) -> Path:
    """As the other benches', with Discord in the place of the console."""
    text = CONFIGURATION.format(packs='"linux-facts"', paths="")
    table = TABLE.format(api=api, gateway=gateway)
    text = text.replace("[chat.console]\nimpersonate = true\n", table)
    text = text.replace('name = "alice"\n', f'name = "alice"\ndiscord = "{ALICE}"\n')
    path = folder / "parley.toml"
    path.write_text(text)
    return path


async def both(folder: Path, serial: int, many: int) -> list[Found]:
    """Ours and plain discord.py's, each against a fresh server."""
    found = []
    for ours in (True, False):
        fake = FakeDiscord()
        await fake.start()
        where = (fake.api_url, fake.gateway_url)
        try:
            command: list[str | Path] = [sys.executable, "-m", "tests.bench.discord_bench", *where]
            if ours:
                command = [PARLEY, "-c", configure(folder, *where), "run"]
            found.append(await measure(command, fake, serial, many))
        finally:
            await fake.close()
    return found


def rows(*, quick: bool = False) -> list[Row]:
    serial, many = (100, 300) if quick else (300, 300)
    with scratch() as folder:
        commit = commits(folder, 1)
        ours, plain = asyncio.run(both(folder, serial, many))
    name = "plain discord.py"
    return [
        Row("Discord: message to first request, p50", ours.middle, "ms", plain.middle, name, 3.0),
        Row(
            "Discord: message to first request, p50", ours.middle, "ms", commit, "its commit alone"
        ),
        Row("Discord: message to first request, p95", ours.high, "ms", plain.high, name),
        Row("Discord: 300 in a burst, answered", ours.rate, "/s", plain.rate, name, None, "more"),
        Row("Discord: of the burst, lost or twice", ours.wrong, "", plain.wrong, name, 0.0),
    ]


if __name__ == "__main__":
    bare(*sys.argv[1:3])
