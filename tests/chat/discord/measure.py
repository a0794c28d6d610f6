"""How long MESSAGE_CREATE takes to the first REST request: a bare discord.py client beside the adapter, which stores first (fsync).

Usage: python -m tests.chat.discord.measure [COUNT]. One JSON object a line: `{"row", "ms_p50", "ms_p95"}`.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.chat.discord.process import ROOT
from tests.servers.discord_fake import TOKEN, FakeDiscord


def bare(api: str, gateway: str) -> None:
    """The floor: the library alone, nothing stored."""
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = api, yarl.URL(gateway)
    intents = discord.Intents.default()
    intents.message_content = True
    client = discord.Client(intents=intents)

    @client.event
    async def on_message(message: discord.Message) -> None:
        path = "/channels/{channel_id}/messages/{message_id}/threads"
        if not message.author.bot:
            route = Route("POST", path, channel_id=message.channel.id, message_id=message.id)
            await client.http.request(route, json={"name": "x"})

    client.run(TOKEN, log_handler=None)


async def measured(row: str, *arguments: str, server: FakeDiscord, count: int) -> None:
    """Start a bot, say something so many times, print the times."""
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT)
    try:
        await server.until(lambda: server.identified)
        await asyncio.sleep(3)
        taken = [await _once(server, number) for number in range(count)]
    finally:
        process.kill()
        await process.wait()
    high = sorted(taken)[int(count * 0.95)]
    found = {"row": row, "ms_p50": round(statistics.median(taken), 2), "ms_p95": round(high, 2)}
    sys.stdout.write(json.dumps(found) + "\n")


async def _once(server: FakeDiscord, number: int) -> float:
    before, start = len(server.requests), time.monotonic()
    await server.say(f"!infra {number}")
    await server.until(lambda: len(server.requests) > before)
    await asyncio.sleep(0.03)
    return (server.requests[before].at - start) * 1000


async def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for row in ("bare discord.py", "adapter, stored with fsync"):
            server = FakeDiscord()
            await server.start()
            where = (server.api_url, server.gateway_url)
            floor = ("-m", "tests.chat.discord.measure", "bare", *where)
            ours = ("-m", "tests.chat.discord.program", str(Path(folder)), *where, TOKEN)
            await measured(
                row, *(floor if row.startswith("bare") else ours), server=server, count=count
            )
            await server.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        bare(*sys.argv[2:4])
    else:
        asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 100))
