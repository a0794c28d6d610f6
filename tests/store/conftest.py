"""A real SQLite file for each test, and a clock that only moves when told."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.store import sqlite
from bot.store.migrate import prepare
from bot.store.writer import Store

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


class Clock:
    """Time stands still until `forward`, which may also go back."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.forward(seconds)

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "parley.db"


@pytest.fixture
def url(path: Path) -> str:
    made = f"sqlite:///{path}"
    prepare(made)
    return made


@pytest.fixture
async def store(url: str, clock: Clock) -> AsyncIterator[Store]:
    async with Store(url, clock) as opened:
        yield opened


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    """One transaction, for what needs no threads."""
    with sqlite.engine(url, write=True).connect() as opened, opened.begin():
        yield opened
