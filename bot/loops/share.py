"""Many small jobs side by side, in few tasks: one task does as many as need not wait. Used by `bot.loops.hearing` and `deliver`,
where a task for each would cost as much as most of what is done in it."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

Job = Callable[[], Coroutine[Any, Any, None]]


def share(group: asyncio.TaskGroup, jobs: Iterable[Job]) -> None:
    """Do each of them in tasks of `group`, begun in their order; none waits for another. Returns at once: the first is begun in
    the next turn of the loop. Raises RuntimeError when the group has ended."""
    left = deque(jobs)
    if len(left) == 1:
        _begin(group, left.pop()())
    elif left:
        _begin(group, _work(left))
        asyncio.get_running_loop().call_soon(_hand_on, group, left)


def _begin(group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> None:
    try:
        group.create_task(work)
    except RuntimeError:
        work.close()
        raise


def _hand_on(group: asyncio.TaskGroup, left: deque[Job]) -> None:
    """What that task has not come to, since it has to wait, is for the next."""
    rest = tuple(left)
    left.clear()
    with suppress(RuntimeError):  # everything ends
        share(group, rest)


async def _work(left: deque[Job]) -> None:
    while left:
        await left.popleft()()
