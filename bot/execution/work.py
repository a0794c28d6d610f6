"""One run being worked on, in memory. Made by the runner at the claim, gone when the run ends, waits or is in doubt."""

import asyncio
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct, field

from bot.model.plans import Plan, Step
from bot.model.runs import Attempt, Outcome
from bot.model.sections import Ask, Risk
from bot.store.results import GOOD, finished, has_effect, is_undone, latest

End = Literal["", "held", "waiting", "cancelled", "failed", "unknown"]
_WEIGHT: dict[End, int] = {
    **{"": 0, "held": 1, "waiting": 2},
    **{"cancelled": 3, "failed": 4, "unknown": 5},
}


class Work(Struct):
    """`end` is why no further attempt is begun ("" while all is well); the weightiest reason wins.

    `journal` has the newest state of every attempt, as it was committed. `performing` are the actions under way."""

    run: str
    plan: Plan
    rolls_back: bool
    fresh: bool
    journal: dict[str, Attempt]
    end: End = ""
    asking: tuple[Step, int, Ask] | None = None
    performing: set[asyncio.Task[Outcome]] = field(default_factory=set)
    task: asyncio.Task[object] | None = None
    stuck: list[str] = field(default_factory=list)

    @property
    def broken_off(self) -> bool:
        """Whether even a look that is under way need not be seen to its end; what is held or waits goes on later."""
        return self.end not in {"", "held", "waiting"}

    def stop(self, end: End) -> None:
        """No further attempt, for that reason."""
        if _WEIGHT[end] > _WEIGHT[self.end]:
            self.end = end

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(self.journal.values())

    def is_done(self, step: Step, index: int) -> bool:
        """Whether that action need not be made any more."""
        newest = latest(self.attempts, step.id, "do").get(index)
        return newest is not None and newest.state in GOOD

    def is_complete(self) -> bool:
        """Whether every step is done and verified."""
        counts = [(step, len(step.actions)) for step in self.plan.steps]
        return all(
            finished(self.attempts, step.id, "do", count) and self.is_verified(step)
            for step, count in counts
        )

    def progress(self) -> tuple[int, int]:
        """How many actions are done, of how many."""
        places = [(step, index) for step in self.plan.steps for index in range(len(step.actions))]
        return sum(self.is_done(step, index) for step, index in places), len(places)

    def is_undone(self, step: Step, index: int) -> bool:
        newest = latest(self.attempts, step.id, "rollback").get(index)
        return newest is not None and newest.state in GOOD

    def is_verified(self, step: Step) -> bool:
        return finished(self.attempts, step.id, "verify", len(step.verify))

    def touched(self) -> list[Step]:
        """Steps that may have had an effect, last first."""
        return touched(self.plan, self.attempts)


def touched(plan: Plan, attempts: Sequence[Attempt]) -> list[Step]:
    """Steps of a plan that may have had an effect, last first."""
    return [step for step in reversed(in_order(plan)) if has_effect(attempts, step)]


def left_behind(plan: Plan, attempts: Sequence[Attempt]) -> list[Step]:
    """Steps whose effect nobody has undone yet, last first. `attempts` are those of the run and of all that undid it."""
    if not attempts:
        return []
    return [
        step
        for step in touched(plan, attempts)
        if not is_undone(attempts, step) and (step.rollback or step.section.risk is not Risk.READ)
    ]


def beyond_undoing(steps: Sequence[Step]) -> list[Step]:
    """Those that nothing undoes."""
    return [step for step in steps if not step.rollback or step.section.irreversible]


def in_order(plan: Plan) -> list[Step]:
    """The steps so that each comes after those it needs. Raises ValueError when that cannot be (a circle, an unknown name)."""
    left, ordered = list(plan.steps), list[Step]()
    names: set[str] = set()
    while left:
        ready = [step for step in left if names.issuperset(step.needs)]
        if not ready:
            raise ValueError(f"steps {', '.join(step.id for step in left)} wait for each other")
        ordered += ready
        names |= {step.id for step in ready}
        left = [step for step in left if step not in ready]
    return ordered
