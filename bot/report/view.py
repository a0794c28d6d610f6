"""All that is known of one revision of a plan. Filled by `bot.flow` from the store, read by `plan`, `result` and `answer`."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field

from bot.model import plans
from bot.model.approvals import Follow, Mark, MarkKind, Vote
from bot.model.ids import short
from bot.model.plans import Plan, Step
from bot.model.runs import Attempt, Run, StepResult
from bot.report.safe import line
from bot.report.times import clock, duration
from bot.store.spending import Sum


class PlanView(Struct, frozen=True):
    """`votes` are those standing; `needed` one phrase a requirement; `looks` what each step's Preview showed;
    `words` why it is in its state; `decided_by` the names that approved, rejected or cancelled, joined; `marks` are those
    standing, `follow` is the newest request that grew out of it, `left` is true where something is there to undo,
    `spent` is what models have cost, and `asked_by` who is told the result."""

    plan: Plan
    digest: str
    state: plans.State
    now: datetime
    words: str = ""
    votes: tuple[Vote, ...] = ()
    needed: tuple[str, ...] = ()
    expires_at: datetime | None = None
    approval_state: str = "pending"
    looks: Mapping[str, str] = field(default_factory=dict)
    run: Run | None = None
    superseded_by: int | None = None
    decided_by: str = ""
    marks: tuple[Mark, ...] = ()
    follow: Follow | None = None
    left: bool = False
    spent: Sum = field(default_factory=Sum)
    asked_by: str = ""

    @property
    def name(self) -> str:
        """`Plan 7f3a`, as every headline begins."""
        return f"Plan {short(self.plan.id)}"

    @property
    def requester(self) -> str:
        return line(self.asked_by or next(iter(self.plan.requesters), "you"))


def marked(view: PlanView, kind: MarkKind) -> list[Mark]:
    """Its marks of one kind, in the order they were put there."""
    return [each for each in view.marks if each.kind == kind]


def names(marks: Sequence[Mark]) -> str:
    """`alice`, `alice and bob`, `alice, bob and carol`."""
    *others, last = [line(each.person) for each in marks]
    return f"{', '.join(others)} and {last}" if others else last


def approved(view: PlanView, *, timed: bool = True) -> str:
    """`approved by bob 14:02 UTC`; without names when nobody had to."""
    if not view.decided_by:
        return "approved"
    times = [vote.at for vote in view.votes if vote.verdict == "approve"]
    at = f" {clock(max(times), view.now)}" if timed and times else ""
    return f"approved by {line(view.decided_by)}{at}"


def passed(view: PlanView) -> str:
    """How long the run took, or has taken so far; "" when it has not begun."""
    if view.run is None or view.run.started_at is None:
        return ""
    return duration((view.run.ended_at or view.now) - view.run.started_at)


def result_of(view: PlanView, step: Step) -> StepResult | None:
    """The step's part of the run, if there is one."""
    return next((each for each in view.run.steps if each.id == step.id), None) if view.run else None


def attempts(view: PlanView, phase: str, step: Step | None = None) -> list[Attempt]:
    """The run's attempts of one phase, in the order they were begun."""
    if view.run is None:
        return []
    return [
        each
        for each in view.run.attempts
        if each.phase == phase and (step is None or each.step == step.id)
    ]
