"""In doubt: what a dead process left is asked about, and every answer does what it says."""

import asyncio

import pytest
from msgspec.structs import replace

from bot.execution.runner import Runner
from bot.model.questions import Question
from bot.model.runs import Attempt
from bot.model.sections import Ask, Risk
from bot.store import locks, runs
from tests.execution.making import CLOCK, Scene, section
from tests.execution.test_runs import until

HANGS = "echo two >> log; touch in; sleep 60"


async def dies_at_the_second_of_three(scene: Scene, hangs: str = HANGS, **more: object) -> str:
    """A run whose process dies while its second command runs. The commands write one, two, three."""
    step = await scene.step(
        "s1", "echo one >> log", hangs, "echo three >> log", rollback=("echo undo >> log",), **more
    )  # type: ignore[arg-type]
    run = await scene.approved(step)
    await dies(scene, run)
    return run


async def dies(scene: Scene, run: str) -> None:
    """Its process is gone while a command runs: nothing more is committed."""
    runner = scene.runner()
    task = asyncio.create_task(runner.run(run))
    await until(scene.data / "in")
    await runner.drain(0)
    assert task.cancelled()
    (scene.data / "in").unlink()


async def back(scene: Scene) -> Runner:
    """The next process."""
    runner = scene.runner()
    await runner.recover()
    return runner


async def only_question(scene: Scene) -> Question:
    (question,) = await scene.questions()
    return question


async def finish(scene: Scene, run: str) -> None:
    """The second command no longer hangs; whoever comes next works on the run."""
    (scene.data / "bin").mkdir(exist_ok=True)
    await (await back(scene)).run(run)


async def test_the_question_says_what_is_known(scene: Scene) -> None:
    of = section(verify=True, expect="two")
    run = await dies_at_the_second_of_three(scene, of=of, verify=("tail -1 log",))
    assert (await scene.load(run)).attempts[-1].state == "open"
    await back(scene)
    loaded, question = await scene.load(run), await only_question(scene)
    assert loaded.state == "in_doubt"
    assert [each.state for each in loaded.attempts] == ["done", "unknown"]
    assert (await scene.plan_state(run))[0] == "in_doubt"
    lines = question.text.split("\n")
    assert (
        lines[0]
        == f"Plan {loaded.plan[-4:]} stopped at step 1, command 2: I do not know whether it happened."
    )
    assert lines[1] == "   sh -c 'echo two >> log; touch in; sleep 60'"
    assert "I was restarted at" in lines[2]
    assert lines[2].endswith("Command 1 is done, 3 was not started.")
    assert lines[3] == "I looked: the check passes: two."
    assert question.choices == ("done", "not done", "retry", "roll back")
    assert question.about == {"step": "s1", "argv": ["sh", "-c", HANGS]}
    assert (question.plan, question.run, question.attempt) == (
        loaded.plan,
        run,
        loaded.attempts[-1].id,
    )
    (lock,) = await scene.store.read(locks.held)
    assert (lock.run, lock.question) == (run, question.id)
    assert await scene.resumable() == []


async def test_a_check_that_fails_is_told_as_well(scene: Scene) -> None:
    of = section(verify=True, expect="three")
    await dies_at_the_second_of_three(scene, of=of, verify=("tail -1 log",))
    await back(scene)
    assert (
        "I looked: the check fails: `sh -c 'tail -1 log'`: two" in (await only_question(scene)).text
    )


async def test_recovering_twice_asks_once(scene: Scene) -> None:
    await dies_at_the_second_of_three(scene)
    await back(scene)
    await back(scene)
    await only_question(scene)


async def test_done_goes_on_with_the_next(scene: Scene) -> None:
    run = await dies_at_the_second_of_three(scene)
    runner = await back(scene)
    assert await scene.answer(await only_question(scene), "done")
    assert await scene.resumable() == [run]
    await runner.run(run)
    loaded = await scene.load(run)
    assert scene.said() == ["one", "two", "three"]
    assert loaded.state == "done"
    assert [each.state for each in loaded.attempts] == ["done", "settled_done", "done"]
    assert loaded.attempts[1].words == "bob answered done"
    assert (await scene.plan_state(run))[0] == "done"
    assert await scene.questions() == []
    assert await scene.locks() == []


@pytest.mark.parametrize("answer", ["not done", "retry"])
async def test_not_done_and_retry_make_it_under_a_new_marker(scene: Scene, answer: str) -> None:
    run = await dies_at_the_second_of_three(
        scene, "touch in; test -e second || sleep 60; echo two >> log"
    )
    (scene.data / "second").touch()
    runner = await back(scene)
    assert await scene.answer(await only_question(scene), answer)
    await runner.run(run)
    loaded = await scene.load(run)
    assert scene.said() == ["one", "two", "three"]
    assert [each.state for each in loaded.attempts] == ["done", "settled_not_done", "done", "done"]
    assert len({each.id for each in loaded.attempts}) == 4
    assert loaded.state == "done"


async def test_roll_back_undoes_the_done_steps_and_this_one(scene: Scene) -> None:
    before = await scene.step("s1", "true", rollback=("echo undo1 >> log",))
    doubted = await scene.step(
        "s2", HANGS, "echo never >> log", needs=("s1",), rollback=("echo undo2 >> log",)
    )
    after = await scene.step(
        "s3", "echo never >> log", needs=("s2",), rollback=("echo undo3 >> log",)
    )
    run = await scene.approved(before, doubted, after)
    await dies(scene, run)
    runner = await back(scene)
    assert await scene.answer(await only_question(scene), "roll back")
    assert (await scene.load(run)).state == "rolling_back"
    await runner.run(run)
    assert scene.said() == ["two", "undo2", "undo1"]
    assert (await scene.load(run)).state == "rolled_back"


async def test_an_answer_counts_once(scene: Scene) -> None:
    run = await dies_at_the_second_of_three(scene)
    runner = await back(scene)
    question = await only_question(scene)
    assert await scene.answer(question, "done")
    assert not await scene.answer(question, "retry")
    await runner.run(run)
    assert not await scene.answer(question, "roll back")
    assert scene.said() == ["one", "two", "three"]


async def test_an_answer_after_a_cancel_changes_nothing(scene: Scene) -> None:
    run = await dies_at_the_second_of_three(scene)
    runner = await back(scene)
    question = await only_question(scene)
    assert await runner.cancel(run)
    assert not await scene.answer(question, "done")
    assert (await scene.load(run)).state == "cancelled"
    assert await scene.locks() == []


async def test_an_answer_must_be_one_of_the_choices(scene: Scene) -> None:
    await dies_at_the_second_of_three(scene)
    await back(scene)
    with pytest.raises(ValueError, match="none of"):
        await scene.answer(await only_question(scene), "maybe")


@pytest.mark.parametrize("kind", ["read", "idempotent"])
async def test_what_may_happen_twice_is_made_again_without_asking(scene: Scene, kind: str) -> None:
    of = section(risk=Risk.READ) if kind == "read" else section(idempotent=True)
    run = await dies_at_the_second_of_three(
        scene, "touch in; test -e second || sleep 60; echo two >> log", of=of
    )
    (scene.data / "second").touch()
    runner = await back(scene)
    assert await scene.questions() == []
    assert await scene.resumable() == [run]
    await runner.run(run)
    assert scene.said() == ["one", "two", "three"]
    assert (await scene.load(run)).state == "done"


async def test_several_attempts_are_asked_about_one_by_one(scene: Scene) -> None:
    meet = (
        "echo {0} >> log; touch {0}; while ! test -e {1}; do sleep 0.01; done; touch in; sleep 60"
    )
    run = await scene.approved(
        await scene.step("s1", meet.format("a", "b"), "echo a2 >> log"),
        await scene.step("s2", meet.format("b", "a"), "echo b2 >> log"),
    )
    await dies(scene, run)
    runner = await back(scene)
    first, second = await scene.questions()
    await scene.answer(first, "done")
    assert (await scene.load(run)).state == "in_doubt"
    await runner.run(run)
    assert "a2" not in scene.said()
    await scene.answer(second, "done")
    await runner.run(run)
    assert sorted(scene.said()) == ["a", "a2", "b", "b2"]


async def test_a_rollback_in_doubt_goes_on_rolling_back(scene: Scene) -> None:
    rollback = ("touch in; test -e second || sleep 60; echo undo >> log", "echo undone >> log")
    run = await scene.approved(await scene.step("s1", "true", "false", rollback=rollback))
    await dies(scene, run)
    (scene.data / "second").touch()
    runner = await back(scene)
    question = await only_question(scene)
    assert "the rollback of step 1, command 1" in question.text
    assert question.choices == ("done", "not done", "retry")
    await scene.answer(question, "retry")
    await runner.run(run)
    assert scene.said() == ["undo", "undone"]
    assert (await scene.load(run)).state == "rolled_back"


async def test_an_outcome_that_the_target_cannot_tell_is_asked_about_at_once(scene: Scene) -> None:
    """The supervisor of the command was killed."""
    run = await scene.run(
        await scene.step("s1", "echo one >> log; kill -KILL $PPID; sleep 60", "echo two >> log")
    )
    assert run.state == "in_doubt"
    question = await only_question(scene)
    assert "restarted" not in question.text
    await scene.answer(question, "done")
    await scene.runner().run(run.id)
    assert scene.said() == ["one", "two"]


async def test_what_the_target_has_on_record_is_not_asked(scene: Scene) -> None:
    """The command ended and left a daemon, and the bot died before it could commit that."""
    run = await scene.approved(await scene.step("s1", "echo one >> log", "echo two >> log"))
    attempt = await orphan(scene, run)
    (scene.data / "left").mkdir()
    (scene.data / "left" / attempt.id).write_text("[0]")
    runner = await back(scene)
    assert await scene.questions() == []
    await runner.run(run)
    assert scene.said() == ["two"], "the first is done, says the record"


async def orphan(scene: Scene, run: str) -> Attempt:
    """A claimed run with its first attempt open, by a process that is no more."""
    loaded = await scene.load(run)
    stored = await scene.store.read(lambda c: runs.row(c, run))
    now = CLOCK.now()
    from bot.store import plans

    plan = await scene.store.read(lambda c: plans.load(c, loaded.plan, 1))
    attempt = Attempt("a" * 32, run, "s1", "do", 0, plan.steps[0].actions[0], "open", now)
    assert stored.state == "queued"

    def write(connection: object) -> None:
        c = connection
        assert runs.take(c, run, "dead")  # type: ignore[arg-type]
        runs.advance(c, run, "claimed", at=now)  # type: ignore[arg-type]
        runs.advance(c, run, "running", at=now)  # type: ignore[arg-type]
        runs.open_attempt(c, attempt, "dead", "echo")  # type: ignore[arg-type]

    await scene.store.write(write)
    return attempt


async def test_a_run_that_died_before_its_first_marker_goes_back_in_line(scene: Scene) -> None:
    run = await scene.approved(await scene.step("s1", "echo one >> log"))

    await scene.store.write(lambda c: runs.take(c, run, "dead"))
    await scene.store.write(lambda c: runs.advance(c, run, "claimed", at=CLOCK.now()))
    assert await scene.resumable() == []
    runner = await back(scene)
    assert await scene.resumable() == [run]
    await runner.run(run)
    assert scene.said() == ["one"]


@pytest.mark.parametrize(
    ("answer", "end", "said"),
    [("done", "done", ["one", "three"]), ("not done", "rolled_back", ["one", "undo"])],
)
async def test_a_person_is_asked_to_do_their_part(
    scene: Scene, answer: str, end: str, said: list[str]
) -> None:
    run = await scene.run(
        await scene.step(
            "s1",
            "echo one >> log",
            Ask("Turn the key."),
            "echo three >> log",
            rollback=("echo undo >> log",),
        )
    )
    assert run.state == "waiting"
    assert (await scene.plan_state(run.id))[0] == "waiting"
    question = await only_question(scene)
    assert question.kind == "human"
    assert "Turn the key." in question.text
    await back(scene)
    assert await scene.questions() == [question], "a restart changes nothing"
    assert await scene.answer(question, answer)
    assert not await scene.answer(question, "done")
    await scene.runner().run(run.id)
    assert scene.said() == said
    assert (await scene.load(run.id)).state == end


async def test_a_person_first_and_nothing_before(scene: Scene) -> None:
    run = await scene.run(await scene.step("s1", Ask("Turn the key.")))
    assert run.state == "waiting"
    assert await (scene.runner()).cancel(run.id)
    assert await scene.questions() == []


async def test_a_question_in_doubt_is_about_the_writing_of_a_file_too(scene: Scene) -> None:
    from bot.model.sections import Write

    step = await scene.step("s1", "true")
    run = await scene.approved(replace(step, actions=(Write("site.conf", "x"),)))
    await orphan(scene, run)
    await back(scene)
    question = await only_question(scene)
    assert question.about == {"step": "s1", "argv": ["write site.conf"]}
