"""A run from its claim to its end: order, verification, failure and rollback, staleness, locks, cancelling."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from adapters.targets.local.target import Local
from bot.execution.runner import Runner
from bot.model.errors import TransitionError
from bot.model.runs import Limits, Run
from bot.model.sections import Refusal, Risk, Write
from bot.store import locks, plans, runs
from capabilities.filling import StepOutputs
from tests.execution.making import CLOCK, SECRET, Scene, section


def states(run: Run) -> dict[str, str]:
    return {step.id: step.state for step in run.steps}


async def until(path: Path) -> None:
    async with asyncio.timeout(20):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 - a command makes it; there is no event to wait for
            await asyncio.sleep(0.01)


async def test_actions_run_in_order_and_each_is_an_attempt(scene: Scene) -> None:
    run = await scene.run(
        await scene.step(
            "s1", "echo one >> log", Write("file", "text\n"), "cat file; echo two >> log"
        )
    )
    assert run.state == "done"
    assert scene.said() == ["one", "two"]
    assert [(each.phase, each.index, each.state, each.exit) for each in run.attempts] == [
        ("do", 0, "done", 0),
        ("do", 1, "done", 0),
        ("do", 2, "done", 0),
    ]
    assert (run.total, run.finished, run.doing) == (3, 3, "")
    assert run.steps[0].output_tail == "text\n"
    assert await scene.plan_state(run.id) == ("done", "")
    assert await scene.locks() == []
    assert await scene.resumable() == []


async def test_a_run_is_claimed_once(scene: Scene) -> None:
    run = await scene.approved(await scene.step("s1", "echo one >> log"))
    runner, other = scene.runner(), scene.runner()
    await asyncio.gather(*(each.run(run) for each in (runner, other, runner, other)))
    assert scene.said() == ["one"]


async def test_steps_wait_for_what_they_need_and_others_go_side_by_side(scene: Scene) -> None:
    meet = "touch {0}; while ! test -e {1}; do sleep 0.01; done"
    run = await scene.run(
        await scene.step("s3", "test -e a; test -e b; echo three >> log", needs=("s1", "s2")),
        await scene.step("s1", meet.format("a", "b")),
        await scene.step("s2", meet.format("b", "a")),
    )
    assert run.state == "done", "s1 and s2 can only end when both run at once"
    assert scene.said() == ["three"]


async def test_one_agent_does_no_more_at_once_than_it_may(scene: Scene) -> None:
    alone = "mkdir lock && sleep 0.1 && rmdir lock"
    run = await scene.approved(*[await scene.step(f"s{n}", alone) for n in range(3)])
    runner = Runner(
        scene.store,
        scene.target_of,
        scene.rules,
        scene_redactor(),
        CLOCK,
        scene.rules.again,
        outputs=StepOutputs(scene.rules),
        side_by_side=1,
    )
    await runner.run(run)
    assert (await scene.load(run)).state == "done"


async def test_steps_in_a_circle_are_refused(scene: Scene) -> None:
    run = await scene.run(
        await scene.step("s1", "touch PWNED", needs=("s2",)),
        await scene.step("s2", "true", needs=("s1",)),
    )
    assert (run.state, scene.said("PWNED")) == ("failed", [])
    assert "wait for each other" in run.words


async def test_a_failure_rolls_back_what_was_done_last_first(scene: Scene) -> None:
    run = await scene.run(
        await scene.step("s1", "echo s1 >> log", rollback=("echo undo1 >> log",)),
        await scene.step(
            "s2", "echo s2 >> log", "echo no such thing >&2; exit 4", "echo never >> log",
            needs=("s1",), rollback=("echo undo2 >> log", "echo undo2b >> log"),
        ),
        await scene.step("s3", "echo never >> log", needs=("s2",), rollback=("echo never >> log",)),
    )  # fmt: skip
    assert scene.said() == ["s1", "s2", "undo2", "undo2b", "undo1"]
    assert run.state == "rolled_back"
    assert states(run) == {"s1": "rolled_back", "s2": "rolled_back", "s3": "skipped"}
    assert "ended with 4" in run.words
    assert (await scene.plan_state(run.id))[0] == "rolled_back"
    assert next(each for each in run.attempts if each.state == "failed").output == "no such thing\n"
    assert await scene.locks() == []


async def test_a_step_whose_first_action_fails_is_not_rolled_back(scene: Scene) -> None:
    """`test ! -e FILE` fails because the file is somebody else's: the rollback would remove it."""
    (scene.data / "site").write_text("precious")
    run = await scene.run(
        await scene.step("s1", "test ! -e site", "touch site", rollback=("rm -f site",))
    )
    assert run.state == "failed"
    assert (scene.data / "site").read_text() == "precious"


async def test_a_first_action_that_was_ended_in_its_middle_is_rolled_back(scene: Scene) -> None:
    scene.limits = Limits(timeout=0.3, grace=0.1)
    run = await scene.run(await scene.step("s1", "touch half; sleep 20", rollback=("rm -f half",)))
    assert run.state == "rolled_back"
    assert not (scene.data / "half").exists()


async def test_what_cannot_be_undone_is_named(scene: Scene) -> None:
    irreversible = replace(section("How to burn a disc"), irreversible=True)
    run = await scene.run(
        await scene.step("s1", "true", of=irreversible),
        await scene.step("s2", "true", needs=("s1",), rollback=("exit 9", "echo on >> log")),
        await scene.step("s3", "false", needs=("s2",)),
    )
    assert run.state == "failed"
    assert scene.said() == ["on"], "the rest of a rollback goes on"
    assert "How to burn a disc on web1" in run.words
    assert "exit 9" in run.words


async def test_a_failed_question_has_nothing_to_undo(scene: Scene) -> None:
    run = await scene.run(await scene.step("s1", "true", "false", of=section(risk=Risk.READ)))
    assert run.state == "rolled_back", "nothing was changed, so nothing is left"
    assert [each.phase for each in run.attempts] == ["do", "do"]


async def test_good_exit_codes_are_the_sections(scene: Scene) -> None:
    good = section(exits=(0, 3))
    assert (await scene.run(await scene.step("s1", "exit 3", of=good))).state == "done"
    assert (await scene.run(await scene.step("s1", "exit 4", of=good))).state == "failed"


async def test_verify_looks_again_until_it_sees_it(scene: Scene) -> None:
    of = section(verify=True, expect=r"^ready$", within=15.0)
    run = await scene.run(
        await scene.step(
            "s1", "(sleep 0.5; echo ready > state) >/dev/null 2>&1 &", of=of, verify=("cat state",)
        )
    )
    assert run.state == "done"
    verify = [each for each in run.attempts if each.phase == "verify"]
    assert [(each.state, each.output) for each in verify] == [("done", "ready\n")]


async def test_verify_that_never_sees_it_fails_and_rolls_back(scene: Scene) -> None:
    of = section(verify=True, expect=r"^ready$", within=0.3)
    run = await scene.run(
        await scene.step(
            "s1",
            "echo wrong > state",
            of=of,
            verify=("echo x >> looks; cat state",),
            rollback=("rm state",),
        )
    )
    assert run.state == "rolled_back"
    assert len(scene.said("looks")) > 1
    assert not (scene.data / "state").exists()


async def test_verify_without_within_looks_once(scene: Scene) -> None:
    of = section(verify=True, expect="never")
    await scene.run(await scene.step("s1", "true", of=of, verify=("echo x >> looks",)))
    assert scene.said("looks") == ["x"]


async def test_an_expression_that_takes_for_ever_holds_nobody_up(scene: Scene) -> None:
    """What Verify expects, and what a Preview compares, are searched in what a machine said: the bot goes on meanwhile."""
    said = "printf 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'"
    of = section(verify=True, expect=r"^(a+)+$")
    endless = asyncio.create_task(scene.run(await scene.step("s1", "true", of=of, verify=(said,))))
    turns = 0
    while not endless.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 50, "the loop went on for the seconds that the search took"
    assert endless.result().state == "failed"
    seen = await scene.step(
        "s1", "touch PWNED", of=section(compare="regex `^(a+)+$`"), preview=(said,)
    )
    run = await scene.run(replace(seen, compared="x"))
    assert run.state == "failed"
    assert "took too long" in run.words
    assert "Nothing was changed" in run.words
    assert not (scene.data / "PWNED").exists()


async def test_output_is_redacted_and_made_safe_before_it_is_stored(scene: Scene) -> None:
    script = rf"printf '\033[31m{SECRET[:4]}\033[0m{SECRET[4:]}\n\377 \342\200\256 \007ok\n'"
    run = await scene.run(await scene.step("s1", script))
    assert run.attempts[0].output == "•••\n\ufffd <U+202E> <U+0007>ok\n"


async def test_a_preview_that_differs_makes_the_plan_stale(scene: Scene) -> None:
    of = section(compare="lines")
    (scene.data / "a.conf").touch()
    step = await scene.step("s1", "touch PWNED", of=of, preview=("ls *.conf",))
    shown, compared = (await scene.runner().look([step]))["s1"]
    assert (shown, compared) == ("a.conf\n", "a.conf")
    same = await scene.approved(replace(step, compared=compared))
    run = await scene.approved(replace(step, compared=compared, actions=()))
    await scene.runner().run(run)
    assert (await scene.load(run)).state == "done"
    (scene.data / "shop.conf").touch()
    await scene.runner().run(same)
    stale = await scene.load(same)
    assert (stale.state, stale.attempts) == ("stale", ())
    state, words = await scene.plan_state(same)
    assert state == "stale"
    assert "has changed since you approved: + shop.conf" in words
    assert not (scene.data / "PWNED").exists()
    assert await scene.locks() == []


async def test_another_machine_behind_the_name_makes_the_plan_stale(scene: Scene) -> None:
    step = replace(await scene.step("s1", "touch PWNED"), identity="local: as somebody")
    run = await scene.run(step)
    assert run.state == "stale"
    assert "was local: as somebody and is local: as" in run.words


async def test_what_the_guard_refuses_is_not_run(scene: Scene) -> None:
    scene.rules.guard = Refusal("level", "web1 may not do that.")
    run = await scene.run(await scene.step("s1", "touch PWNED"))
    assert (run.state, run.words) == ("failed", "web1 may not do that. (rule level)")
    assert not (scene.data / "PWNED").exists()


@pytest.mark.parametrize(("rule", "end"), [("stop", "failed"), ("stale", "stale")])
async def test_what_the_claim_refuses_is_not_run(scene: Scene, rule: str, end: str) -> None:
    scene.rules.recheck = Refusal(rule, "Everything is stopped.")
    run = await scene.run(await scene.step("s1", "touch PWNED"))
    assert (run.state, run.words) == (end, "Everything is stopped.")
    assert (await scene.plan_state(run.id))[0] == end
    assert not (scene.data / "PWNED").exists()


async def test_a_target_that_is_taken_queues_the_plan_until_it_is_free(scene: Scene) -> None:
    first = await scene.approved(
        await scene.step("s1", "touch in; while ! test -e go; do sleep 0.01; done")
    )
    second = await scene.approved(await scene.step("s1", "echo second >> log"))
    runner = scene.runner()
    task = asyncio.create_task(runner.run(first))
    await until(scene.data / "in")
    await runner.run(second)
    state, words = await scene.plan_state(second)
    assert state == "queued"
    assert f"Plan {(await scene.load(first)).plan[-4:]} has web1" in words
    assert await scene.resumable() == [], "looking again before the target is free changes nothing"
    (scene.data / "go").touch()
    await task
    assert await scene.resumable() == [second]
    await runner.run(second)
    assert (await scene.load(second)).state == "done"
    assert scene.said() == ["second"]


async def test_a_question_needs_no_lock(scene: Scene) -> None:
    first = await scene.approved(
        await scene.step("s1", "touch in; while ! test -e go; do sleep 0.01; done")
    )
    runner = scene.runner()
    task = asyncio.create_task(runner.run(first))
    await until(scene.data / "in")
    reads = await scene.run(await scene.step("s1", "true", of=section(risk=Risk.READ)))
    (scene.data / "go").touch()
    await task
    assert reads.state == "done"


async def test_locks_are_taken_all_or_none(scene: Scene) -> None:
    def take(names: list[str], run: str) -> Callable[[Connection], locks.Lock | None]:
        return lambda c: locks.take(c, names, run, "p", "why", CLOCK.now())

    assert await scene.store.write(take(["b"], "one")) is None
    held = await scene.store.write(take(["c", "b", "a"], "two"))
    assert held is not None
    assert held.run == "one"
    assert [lock.target for lock in await scene.store.read(locks.held)] == ["b"]
    freed = await scene.store.write(lambda c: locks.unlock(c, "b"))
    assert freed is not None
    assert await scene.store.write(lambda c: locks.unlock(c, "b")) is None
    assert await scene.store.write(take(["c", "b", "a"], "two")) is None


async def test_a_cancel_ends_the_command_and_begins_nothing_more(scene: Scene) -> None:
    script = "echo one >> log; touch in; (sleep 4; echo late >> log) & wait"
    run = await scene.approved(
        await scene.step("s1", "true", script, "echo never >> log", rollback=("echo undo >> log",))
    )
    runner = scene.runner()
    task = asyncio.create_task(runner.run(run))
    await until(scene.data / "in")
    assert await runner.cancel(run)
    await task
    ended = await scene.load(run)
    assert ended.state == "cancelled"
    assert ended.words == "Cancelled after 1 of 3 commands; nothing was rolled back."
    assert [each.fault for each in ended.attempts] == ["", "cancelled"]
    assert await scene.plan_state(run) == ("cancelled", ended.words)
    await asyncio.sleep(4.3)
    assert scene.said() == ["one"]
    assert not await runner.cancel(run)


async def test_a_cancelled_run_can_be_rolled_back(scene: Scene) -> None:
    step = await scene.step(
        "s1", "echo one >> log; touch in; sleep 20", rollback=("echo undo >> log",)
    )
    run = await scene.approved(step)
    runner = scene.runner()
    task = asyncio.create_task(runner.run(run))
    await until(scene.data / "in")
    await runner.cancel(run)
    await task
    undoing = await scene.undoing(run)
    assert await scene.resumable() == [undoing]
    await runner.run(undoing)
    assert (await scene.load(undoing)).state == "rolled_back"
    assert (await scene.plan_state(undoing))[0] == "done"
    assert (await scene.load(run)).state == "cancelled"
    assert (await scene.plan_state(run))[0] == "rolled_back"
    assert scene.said() == ["one", "undo"]


async def test_a_run_that_nobody_works_on_is_cancelled_at_once(scene: Scene) -> None:
    run = await scene.approved(await scene.step("s1", "echo never >> log"))
    runner = scene.runner()
    assert await runner.cancel(run)
    await runner.run(run)
    assert ((await scene.load(run)).state, scene.said()) == ("cancelled", [])


async def test_a_run_that_rolls_back_cannot_be_cancelled(scene: Scene) -> None:
    step = await scene.step(
        "s1", "true", "false", rollback=("touch in; while ! test -e go; do sleep 0.01; done",)
    )
    run = await scene.approved(step)
    runner = scene.runner()
    task = asyncio.create_task(runner.run(run))
    await until(scene.data / "in")
    assert not await runner.cancel(run)
    (scene.data / "go").touch()
    await task
    assert (await scene.load(run)).state == "rolled_back"


async def test_a_drained_runner_finishes_what_runs_and_claims_nothing(scene: Scene) -> None:
    run = await scene.approved(await scene.step("s1", "touch in; sleep 0.5; echo done >> log"))
    runner = scene.runner()
    task = asyncio.create_task(runner.run(run))
    await until(scene.data / "in")
    await runner.drain(20)
    await task
    assert (await scene.load(run)).state == "done"
    other = await scene.approved(await scene.step("s1", "echo never >> log"))
    await runner.run(other)
    assert scene.said() == ["done"]
    assert await scene.resumable() == [other]


async def test_every_change_wakes_the_cards_and_bumps_the_version(scene: Scene) -> None:
    run = await scene.approved(await scene.step("s1", "true"))
    plan = (await scene.load(run)).plan
    before = (await scene.store.read(lambda c: plans.fetch(c, plan))).version
    await scene.runner().run(run)
    after = (await scene.store.read(lambda c: plans.fetch(c, plan))).version
    assert after >= before + 4, "claimed, begun, closed, done"
    assert "cards" in scene.woken
    assert "runs" in scene.woken


async def test_what_was_done_is_not_lost_while_the_database_takes_nothing(scene: Scene) -> None:
    script = "echo one >> log; touch in; while ! test -e go; do sleep 0.01; done"
    run = await scene.approved(await scene.step("s1", script, "echo two >> log"))
    task = asyncio.create_task(scene.runner().run(run))
    await until(scene.data / "in")
    with closing(sqlite3.connect(scene.data / "parley.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        (scene.data / "go").touch()
        async with asyncio.timeout(30):
            while scene.store.healthy:  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.05)
        other.execute("ROLLBACK")
    await task
    assert scene.said() == ["one", "two"]
    assert (await scene.load(run)).state == "done"


async def test_two_agents_work_at_the_same_time(scene: Scene) -> None:
    scene.others["web2"] = Local()("local:", scene.data / "two")
    (scene.data / "two").mkdir()
    run = await scene.run(
        await scene.step("s1", "echo here >> log"),
        await scene.step("s2", "echo there >> log", agent="web2"),
    )
    assert run.state == "done"
    assert (scene.said(), scene.said("two/log")) == (["here"], ["there"])


async def test_a_run_that_is_not_there_is_an_error(scene: Scene) -> None:
    with pytest.raises(KeyError):
        await scene.load("nothing")
    run = await scene.approved(await scene.step("s1", "true"))
    with pytest.raises(TransitionError):
        await scene.store.write(lambda c: runs.advance(c, run, "done", at=CLOCK.now()))


def scene_redactor() -> "Plain":
    return Plain()


class Plain:
    """A redactor without secrets."""

    def redact(self, text: str) -> str:
        return text
