"""Many small things in few tasks: each is begun, in order, and none waits for another."""

import asyncio
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from bot.loops.share import share


@given(st.lists(st.booleans(), max_size=30))
def test_each_is_begun_in_order_and_none_waits_for_another(waits: list[bool]) -> None:
    async def all_of_them() -> None:
        go, begun, over, tasks = asyncio.Event(), [], [], set()

        async def do(number: int) -> None:
            begun.append(number)
            tasks.add(asyncio.current_task())
            if waits[number]:
                await go.wait()
            over.append(number)

        async with asyncio.TaskGroup() as group:
            share(group, [partial(do, number) for number in range(len(waits))])
            assert begun == []
            for _ in range(len(waits) + 1):
                await asyncio.sleep(0)
            assert begun == list(range(len(waits)))
            assert over == [number for number, late in enumerate(waits) if not late]
            assert len(tasks) <= sum(waits) + 1
            go.set()
        assert sorted(over) == begun

    asyncio.run(all_of_them())


async def test_what_waited_takes_up_nothing_else() -> None:
    """A task that has waited may be ended by whoever it works for; no other work is in it."""
    where: dict[int, asyncio.Task[None] | None] = {}

    async def do(number: int) -> None:
        where[number] = asyncio.current_task()
        for _ in range(3):
            await asyncio.sleep(0)
        where[number] = asyncio.current_task()

    async with asyncio.TaskGroup() as group:
        share(group, [partial(do, number) for number in range(5)])
    assert len(set(where.values())) == 5


async def test_what_is_left_when_everything_ends_is_let_be() -> None:
    begun, complaints = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))

    async def do(number: int) -> None:
        begun.append(number)
        raise ValueError(number)

    try:
        async with asyncio.TaskGroup() as group:
            share(group, [partial(do, number) for number in range(3)])
    except* ValueError:
        pass
    await asyncio.sleep(0)
    assert begun == [0]
    assert complaints == []
