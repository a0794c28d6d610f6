"""Jobs at intervals, inside one process. `bot.app` starts `keep` with what the house needs done again and again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from msgspec import Struct

from bot.model.errors import ParleyError
from bot.model.ports import Clock

log = logging.getLogger(__name__)


class Job(Struct, frozen=True):
    """`do` every `every`, counted from the end of the time before; `name` is for the log."""

    name: str
    every: timedelta
    do: Callable[[], Awaitable[object]]


async def keep(jobs: Sequence[Job], clock: Clock) -> None:
    """Run all jobs side by side, for ever. One that fails is logged and tried again next time."""
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_keep(job, clock))


async def _keep(job: Job, clock: Clock) -> None:
    while True:
        await clock.sleep(job.every.total_seconds())
        try:
            await job.do()
        except ParleyError as error:
            log.warning("%s: %s", job.name, error)
        except Exception:  # a job that surprises us must not end the others
            log.exception("%s broke", job.name)
