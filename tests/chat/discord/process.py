"""The adapter in a process of its own (`program.py`), and what that has stored."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.servers.discord_fake import FakeDiscord

PROGRAM = Path(__file__).with_name("program.py")
ROOT = Path(__file__).parents[3]


class Process:
    """The bot's process, and what it has stored."""

    def __init__(self, discord: FakeDiscord, folder: Path) -> None:
        self.discord = discord
        self.folder = folder
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, token: str = "fake.token") -> None:  # of the fake alone
        before = len(self.discord.identified)
        await self.launch(token)
        await self.discord.until(lambda: len(self.discord.identified) > before and self.placed())

    async def launch(
        self,
        token: str = "fake.token",  # of the fake alone
        within: float = 30.0,
    ) -> None:
        """Start it; its guilds are waited for so many seconds."""
        with (self.folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *(
                    str(PROGRAM),
                    str(self.folder),
                    self.discord.api_url,
                    self.discord.gateway_url,
                    token,
                    str(within),
                ),
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"},
            )

    def placed(self) -> bool:
        return (self.folder / "cursor").exists()

    async def kill(self) -> None:
        if self.process is not None:
            if self.process.returncode is None:
                self.process.kill()
            await self.process.wait()

    def heard(self) -> list[dict[str, str]]:
        return self._lines("heard.jsonl")

    def _lines(self, name: str) -> list[dict[str, Any]]:
        """The lines that are whole: the process may be in the middle of the last."""
        file = self.folder / name
        whole = file.read_text().split("\n")[:-1] if file.exists() else []
        return [json.loads(line) for line in whole]

    def lost(self) -> tuple[set[str], dict[str, str]]:
        """What it has heard to be gone, and rooms that are closed with why."""
        found = self._lines("lost.jsonl")
        gone = {each for one in found for each in one["gone"]}
        return gone, {room: why for one in found for room, why in one["closed"]}

    def votes(self) -> list[tuple[str, str]]:
        """The reactions heard: which, and whether it was put on."""
        return [(each["emoji"], each["added"]) for each in self.heard() if "emoji" in each]

    def texts(self) -> list[str]:
        return [each["text"] for each in self.heard() if "text" in each]

    async def upto(self, count: int) -> list[dict[str, str]]:
        try:
            await self.discord.until(lambda: len(self.heard()) >= count)
        except TimeoutError:
            raise AssertionError(f"{self.heard()}\n{(self.folder / 'log').read_text()}") from None
        await asyncio.sleep(0.05)
        assert len(self.heard()) == count
        return self.heard()


@asynccontextmanager
async def process_on(discord: FakeDiscord, folder: Path) -> AsyncIterator[Process]:
    process = Process(discord, folder)
    try:
        yield process
    finally:
        await process.kill()
