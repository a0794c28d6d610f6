"""Messages between a supervisor and its specialists: who reads what, and in which order."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from bot.clock import SystemClock
from bot.planner.switchboard import Switchboard


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 20))


def board() -> Switchboard:
    return Switchboard(("supervisor", "infra", "data", "qa"), SystemClock())


def test_who_waits_for_an_answer_is_read_first_then_the_oldest() -> None:
    async def story() -> None:
        there = board()
        there.send("supervisor", "infra", "task", n=1)
        there.send("supervisor", "infra", "task", n=2)
        there.send("data", "infra", "query", n=3)
        there.send("data", "*", "learn", n=4)
        read = [(await there.receive("infra")) for _ in range(4)]
        assert [each.payload["n"] for each in read] == [4, 3, 1, 2]
        assert all(1 <= each.priority <= 10 for each in read)
        assert len({each.id for each in read}) == 4

    run(story())


def test_a_broadcast_reaches_everybody_else() -> None:
    async def story() -> None:
        there = board()
        there.send("infra", "*", "learn", steps=["one"])
        for name in ("supervisor", "data", "qa"):
            assert (await there.receive(name)).payload == {"steps": ["one"]}
        there.send("data", "infra", "query")
        assert (await there.receive("infra")).type == "query", "not its own broadcast"

    run(story())


def test_a_result_goes_to_whoever_asked_whoever_it_comes_from() -> None:
    """A task that went through several hands is answered by the last."""

    async def story() -> None:
        there = board()

        async def hands() -> None:
            task = await there.receive("infra")
            there.send("infra", "data", "handoff", of=task.id)
            taken = await there.receive("data")
            there.send("data", "supervisor", "result", of=taken.payload["of"], idea="done")

        work = asyncio.get_running_loop().create_task(hands())
        answer = await there.ask("supervisor", "infra", "task")
        assert (answer.source, answer.payload["idea"]) == ("data", "done")
        await work

    run(story())


def test_two_questions_at_once_do_not_get_each_others_answer() -> None:
    async def story() -> None:
        there = board()

        async def answers() -> None:
            first, second = await there.receive("qa"), await there.receive("qa")
            for each in (second, first):
                there.send("qa", each.source, "result", of=each.id, words=each.payload["n"])

        work = asyncio.get_running_loop().create_task(answers())
        one, two = await asyncio.gather(
            there.ask("infra", "qa", "query", n=1), there.ask("data", "qa", "query", n=2)
        )
        assert (one.payload["words"], two.payload["words"]) == (1, 2)
        await work

    run(story())


def test_nobody_of_that_name() -> None:
    async def story() -> None:
        with pytest.raises(KeyError):
            board().send("infra", "root", "task")

    run(story())
