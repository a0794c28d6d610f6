"""Wake-ups inside one process. Rooms call `wake`, the loops of `bot.app` wait.

A lost or doubled wake-up is harmless: the database decides, and every loop also looks by itself now and then.
"""

import asyncio
from collections import defaultdict


class Bus:
    """Topics are plain words: `inbox`, `outbox`, `cards`, `runs`, `homes`. Used from the event loop's thread only."""

    def __init__(self) -> None:
        self._topics: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def wake(self, topic: str) -> None:
        self._topics[topic].set()

    async def wait(self, topic: str, seconds: float) -> None:
        """Until somebody wakes the topic, or `seconds` are over. A wake-up from before the call counts."""
        event = self._topics[topic]
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        event.clear()
