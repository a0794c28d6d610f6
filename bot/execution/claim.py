"""The claim: who works on a run, and whether it may begin at all. One transaction, called by the runner."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from bot.execution import needs
from bot.execution.journal import is_held, set_held
from bot.execution.work import Work, in_order
from bot.model import plans as plan_model
from bot.model.ids import short
from bot.model.plans import Plan, digest
from bot.model.runs import Attempt, State
from bot.model.sections import Refusal, Risk
from bot.store import audit, locks, plans, runs
from bot.store.locks import Lock
from bot.store.plan_rows import Stored
from bot.store.results import latest

Recheck = Callable[[Connection, Plan], Refusal | None]
FORGED, STOP = "digest", "stop"
STALE = "stale"
"""The rule of a refusal that means: what was approved is no longer what there is."""


def claim(
    connection: Connection, run: str, owner: str, recheck: Recheck, at: datetime
) -> Work | None:
    """The run is ours, with its targets; or None: somebody has it, a target is taken, or it may not begin."""
    row = runs.row(connection, run)
    fresh = row.state == "queued"
    if not runs.take(connection, run, owner):
        return None
    stored = plans.fetch(connection, row.plan, row.revision)
    plan = stored.plan
    refusal = _forged(connection, stored) or _refusal(connection, plan, recheck)
    # What was begun is looked at no more: only a stop holds it, below.
    if refusal is not None and (fresh or refusal.rule == FORGED):
        end: State = "stale" if refusal.rule == STALE else "failed"
        runs.advance(connection, run, end, refusal.why, at=at)
        data = {"run": run, "revision": plan.revision, "state": end, "rule": refusal.rule}
        audit.record(connection, "run", at=at, subject=plan.id, digest=stored.digest, data=data)
        return None
    if row.state in {"queued", "running"} and is_held(connection, plan):
        set_held(connection, run, owner, plan, at)
        return None
    held = locks.take(connection, targets(plan), run, plan.id, plan.request, at)
    if held is not None:
        _queue(connection, plan, run, held, at)
        return None
    if refusal is not None and refusal.rule == STOP and _changes(plan, row.state):
        _stop(connection, plan, run, refusal.why)
        return None
    if fresh:
        runs.advance(connection, run, "claimed", at=at)
    return _begin(connection, plan, run, str(row.undoes), str(row.state))


def _forged(connection: Connection, stored: Stored) -> Refusal | None:
    """The stored bytes are those that people saw: their hash is the one that every vote is bound to."""
    plan = stored.plan
    document = plans.document(connection, plan.id, plan.revision)
    if digest(document) == stored.digest == stored.request.digest:
        return None
    return Refusal(FORGED, f"Plan {short(plan.id)} is not what was approved. Ask again.")


def _stop(connection: Connection, plan: Plan, run: str, why: str) -> None:
    """Begun before the stop and not at work now: it waits behind its own targets until somebody says `resume`."""
    plans.touch(connection, plan.id)
    runs.drop(connection, run, why, behind=run)


def _changes(plan: Plan, state: str) -> bool:
    """Whether going on would change more; what is being undone is undone, stop or not."""
    return bool(targets(plan)) and state != "rolling_back"


def _refusal(connection: Connection, plan: Plan, recheck: Recheck) -> Refusal | None:
    try:
        in_order(plan)
    except ValueError as error:
        return Refusal("needs", f"The plan cannot be ordered: {error}.")
    fault = needs.fault(plan)
    if fault:
        return Refusal("output", f"The plan cannot be run: {fault}.")
    return recheck(connection, plan)


def targets(plan: Plan) -> list[str]:
    """What must not be changed by two at once."""
    risky = [step for step in plan.steps if step.section.risk is not Risk.READ]
    return sorted({step.identity for step in risky})


def _queue(connection: Connection, plan: Plan, run: str, held: Lock, at: datetime) -> None:
    agents = sorted({step.agent.name for step in plan.steps if step.identity == held.target})
    first = " It is in doubt: answer its question first." if held.question else ""
    words = f"Plan {short(held.plan)} has {', '.join(agents)}; this one is next after it.{first}"
    if words != runs.row(connection, run).words:
        state: plan_model.State = plans.state(connection, plan.id)
        if state in {"approved", "queued"}:
            plans.advance(connection, plan.id, "queued", words, at=at)
    runs.drop(connection, run, words, behind=held.run)


def _begin(connection: Connection, plan: Plan, run: str, undoes: str, state: str) -> Work:
    made = runs.attempts(connection, run)
    before = runs.attempts_with_undoing(connection, undoes) if undoes else ()
    work = Work(
        run=run,
        plan=plan,
        rolls_back=bool(undoes) or state == "rolling_back",
        fresh=state == "queued",
        journal={each.id: each for each in (*before, *made)},
    )
    if not work.rolls_back and _has_failed(plan, made):
        work.stop("failed")
    return work


def _has_failed(plan: Plan, made: tuple[Attempt, ...]) -> bool:
    return any(
        each.state == "failed"
        for step in plan.steps
        for phase in ("do", "verify")
        for each in latest(made, step.id, "do" if phase == "do" else "verify").values()
    )
