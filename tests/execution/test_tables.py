"""Every edge of the transition tables of runs and attempts, by the functions that everybody uses."""

from itertools import product
from typing import get_args

import pytest
from sqlalchemy import Connection, update

from bot.model import runs as model
from bot.model.errors import TransitionError
from bot.model.plans import State as PlanState
from bot.model.runs import Attempt
from bot.store import locks, plan_rows, run_rows, runs
from tests.execution.making import CLOCK, Scene, sh

STATES: tuple[model.State, ...] = get_args(model.State)
ATTEMPTS: tuple[model.AttemptState, ...] = get_args(model.AttemptState)
PLAN_OF: dict[model.State, PlanState] = {"queued": "queued", "claimed": "approved"}


def put(connection: Connection, run: str, state: model.State) -> str:
    """Set a run, and the plan as it then is, into that state; the plan's id."""
    plan = str(runs.row(connection, run).plan)
    connection.execute(
        update(runs.TABLE).where(runs.TABLE.c.id == run).values(state=state, owner="me")
    )
    connection.execute(
        update(plan_rows.TABLE)
        .where(plan_rows.TABLE.c.id == plan)
        .values(state=PLAN_OF.get(state, state))
    )
    return plan


def test_the_tables_name_every_state() -> None:
    assert set(model.TRANSITIONS) == set(STATES)
    assert set(model.ATTEMPT_TRANSITIONS) == set(ATTEMPTS)
    assert set().union(*model.TRANSITIONS.values()) <= set(STATES)


@pytest.mark.parametrize("before", STATES)
async def test_a_run_takes_the_edges_of_its_table_and_its_plan_goes_along(
    scene: Scene, before: model.State
) -> None:
    run = await scene.approved(await scene.step("s1", "true"))
    for after in STATES:
        plan = await scene.store.write(lambda c: put(c, run, before))
        await scene.store.write(lambda c, p=plan: locks.take(c, ["here"], run, p, "", CLOCK.now()))
        if after not in model.TRANSITIONS[before]:
            with pytest.raises(TransitionError):
                await scene.store.write(
                    lambda c, to=after: runs.advance(c, run, to, at=CLOCK.now())
                )
            assert (await scene.load(run)).state == before
            continue
        await scene.store.write(lambda c, to=after: runs.advance(c, run, to, "why", at=CLOCK.now()))
        loaded = await scene.load(run)
        assert (loaded.state, loaded.words) == (after, "why")
        assert (await scene.plan_state(run))[0] == (
            PLAN_OF.get(before, before) if after in PLAN_OF else after
        )
        assert (loaded.ended_at is not None) == (after in model.ENDS)
        assert (await scene.locks() == []) == (after in model.ENDS)
        await scene.store.write(lambda c: c.execute(update(runs.TABLE).values(ended_at=None)))


async def test_an_end_has_no_way_out(scene: Scene) -> None:
    assert {"done", "failed", "rolled_back", "cancelled", "stale"} == model.ENDS


@pytest.mark.parametrize(("before", "after"), list(product(ATTEMPTS, ATTEMPTS)))
async def test_an_attempt_takes_the_edges_of_its_table(
    scene: Scene, before: model.AttemptState, after: model.AttemptState
) -> None:
    run = await scene.approved(await scene.step("s1", "true"))
    attempt = Attempt("a1", run, "s1", "do", 0, sh("true"), "open", CLOCK.now())
    await scene.store.write(lambda c: runs.open_attempt(c, attempt, "me", "true"))
    await scene.store.write(lambda c: c.execute(update(run_rows.ATTEMPTS).values(state=before)))
    if after in model.ATTEMPT_TRANSITIONS[before]:
        await scene.store.write(lambda c: runs.settle_attempt(c, attempt, after, "why"))
    else:
        with pytest.raises(TransitionError):
            await scene.store.write(lambda c: runs.settle_attempt(c, attempt, after))
    loaded = await scene.load(run)
    allowed = after in model.ATTEMPT_TRANSITIONS[before]
    assert loaded.attempts[0].state == (after if allowed else before)
    assert loaded.finished == (1 if allowed and after in {"done", "settled_done"} else 0)


async def test_only_one_takes_a_run_and_only_while_there_is_something_to_do(scene: Scene) -> None:
    run = await scene.approved(await scene.step("s1", "true"))
    assert await scene.store.write(lambda c: runs.take(c, run, "one"))
    assert not await scene.store.write(lambda c: runs.take(c, run, "two"))
    await scene.store.write(lambda c: runs.drop(c, run))
    for state in STATES:
        await scene.store.write(lambda c, s=state: (put(c, run, s), runs.drop(c, run)))
        taken = await scene.store.write(lambda c: runs.take(c, run, "one"))
        assert taken == (state in {"queued", "claimed", "running", "rolling_back"})
