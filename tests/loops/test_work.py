"""What follows from a run goes wrong: the other loops, and the other runs, go on."""

import asyncio

import pytest
from msgspec.structs import replace

from bot.loops.work import Work
from tests.loops.conftest import Scene

PATIENCE = 20
"""Seconds after which what this test waits for does not come any more."""


@pytest.mark.parametrize("state", ["stale", "failed"])
async def test_an_error_in_what_follows_a_run_ends_nobody(scene: Scene, state: str) -> None:
    """There is a plan to be renewed, or to be mended, of which nobody can make sense."""
    stored = await scene.asks()
    spoil = "UPDATE plans SET state = ?, changed_at = 'the other day' WHERE id = ?"
    await scene.write(lambda c: c.exec_driver_sql(spoil, (state, stored.plan.id)))
    house = replace(scene.house, models=object())
    async with asyncio.timeout(PATIENCE):
        async with asyncio.TaskGroup() as group:
            work = Work(house, group)
            group.create_task(work._one("a run that nobody knows"))
        for topic in ("cards", "settled"):  # what the run itself came to is shown
            await house.bus.wait(topic, 2 * PATIENCE)
    assert not work.busy
