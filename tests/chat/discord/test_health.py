"""`parley run` on a fake Discord over real sockets: `/healthz` knows whether its gateway is there."""

import asyncio
import json
import os
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.servers.discord_fake import FakeDiscord

PARLEY = str(Path(sys.executable).with_name("parley"))
CONFIGURATION = """\
[bot]
data = "data"
listen = "127.0.0.1:0"

[chat.discord]
token = "env:TOKEN"
api_url = "{api}"
gateway_url = "{gateway}"
"""


def health(log: Path) -> tuple[int, str]:
    """The status, and what is said of Discord; 0 while nobody answers."""
    port = re.findall(r"healthz on port (\d+)", log.read_text())
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port[0]}/healthz", timeout=10) as answer:
            return answer.status, json.load(answer)["chats"]["discord"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["chats"]["discord"]
    except (IndexError, OSError):
        return 0, ""


async def until(log: Path, status: int, words: str) -> None:
    found = (0, "")
    for _ in range(400):
        found = await asyncio.to_thread(health, log)
        if found[0] == status and words in found[1]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(str(found))


async def test_a_gateway_that_goes_away_is_named(tmp_path: Path) -> None:
    discord = FakeDiscord()
    await discord.start()
    api, gateway = discord.api_url, discord.gateway_url
    text = CONFIGURATION.format(api=api, gateway=gateway)
    (tmp_path / "parley.toml").write_text(text, encoding="utf8")
    log = tmp_path / "log"
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *(PARLEY, "-c", str(tmp_path / "parley.toml"), "run"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, "TOKEN": "fake.token", "NO_PROXY": "127.0.0.1"},
        )
    try:
        await until(log, 200, "connected")
        await discord.close()
        await until(log, 503, "the gateway is away")
    finally:
        process.kill()
        await process.wait()
