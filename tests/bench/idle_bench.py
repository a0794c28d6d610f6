"""What one process costs that is connected to Slack, Discord and Matrix and has nothing to do: processor time and memory.

Slack and Discord are the servers of the contract suites, Matrix a Synapse of our own where one is installed.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.bench.chat import CONFIGURATION, PARLEY, environment, scratch
from tests.bench.discord_bench import TABLE as DISCORD
from tests.bench.rows import Row
from tests.bench.running import Watch
from tests.bench.slack_bench import TABLE as SLACK
from tests.servers.discord_fake import TOKEN, FakeDiscord
from tests.servers.slack_fake import APP_TOKEN, SlackFake
from tests.servers.slack_fake import TOKEN as SLACK_TOKEN
from tests.servers.synapse import Synapse, absent

MATRIX = '[chat.matrix]\nhomeserver = "{url}"\nuser = "{user}"\npassword = "env:A_PASSWORD"\n'
SETTLED = 10.0
"""Seconds after which what a start has to do is done."""

TICK = os.sysconf("SC_CLK_TCK")


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used, with its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return sum(int(each) for each in fields[11:15]) / TICK


def memory(pid: int) -> float:
    """Megabytes that are resident."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


async def idle(pid: int, seconds: float) -> tuple[float, float]:
    """Percent of one processor, and megabytes at the end."""
    before, watch = processor(pid), Watch()
    await asyncio.sleep(seconds)
    return (processor(pid) - before) / watch.seconds * 100, memory(pid)


def matrix(stack: AsyncExitStack) -> tuple[str, dict[str, str]]:
    """The table of a Synapse and what its login needs; nothing where there is none."""
    if absent():
        return "", {}
    server = Synapse()
    stack.callback(server.close)
    server.start()
    user = server.register("infra")
    table = MATRIX.format(url=server.url, user=user.id)
    return table, {"A_PASSWORD": user.password}


async def connected(folder: Path, seconds: float) -> tuple[float, float, str]:
    """Percent, megabytes and the chats that were connected meanwhile."""
    async with AsyncExitStack() as stack:
        slack, discord = SlackFake(), FakeDiscord()
        await slack.start()
        stack.push_async_callback(slack.stop)
        await discord.start()
        stack.push_async_callback(discord.close)
        third, login = matrix(stack)
        tables = SLACK.format(url=slack.url) + DISCORD.replace("A_BOT", "A_DISCORD").format(
            api=discord.api_url, gateway=discord.gateway_url
        )
        path = folder / "parley.toml"
        text = CONFIGURATION.format(packs='"linux-facts"', paths="")
        path.write_text(text.replace("[chat.console]\nimpersonate = true\n", tables + third))
        tokens = {"A_BOT": SLACK_TOKEN, "AN_APP": APP_TOKEN, "A_DISCORD": TOKEN}
        process = await started(path, tokens | login)
        stack.push_async_callback(ended, process)
        await slack.connected(2)
        await discord.until(lambda: discord.connected, 30)
        await asyncio.sleep(SETTLED)
        percent, size = await idle(process.pid, seconds)
        assert process.returncode is None
        return percent, size, "Slack, Discord" + (", Matrix" if third else "; no Synapse here")


async def started(path: Path, tokens: dict[str, str]) -> asyncio.subprocess.Process:
    nothing: Any = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        *(PARLEY, "-c", path, "run"),
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        env=environment() | tokens,
    )


async def ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await asyncio.wait_for(process.wait(), 30)


def rows(*, quick: bool = False) -> list[Row]:
    with scratch() as folder:
        percent, size, chats = asyncio.run(connected(folder, 20.0))
    del quick  # twenty seconds are short already
    return [
        Row("idle: processor", percent, "%", aim=1.0, note=chats),
        Row("idle: memory", size, "MB", aim=140.0, note=chats),
    ]
