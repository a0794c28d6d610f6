"""A plan that somebody holds: no command begins, nothing is lost, and what was released goes on where it was."""

import asyncio
from pathlib import Path

from bot.model.sections import Refusal
from bot.store import runs
from tests.execution.making import Scene, section

LOOKS = "echo look >> looks; test -e ready"


async def until(path: Path) -> None:
    async with asyncio.timeout(20):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 - a command makes it; there is no event to wait for
            await asyncio.sleep(0.01)


async def test_no_command_begins_while_it_is_held(scene: Scene) -> None:
    first = "echo one >> log; touch in; while ! test -e go; do sleep 0.01; done"
    run = await scene.approved(await scene.step("s1", first, "echo two >> log"))
    task = asyncio.create_task(scene.runner().run(run))
    await until(scene.data / "in")
    await scene.hold(run)
    (scene.data / "go").touch()
    await task
    held = await scene.load(run)
    assert (held.state, held.finished, scene.said()) == ("held", 1, ["one"])
    assert (await scene.plan_state(run))[0] == "held"
    assert await scene.locks() == [run], "its target stays its own"
    assert await scene.resumable() == []
    await scene.runner().run(run)
    assert scene.said() == ["one"]
    await scene.release(run)
    assert await scene.resumable() == [run]
    await scene.runner().run(run)
    assert ((await scene.load(run)).state, scene.said()) == ("done", ["one", "two"])
    assert await scene.locks() == []


async def test_a_hold_before_the_first_command_leaves_no_run(scene: Scene) -> None:
    run = await scene.approved(await scene.step("s1", "echo never >> log"))
    await scene.hold(run)
    plan = (await scene.load(run)).plan
    await scene.runner().run(run)
    assert await scene.store.read(lambda c: runs.newest(c, plan, 1)) is None
    assert (scene.said(), await scene.locks()) == ([], [])


async def test_what_may_not_begin_at_all_fails_held_or_not(scene: Scene) -> None:
    scene.rules.recheck = Refusal("approval", "People have changed.")
    run = await scene.approved(await scene.step("s1", "echo never >> log"))
    await scene.hold(run)
    await scene.runner().run(run)
    assert await scene.plan_state(run) == ("failed", "People have changed.")


async def test_a_check_that_waits_is_seen_to_its_end(scene: Scene) -> None:
    """A hold is no failure: what Verify waits for may still come, though the step beside it goes no further."""
    waits = "while ! test -e held; do sleep 0.01; done"
    first = await scene.step(
        "s1", "echo one >> log", of=section(verify=True, within=15.0), verify=(LOOKS,)
    )
    second = await scene.step("s2", waits, "echo two >> log")
    run = await scene.approved(first, second)
    task = asyncio.create_task(scene.runner().run(run))
    await until(scene.data / "looks")
    await scene.hold(run)
    (scene.data / "held").touch()
    async with asyncio.timeout(20):
        while (await scene.load(run)).finished < 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    seen = len(scene.said("looks"))
    async with asyncio.timeout(20):
        while len(scene.said("looks")) < seen + 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    (scene.data / "ready").touch()
    await task
    held = await scene.load(run)
    assert (held.state, [each.state for each in held.steps]) == ("held", ["done", "running"])
    await scene.release(run)
    await scene.runner().run(run)
    assert scene.said() == ["one", "two"]


async def test_what_is_being_rolled_back_is_not_held(scene: Scene) -> None:
    undo = "touch in; while ! test -e go; do sleep 0.01; done; echo undo >> log"
    step = await scene.step("s1", "echo one >> log", "false", rollback=(undo, "echo last >> log"))
    run = await scene.approved(step)
    task = asyncio.create_task(scene.runner().run(run))
    await until(scene.data / "in")
    await scene.hold(run)
    (scene.data / "go").touch()
    await task
    assert ((await scene.load(run)).state, scene.said()) == ("rolled_back", ["one", "undo", "last"])


async def test_released_while_it_stopped_it_goes_on(scene: Scene) -> None:
    """The hold was seen before the second command, and is gone when the run would be set aside."""
    first = "echo one >> log; touch in; while ! test -e go; do sleep 0.01; done"
    slow = await scene.step("s1", first)
    quick = await scene.step("s2", "until test -e held; do sleep 0.01; done", "echo two >> log")
    run = await scene.approved(slow, quick)
    task = asyncio.create_task(scene.runner().run(run))
    await until(scene.data / "in")
    await scene.hold(run)
    (scene.data / "held").touch()
    async with asyncio.timeout(20):
        while (await scene.load(run)).finished < 1:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    await scene.release(run)
    (scene.data / "go").touch()
    await task
    if (await scene.load(run)).state != "done":
        assert await scene.resumable() == [run]
        await scene.runner().run(run)
    assert ((await scene.load(run)).state, scene.said()) == ("done", ["one", "two"])
