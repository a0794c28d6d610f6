"""What the journal says of a plan's steps, as pure functions over its attempts. Used by `runs` and `bot.execution`."""

from collections.abc import Sequence

from bot.model.plans import Plan, Step
from bot.model.runs import UNRETURNED, Attempt, Phase, StepResult, StepState

TAIL = 4096
"""Characters of output in a result."""

GOOD = frozenset({"done", "settled_done"})


def latest(attempts: Sequence[Attempt], step: str, phase: Phase) -> dict[int, Attempt]:
    """The newest attempt of every action of that step and phase, by index."""
    return {each.index: each for each in attempts if each.step == step and each.phase == phase}


def finished(attempts: Sequence[Attempt], step: str, phase: Phase, count: int) -> bool:
    """Whether all `count` actions of that phase are done."""
    newest = latest(attempts, step, phase)
    return all(index in newest and newest[index].state in GOOD for index in range(count))


def results(plan: Plan, attempts: Sequence[Attempt], *, ended: bool) -> tuple[StepResult, ...]:
    """Every step as it stands; `ended` says that nothing more will be done."""
    one = _undone if plan.undoes else _result
    return tuple(one(step, attempts, ended=ended) for step in plan.steps)


def has_effect(attempts: Sequence[Attempt], step: Step) -> bool:
    """Whether a step may have changed something: an action is done, in doubt, or was ended in its middle."""
    return any(
        each.state in GOOD or each.fault in {"timeout", "cancelled", UNRETURNED}
        for each in attempts
        if each.step == step.id and each.phase == "do"
    )


def is_undone(attempts: Sequence[Attempt], step: Step) -> bool:
    """Whether there is a Rollback and all of it is done."""
    return bool(step.rollback) and finished(attempts, step.id, "rollback", len(step.rollback))


def _undone(step: Step, attempts: Sequence[Attempt], *, ended: bool) -> StepResult:
    """A step of a plan that rolls another one back."""
    own = [each for each in attempts if each.step == step.id]
    if not own:
        return StepResult(step.id, "skipped" if ended else "waiting")
    newest = latest(own, step.id, "rollback").values()
    state: StepState = "running"
    if is_undone(own, step):
        state = "done"
    elif any(each.state == "unknown" for each in newest):
        state = "in_doubt"
    elif ended:
        state = "failed"
    return StepResult(
        id=step.id,
        state=state,
        exit=own[-1].exit,
        started_at=own[0].started_at,
        ended_at=own[-1].ended_at if ended or state == "done" else None,
        output_tail="".join(each.output for each in own)[-TAIL:],
    )


def _result(step: Step, attempts: Sequence[Attempt], *, ended: bool) -> StepResult:
    own = [each for each in attempts if each.step == step.id and each.phase in {"do", "verify"}]
    if not own:
        return StepResult(step.id, "skipped" if ended else "waiting")
    state = _state(step, attempts, ended=ended)
    over = ended or state in {"done", "failed", "rolled_back"}
    done = [each for each in own if each.phase == "do"] or own
    return StepResult(
        id=step.id,
        state=state,
        exit=own[-1].exit if own[-1].state == "failed" else done[-1].exit,
        started_at=own[0].started_at,
        ended_at=own[-1].ended_at if over else None,
        output_tail="".join(each.output for each in own)[-TAIL:],
    )


def _state(step: Step, attempts: Sequence[Attempt], *, ended: bool) -> StepState:
    newest = [
        *latest(attempts, step.id, "do").values(),
        *latest(attempts, step.id, "verify").values(),
    ]
    states = {each.state for each in newest}
    if is_undone(attempts, step):
        return "rolled_back"
    if "failed" in states:
        return "failed"
    if "unknown" in states:
        return "in_doubt"
    done = finished(attempts, step.id, "do", len(step.actions))
    if done and finished(attempts, step.id, "verify", len(step.verify)):
        return "done"
    return "skipped" if ended else "running"
