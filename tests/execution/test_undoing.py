"""A plan that rolls back what another one did: last step first, as approved, once, and its end is both plans' end."""

from sqlalchemy import Connection

from bot.model.ids import new_id
from bot.model.runs import Attempt
from bot.model.sections import Refusal
from bot.store import plans, runs
from tests.execution.making import CLOCK, Scene


async def test_the_last_step_is_undone_first_and_both_plans_know(scene: Scene) -> None:
    one = await scene.step("s1", "echo 1 >> log", rollback=("echo -1 >> log",))
    two = await scene.step("s2", "echo 2 >> log", needs=("s1",), rollback=("echo -2 >> log",))
    run = (await scene.run(one, two)).id
    undoing = await scene.undoing(run)
    loaded = await scene.load(undoing)
    assert (loaded.total, [each.state for each in loaded.steps]) == (2, ["waiting", "waiting"])
    await scene.runner().run(undoing)
    ended = await scene.load(undoing)
    assert scene.said() == ["1", "2", "-2", "-1"]
    assert (ended.state, ended.finished) == ("rolled_back", 2)
    assert [each.state for each in ended.steps] == ["done", "done"]
    assert (await scene.plan_state(undoing))[0] == "done"
    state, words = await scene.plan_state(run)
    assert (state, words) == ("rolled_back", f"Rolled back by plan `{ended.plan[-4:]}`.")
    assert await scene.locks() == []


async def test_what_could_not_be_undone_is_tried_again_and_nothing_else(scene: Scene) -> None:
    rollback = ("echo first >> log", "test -e mended && echo second >> log")
    run = (await scene.run(await scene.step("s1", "echo do >> log", rollback=rollback))).id
    undoing = await scene.undoing(run)
    await scene.runner().run(undoing)
    assert (await scene.load(undoing)).state == "failed"
    assert "Could not be undone" in (await scene.plan_state(undoing))[1]
    state, words = await scene.plan_state(run)
    assert state == "done"
    assert "failed: look there" in words
    (scene.data / "mended").touch()
    again = await scene.undoing(run)
    await scene.runner().run(again)
    assert scene.said() == ["do", "first", "second"]
    assert (await scene.plan_state(run))[0] == "rolled_back"


async def test_the_claim_looks_at_people_and_the_guard_at_the_steps(scene: Scene) -> None:
    run = (await scene.run(await scene.step("s1", "true", rollback=("echo never >> log",)))).id
    scene.rules.recheck = Refusal("approval", "People have changed.")
    refused = await scene.undoing(run)
    await scene.runner().run(refused)
    assert await scene.plan_state(refused) == ("failed", "People have changed.")
    scene.rules.recheck, scene.rules.guard = None, Refusal("level", "Not any more.")
    guarded = await scene.undoing(run)
    await scene.runner().run(guarded)
    assert (await scene.plan_state(guarded))[0] == "failed"
    assert (await scene.plan_state(run))[0] == "done"
    assert scene.said() == []


async def test_another_machine_behind_the_name_is_not_touched(scene: Scene) -> None:
    step = await scene.step("s1", "true", rollback=("echo never >> log",))
    run = (await scene.run(step)).id
    scene.others["web1"] = _Elsewhere(scene.target)  # type: ignore[assignment]  # a target like any other
    undoing = await scene.undoing(run)
    await scene.runner().run(undoing)
    scene.others.clear()
    assert (await scene.load(undoing)).state == "stale"
    assert "was local:" in (await scene.plan_state(undoing))[1]
    assert scene.said() == []


async def test_a_roll_back_in_the_middle_of_which_we_died_is_asked_about(scene: Scene) -> None:
    run = (await scene.run(await scene.step("s1", "true", rollback=("echo undo >> log",)))).id
    undoing = await scene.undoing(run)
    await scene.store.write(lambda connection: dead(connection, undoing))
    await scene.runner().recover()
    assert (await scene.plan_state(undoing))[0] == "in_doubt"
    (question,) = await scene.questions()
    assert "the rollback of step 1" in question.text
    assert await scene.answer(question, "not done")
    await scene.runner().run(undoing)
    assert scene.said() == ["undo"]
    assert (await scene.plan_state(undoing))[0] == "done"
    assert (await scene.plan_state(run))[0] == "rolled_back"


def dead(connection: Connection, run: str) -> None:
    """What a process leaves that was killed right behind the marker of the first command."""
    now = CLOCK.now()
    step = plans.load(connection, runs.row(connection, run).plan, 1).steps[0]
    runs.take(connection, run, "dead")
    for state in ("claimed", "running", "rolling_back"):
        runs.advance(connection, run, state, at=now)
    attempt = Attempt(new_id(now), run, "s1", "rollback", 0, step.rollback[0], "open", now)
    runs.open_attempt(connection, attempt, "dead", "echo undo")


class _Elsewhere:
    """The same target with another identity."""

    def __init__(self, target: object) -> None:
        self._target = target

    async def identity(self) -> str:
        return "local:somebody@elsewhere"

    async def close(self) -> None:
        """Nothing of its own."""
