"""Work that a stop need not wait for: it is stored, and begun again at the next start. The voice and files cases and the loop
that speaks work in it; `bot.app` sends them away.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Leaving:
    """Tasks of one process."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopped = False

    @contextmanager
    def may(self) -> Iterator[None]:
        """The current task may be cancelled within, and at once after `leave`."""
        task = asyncio.current_task()
        assert task is not None
        if self._stopped:
            raise asyncio.CancelledError
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    def leave(self) -> None:
        """At a stop, when everything that is waited for has come to its end."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
