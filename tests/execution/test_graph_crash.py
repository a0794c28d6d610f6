"""A graph whose process is killed with SIGKILL in its middle: real processes, and what they left on disk."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.model.sections import Exec
from tests.execution.yard import GOOD, Open, Yard, create, serve, watch

ROOT = Path(__file__).parents[2]
PATIENCE = 30
PLACE = ("s2", "do", 0)


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    made = Yard(tmp_path)
    made.answers("create", GOOD)
    return made


async def life(yard: Yard, over: Callable[[], bool], pause: float = 0.0) -> None:
    """A process that works on what there is, killed when that is true, or at its own end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.execution.yard", str(yard.folder)), cwd=ROOT
    )
    try:
        async with asyncio.timeout(PATIENCE):
            while process.returncode is None and not over():  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.005)
        await asyncio.sleep(pause)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def killed(yard: Yard, verb: str) -> str:
    """The run of a graph of three whose process died while `record VERB` was running."""
    yard.touch(f"block-{verb}")
    async with yard.opened() as house:
        run = await house.approved(create(), serve(), watch(needs=("s2",)))
    await life(yard, (yard.folder / f"in-{verb}").exists)
    (yard.folder / f"block-{verb}").unlink()
    return run


async def answered(house: Open, answer: str) -> str:
    """The question's text."""
    (question,) = await house.questions()
    await house.answer(question, answer)
    return question.text


async def test_what_was_put_out_before_is_what_is_asked_about_after(yard: Yard) -> None:
    run = await killed(yard, "serve")
    yard.answers("create", {"id": 666, "net": {"ip": "10.6.6.6"}})
    async with yard.opened() as house:
        text = await answered(house, "done")
        assert "record serve 10.0.0.5 id-104.x" in text
        assert "nobody has seen" not in text, "nothing else needs what this one puts out"
        done = await house.go_on(run)
    assert done.state == "done"
    assert yard.log == [
        *("create one", "serve 10.0.0.5 id-104.x", "reload serve", "watch 104 -- hello")
    ]
    assert list(yard.site) == ["10.0.0.5.conf"]


async def test_a_retry_makes_exactly_the_same_argv(yard: Yard) -> None:
    run = await killed(yard, "serve")
    async with yard.opened() as house:
        await answered(house, "retry")
        done = await house.go_on(run)
    assert done.state == "done"
    assert yard.log.count("create one") == 1
    made = [each for each in done.attempts if (each.step, each.phase, each.index) == PLACE]
    assert [each.state for each in made] == ["settled_not_done", "done"]
    assert made[0].action == made[1].action
    assert isinstance(made[0].action, Exec)


async def test_a_roll_back_undoes_what_was_done_with_what_was_put_out(yard: Yard) -> None:
    run = await killed(yard, "watch")
    async with yard.opened() as house:
        await answered(house, "roll back")
        assert (await house.go_on(run)).state == "rolled_back"
    assert yard.log[-3:] == ["unwatch 104", "unserve 10.0.0.5", "uncreate one"]
    assert yard.site == {}


async def test_an_output_that_died_with_the_process_is_not_made_up(yard: Yard) -> None:
    run = await killed(yard, "create")
    async with yard.opened() as house:
        text = await answered(house, "done")
        assert "Later steps need what it puts out, and nobody has seen that" in text
        ended = await house.go_on(run)
    assert ended.state == "rolled_back"
    assert "Step 2 was not begun: Step 1 has put out no id." in ended.words
    assert yard.log == ["create one", "uncreate one"]


async def test_made_again_it_puts_out_again(yard: Yard) -> None:
    run = await killed(yard, "create")
    async with yard.opened() as house:
        await answered(house, "not done")
        assert (await house.go_on(run)).state == "done"
    assert yard.log.count("create one") == 2, (
        "once by the dead process, and once because bob said so"
    )
    assert yard.log.count("serve 10.0.0.5 id-104.x") == 1


@pytest.mark.parametrize("pause", [0.0, 0.02])
async def test_killed_after_every_line_nothing_is_done_twice(yard: Yard, pause: float) -> None:
    async with yard.opened() as house:
        run = await house.approved(create(), serve(), watch(needs=("s2",)))
    for lines in range(1, 5):
        await life(yard, lambda most=lines: len(yard.log) >= most, pause)
        async with yard.opened() as house:
            await truthfully(house, yard)
    async with yard.opened() as house:
        ended = await house.go_on(run)
    assert ended.state in {"done", "rolled_back"}
    assert len(set(yard.log)) == len(yard.log), "every line once"
    assert {line for line in yard.log if "serve" in line} <= {
        *("serve 10.0.0.5 id-104.x", "reload serve", "unserve 10.0.0.5")
    }


async def truthfully(house: Open, yard: Yard) -> None:
    """What a person answers who looks at the log and the files."""
    for question in await house.questions():
        words = question.about["argv"][1:]
        happened = " ".join(words) in yard.log if words else bool(yard.site)
        await house.answer(question, "done" if happened else "not done")
