"""Does a run's steps, verifies them, undoes them. Called by the runner with a claimed `Work`; says by `work.end` how it went.

Each action is one attempt: marker committed, effect, outcome committed. What is in the journal as done is not done again.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bot.execution import judge, needs
from bot.execution.journal import Journal
from bot.execution.output import told_apart
from bot.execution.words import command, not_begun
from bot.execution.work import Work
from bot.model.ids import new_id
from bot.model.plans import Agent, Plan, Step
from bot.model.ports import Outputs, Redactor, Target
from bot.model.runs import UNRETURNED, Attempt, Limits, Outcome, Phase, Returned
from bot.model.sections import Action, Ask, Exec, Refusal, Risk, Verify

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.0

_NOT_STARTED = Outcome(None, fault="refused", words="It was cancelled before it was started.")
_ENDED = Outcome(None, fault="cancelled", words="It was cancelled and ended.")


class _Place(Struct, frozen=True):
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
        outputs: Outputs,
    ) -> None:
        self._journal = journal
        self._target_of = target_of
        self._redactor = redactor
        self._limits = limits
        self._outputs = outputs
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

    async def _step(self, work: Work, planned: Step) -> None:
        step = await self._begun(work, planned)
        if step is None:
            return
        for index, action in enumerate(needs.actions(step.actions)):
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

    async def _begun(self, work: Work, step: Step) -> Step | None:
        """The step with what it needs of others filled in; None where the run goes no further, or because of that."""
        if work.end:
            return None
        ready = self.ready(work.plan, step, work.attempts)
        if isinstance(ready, Step):
            return ready
        index = next((n for n in range(len(step.actions)) if not work.is_done(step, n)), 0)
        why = not_begun(needs.number(work.plan, step.id), self._redactor.redact(ready.why))
        await self._journal.refuse(work, step, index, step.actions[index], why)
        work.stop("failed")
        return None

    def ready(self, plan: Plan, step: Step, attempts: Sequence[Attempt]) -> Step | Refusal:
        """The step as it can be done: with the outputs, as they are in the journal, in the places that wait for them."""
        if not step.outputs:
            return step
        found = needs.known(plan, attempts)
        missing = needs.missing(plan, step, found)
        if missing:
            return Refusal("output", missing)
        return self._outputs.fill(step, needs.values(found))

    async def _make(self, work: Work, place: _Place, action: Action) -> bool:
        """One attempt. False when it was not good, or not begun; `work.end` says why."""
        attempt = await self._journal.begin(work, place.step, place.phase, place.index, action)
        if attempt is None:
            return False
        outcome = await self._perform(work, place, action, self._limits, attempt.id)
        if outcome is None:
            work.stop("unknown")
            return False
        if place.phase != "do":
            return await self._close(work, attempt, outcome, good=judge.good(outcome, (0,)))
        good = judge.good(outcome, place.step.section.exits)
        if good and place.step.section.returns:
            attempt = replace(attempt, returned=await self._returned(place.step, outcome))
        lacks = self._lacks(work, place, attempt) if good else ""
        return await self._close(work, attempt, outcome, good=good and not lacks, lacks=lacks)

    async def _returned(self, step: Step, outcome: Outcome) -> tuple[Returned, ...]:
        """What it has put out, safe to be stored and shown."""
        whole = len(outcome.output) < self._limits.head + self._limits.tail
        found = (
            await self._outputs.read(step.section, outcome.output)
            if whole
            else needs.too_long(step.section)
        )
        declared = {each.name: each for each in step.section.returns}
        said, shown = (
            outcome.output.decode(errors="replace"),
            await told_apart(outcome, self._redactor),
        )
        return tuple(
            needs.without_secrets(each, declared[each.name], self._redactor, said, shown)
            for each in found
        )

    def _lacks(self, work: Work, place: _Place, attempt: Attempt) -> str:
        done = replace(attempt, state="done")
        found = needs.known(work.plan, (*work.attempts, done))
        last = place.index == len(place.step.actions) - 1
        return needs.lacks(work.plan, place.step, found, last=last)

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

    async def _close(
        self, work: Work, attempt: Attempt, outcome: Outcome, *, good: bool, lacks: str = ""
    ) -> bool:
        """`lacks` is what others need of it and did not get: it was done, and the step has failed."""
        if not good and attempt.phase != "rollback":
            work.stop("cancelled" if work.end == "cancelled" else "failed")
        ended = replace(
            attempt,
            exit=outcome.exit,
            output=await told_apart(outcome, self._redactor),
            dropped=outcome.dropped,
            words=self._redactor.redact(outcome.words or lacks),
            fault=UNRETURNED if lacks else outcome.fault,
        )
        await self._journal.close(work, ended, "done" if good else "failed")
        return good

    async def _verify(self, work: Work, step: Step) -> None:
        verify = step.section.verify
        if verify is None or work.is_verified(step):
            return
        until = self._journal.clock.monotonic() + verify.within
        for index, action in enumerate(needs.looks(step.verify)):
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
            good = await self.proves(outcome, verify)
            await self._close(work, attempt, outcome, good=good)

    async def proves(self, outcome: Outcome, verify: Verify) -> bool:
        """As `judge.proves`."""
        return await judge.proves(outcome, verify, self._outputs)

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
            seen = outcome is not None and await self.proves(outcome, verify)
            if seen or work.broken_off or clock.monotonic() + pause > until:
                return outcome
            await clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def undo(self, work: Work) -> None:
        """The Rollbacks of the steps that may have had an effect, last first. What could not be undone stands in `work.stuck`."""
        for planned in work.touched():
            step = self.ready(work.plan, planned, work.attempts)
            if isinstance(step, Refusal):
                title = f"{planned.section.title} on {planned.agent.name}"
                work.stuck.append(f"{title} ({self._redactor.redact(step.why)})")
                continue
            if not step.rollback and step.section.risk is not Risk.READ:
                work.stuck.append(f"{step.section.title} on {step.agent.name}")
            for index, action in enumerate(needs.actions(step.rollback)):
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
        self, step: Step, actions: Sequence[Exec], seconds: float | None = None
    ) -> list[Outcome]:
        """Read-only commands, outside the journal. Raises what the target raises when it cannot be reached."""
        target = self._target_of(step.agent)
        limits = replace(self._limits, timeout=min(seconds or math.inf, self._limits.timeout))
        return [
            await target.perform(action, limits, new_id(self._journal.clock.now()))
            for action in actions
        ]
