"""Does a run's steps, verifies them, undoes them. Called by the runner with a claimed `Work`; says by `work.end` how it went.

Each action is one attempt: marker committed, effect, outcome committed. What is in the journal as done is not done again.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.execution import judge
from bot.execution.journal import Journal
from bot.execution.output import told
from bot.execution.words import command
from bot.execution.work import Work
from bot.model.ids import new_id
from bot.model.plans import Agent, Step
from bot.model.ports import Redactor, Target
from bot.model.runs import Attempt, Limits, Outcome, Phase
from bot.model.sections import Action, Ask, Exec, Risk, Verify

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.0

_NOT_STARTED = Outcome(None, fault="refused", words="It was cancelled before it was started.")
_ENDED = Outcome(None, fault="cancelled", words="It was cancelled and ended.")


@dataclass(frozen=True, slots=True)
class _Place:
    """Which action: the step, the phase and the position in it."""

    step: Step
    phase: Phase
    index: int


class Steps:
    """`side_by_side` is how many independent steps one agent does at the same time."""

    def __init__(
        self,
        journal: Journal,
        target_of: Callable[[Agent], Target],
        redactor: Redactor,
        limits: Limits,
        side_by_side: int,
    ) -> None:
        self._journal = journal
        self._target_of = target_of
        self._redactor = redactor
        self._limits = limits
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(side_by_side)
        )

    async def do(self, work: Work) -> None:
        """Every step after those it needs, independent ones side by side."""
        over = {step.id: asyncio.Event() for step in work.plan.steps}
        try:
            async with asyncio.TaskGroup() as group:
                for step in work.plan.steps:
                    group.create_task(self._in_turn(work, step, over))
        except ExceptionGroup as several:
            raise several.exceptions[0] from several

    async def _in_turn(self, work: Work, step: Step, over: dict[str, asyncio.Event]) -> None:
        for needed in step.needs:
            await over[needed].wait()
        async with self._turns[step.agent.name]:
            await self._step(work, step)
        over[step.id].set()

    async def _step(self, work: Work, step: Step) -> None:
        for index, action in enumerate(step.actions):
            if work.is_done(step, index):
                continue
            if work.end:
                return
            if isinstance(action, Ask):
                work.asking = work.asking or (step, index, action)
                work.stop("waiting")
                return
            await self._make(work, _Place(step, "do", index), action)
        await self._verify(work, step)

    async def _make(self, work: Work, place: _Place, action: Action) -> bool:
        """One attempt. False when it was not good, or not begun; `work.end` says why."""
        attempt = await self._journal.begin(work, place.step, place.phase, place.index, action)
        if attempt is None:
            return False
        outcome = await self._perform(work, place, action, self._limits, attempt.id)
        if outcome is None:
            work.stop("unknown")
            return False
        exits = place.step.section.exits if place.phase == "do" else (0,)
        return await self._close(work, attempt, outcome, good=judge.good(outcome, exits))

    async def _perform(
        self, work: Work, place: _Place, action: Action, limits: Limits, name: str
    ) -> Outcome | None:
        """The effect, in a task of its own so that a cancel ends it alone. None when nobody knows what came of it."""
        if work.end == "cancelled":
            return _NOT_STARTED
        try:
            target = self._target_of(place.step.agent)
            async with asyncio.TaskGroup() as group:
                task = group.create_task(target.perform(action, limits, name))
                work.performing.add(task)
        except* Exception:  # noqa: BLE001 - whatever a target raises, it did not say what happened
            outcome = None
        else:
            outcome = _ENDED if task.cancelled() else task.result()
        work.performing.discard(task)
        return outcome

    async def _close(self, work: Work, attempt: Attempt, outcome: Outcome, *, good: bool) -> bool:
        if not good and attempt.phase != "rollback":
            work.stop("cancelled" if work.end == "cancelled" else "failed")
        ended = replace(
            attempt,
            exit=outcome.exit,
            output=told(outcome, self._redactor),
            dropped=outcome.dropped,
            words=self._redactor.redact(outcome.words),
            fault=outcome.fault,
        )
        await self._journal.close(work, ended, "done" if good else "failed")
        return good

    async def _verify(self, work: Work, step: Step) -> None:
        verify = step.section.verify
        if verify is None or work.is_verified(step):
            return
        until = self._journal.clock.monotonic() + verify.within
        for index, action in enumerate(step.verify):
            if work.end:
                return
            attempt = await self._journal.begin(work, step, "verify", index, action)
            if attempt is None:
                return
            outcome = await self._until(work, _Place(step, "verify", index), action, verify, until)
            if (
                outcome is None
            ):  # a look that nobody can tell about changed nothing: it counts as not seen
                outcome = Outcome(None, fault="unreachable", words="The look itself failed.")
            good = judge.proves(outcome, verify)
            await self._close(work, attempt, outcome, good=good)

    async def _until(
        self, work: Work, place: _Place, action: Exec, verify: Verify, until: float
    ) -> Outcome | None:
        """Looks until what was expected is seen, or the time is over: then what was seen last."""
        clock, pause = self._journal.clock, FIRST_PAUSE
        while True:
            left = until - clock.monotonic()
            patience = (
                min(self._limits.timeout, max(left, 1.0)) if verify.within else self._limits.timeout
            )
            limits = replace(self._limits, timeout=patience)
            outcome = await self._perform(work, place, action, limits, new_id(clock.now()))
            seen = outcome is not None and judge.proves(outcome, verify)
            if seen or work.broken_off or clock.monotonic() + pause > until:
                return outcome
            await clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def undo(self, work: Work) -> None:
        """The Rollbacks of the steps that may have had an effect, last first. What could not be undone stands in `work.stuck`."""
        for step in work.touched():
            if not step.rollback and step.section.risk is not Risk.READ:
                work.stuck.append(f"{step.section.title} on {step.agent.name}")
            for index, action in enumerate(step.rollback):
                await self._undo(work, _Place(step, "rollback", index), action)
                if work.end == "unknown":
                    return

    async def _undo(self, work: Work, place: _Place, action: Action) -> None:
        if work.is_undone(place.step, place.index):
            return
        if isinstance(action, Ask):
            work.stuck.append(f"a person must: {command(action)}")
        elif not await self._make(work, place, action) and work.end != "unknown":
            work.stuck.append(f"`{command(action)}`")

    async def look(
        self, step: Step, actions: tuple[Exec, ...], seconds: float | None = None
    ) -> list[Outcome]:
        """Read-only commands, outside the journal. Raises what the target raises when it cannot be reached."""
        target = self._target_of(step.agent)
        limits = replace(self._limits, timeout=min(seconds or math.inf, self._limits.timeout))
        return [
            await target.perform(action, limits, new_id(self._journal.clock.now()))
            for action in actions
        ]
