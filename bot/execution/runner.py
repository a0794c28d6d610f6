"""Runs approved plans. `bot.app`'s loop calls `run` for every run that `runs.resumable` names; the flow calls `settle` and `cancel`.

Progress is nobody's callback: every change is committed and bumps the plan's version, and whoever publishes cards looks there.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.execution import doubt, words
from bot.execution.check import Check
from bot.execution.claim import Recheck, claim
from bot.execution.journal import Journal
from bot.execution.recovery import Recovery
from bot.execution.steps import Steps
from bot.execution.work import Work
from bot.model.plans import Agent, Plan, Step
from bot.model.ports import Clock, Guard, Outputs, Redactor, Target
from bot.model.questions import Question
from bot.model.runs import Attempt, Limits
from bot.model.sections import Refusal
from bot.store import runs
from bot.store.writer import Store

LAST_WAIT = 30.0
"""Seconds that commands have to end after a drain that took too long."""


class Runner:
    """One per process. `recheck` evaluates people, rules and stops again inside the claim's transaction; a refusal whose
    rule is `stale` makes the plan stale, any other makes it fail with the refusal's words. `outputs` joins steps."""

    def __init__(
        self,
        store: Store,
        target_of: Callable[[Agent], Target],
        guard: Guard,
        redactor: Redactor,
        clock: Clock,
        recheck: Recheck,
        limits: Limits = Limits(),  # noqa: B008 - a frozen value
        *,
        outputs: Outputs,
        wake: Callable[[str], None] = lambda topic: None,
        side_by_side: int = 4,
    ) -> None:
        self._owner = secrets.token_hex(8)
        self._journal = Journal(store, clock, self._owner, wake)
        self._steps = Steps(self._journal, target_of, redactor, limits, side_by_side, outputs)
        self._check = Check(self._steps, target_of, guard, redactor, outputs)
        self._recovery = Recovery(self._journal, self._steps, target_of, redactor)
        self._recheck = recheck
        self._active: dict[str, Work] = {}

    async def look(self, steps: Sequence[Step]) -> dict[str, tuple[str, str | None]]:
        """Every step's Preview now: its whole text, redacted, and the part to compare (None: nothing is). Raises
        TemporaryError where a target does not answer."""
        return await self._check.look(steps)

    def ready(self, plan: Plan, step: Step, attempts: Sequence[Attempt]) -> Step | Refusal:
        """The step with what others have put out in the places that wait for it; `attempts` are those of the run."""
        return self._steps.ready(plan, step, attempts)

    async def recover(self) -> None:
        """Once, before the first `run`: what the process before us left is put back in line or asked about."""
        await self._recovery.recover()

    async def run(self, run: str) -> None:
        """Work on a run until it ends, waits or is in doubt. Does nothing when it is not ours to do, or not its turn."""
        if self._journal.closing:
            return
        now = self._journal.clock.now()
        work = await self._journal.write(
            lambda c: claim(c, run, self._owner, self._recheck, now), begins=True
        )
        if work is None:
            return
        self._active[run] = work
        work.task = asyncio.current_task()
        try:
            await self._carry_out(work)
        finally:
            del self._active[run]

    async def _carry_out(self, work: Work) -> None:
        """The order of work."""
        refused = await self._check.before(work.plan, fresh=work.fresh)
        if refused:
            await self._journal.advance(work, *refused)
            return
        if not work.rolls_back:
            await self._steps.do(work)
            await self._turn_back(work)
        elif work.fresh:
            await self._journal.advance(work, "rolling_back")
        if work.rolls_back:
            await self._steps.undo(work)
        await self._conclude(work)

    async def _turn_back(self, work: Work) -> None:
        """After a failure that may have left something behind."""
        if work.end == "failed" and work.touched():
            await self._journal.advance(work, "rolling_back", _failure(work))
            work.rolls_back, work.end = True, ""

    async def _conclude(self, work: Work) -> None:
        if work.end == "unknown":
            await self._recovery.ask(work.plan, work.run, work.attempts)
        elif work.rolls_back:
            stuck = words.stuck(work.stuck) if work.stuck else ""
            told = " ".join(part for part in (_failure(work), stuck) if part)
            await self._journal.advance(work, "failed" if stuck else "rolled_back", told)
        elif work.end == "waiting":
            await self._wait(work)
        elif work.end == "held":
            await self._journal.hold(work)
        elif work.end == "cancelled" and not work.is_complete():
            await self._journal.advance(work, "cancelled", words.so_far(*work.progress()))
        elif work.end == "failed":
            await self._journal.advance(work, "failed", _failure(work))
        else:
            await self._journal.advance(work, "done")

    async def _wait(self, work: Work) -> None:
        now = self._journal.clock.now()
        asking = work.asking
        if asking is not None:
            await self._journal.write(
                lambda c: doubt.ask_person(c, work.plan, work.run, asking, now)
            )

    def settle(
        self, connection: Connection, question: Question, answer: str, person: str, at: datetime
    ) -> bool:
        """Apply an answer to an `in_doubt` or `human` question, inside the answer's own transaction; closes the question.
        False when it came too late to matter. Afterwards the run may be in `runs.resumable`."""
        return doubt.settle(connection, question, answer, person, at)

    async def cancel(self, run: str) -> bool:
        """Nothing further is begun, a running command is ended, the run becomes `cancelled`. False when it has ended or rolls back."""
        if run not in self._active:
            now = self._journal.clock.now()
            if await self._journal.write(lambda c: _cancel_idle(c, run, now)):
                return True
        work = self._active.get(run)
        if work is None or work.rolls_back:
            return False
        work.stop("cancelled")
        for task in work.performing:
            task.cancel()
        return True

    async def drain(self, seconds: float) -> None:
        """Claim nothing new and wait for what runs. What is not over by then is ended; its open attempts are asked about at the next start."""
        self._journal.closing = True
        tasks = {work.task for work in self._active.values() if work.task is not None}
        if tasks:
            _, tasks = await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=LAST_WAIT)


def _failure(work: Work) -> str:
    """Why this run failed; not the one that it undoes."""
    own = [each for each in work.attempts if each.run == work.run]
    bad = [each for each in own if each.state == "failed" and each.phase != "rollback"]
    return words.failed(bad[-1]) if bad else ""


def _cancel_idle(connection: Connection, run: str, at: datetime) -> bool:
    """Cancel a run that nobody works on."""
    row = runs.row(connection, run)
    if row.owner or row.state not in {"queued", "running", "waiting", "in_doubt", "held"}:
        return False
    told = words.so_far(int(row.finished), int(row.total))
    runs.advance(connection, run, "cancelled", told, at=at)
    return True
