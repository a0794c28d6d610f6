"""What the target tests share: an open target with the folder of its commands, and waiting for a file."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.targets.local.target import Local, LocalTarget
from bot.clock import SystemClock
from bot.model.ids import new_id
from bot.model.runs import Limits, Outcome
from bot.model.sections import Action, Exec, Write

CLOCK = SystemClock()


@dataclass(frozen=True)
class Machine:
    """An open target and the folder in which its commands run."""

    target: LocalTarget
    folder: Path
    data: Path
    sandboxed: bool

    async def do(self, action: Action, limits: Limits | None = None) -> Outcome:
        return await self.target.perform(action, limits or Limits(), new_id(CLOCK.now()))

    async def run(self, *stages: tuple[str, ...], limits: Limits | None = None) -> Outcome:
        return await self.do(Exec(stages), limits)

    async def shell(self, script: str, limits: Limits | None = None) -> Outcome:
        return await self.run(("sh", "-c", script), limits=limits)

    async def write(self, path: str, content: str) -> Outcome:
        return await self.do(Write(path, content))


def url_of(kind: str, folder: Path) -> str:
    return "local:" if kind == "plain" else f"local:{folder}"


def skip_without(kind: str, folder: Path) -> None:
    why = Local().probe(url_of(kind, folder))
    if why:
        pytest.skip(why)


async def appears(path: Path, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 - another process makes it; there is no event to wait for
            await asyncio.sleep(0.01)
