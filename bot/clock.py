"""The system's clock, the one place that asks it. Wired in `bot.app`; tests bring their own `Clock`."""

import asyncio
import time
from datetime import UTC, datetime


class SystemClock:
    """Wall time for people, monotonic time for waiting: a wall clock set back stops nothing."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
