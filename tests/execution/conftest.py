"""A scene per test: its own data folder, database and target."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.targets.local.target import Local
from bot.store.migrate import migrate
from bot.store.writer import Store
from tests.execution.making import CLOCK, Scene


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    url = f"sqlite:///{tmp_path}/parley.db"
    await migrate(url)
    target = Local()("local:", tmp_path)
    async with Store(url, CLOCK) as store:
        made = Scene(store, tmp_path, target)
        yield made
        for other in made.others.values():
            await other.close()
    await target.close()
