"""What a dead process left: open attempts are made again where that is harmless, and asked about where it is not. Called by the runner."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from msgspec.structs import replace
from sqlalchemy import Connection

from bot.execution import doubt, judge, needs, words
from bot.execution.doubt import Unknown
from bot.execution.journal import Journal
from bot.execution.output import clean, told
from bot.execution.steps import Steps
from bot.model.errors import ParleyError
from bot.model.plans import Agent, Plan, Step
from bot.model.ports import Redactor, Target
from bot.model.runs import Attempt, Outcome
from bot.store import plans, runs

LONGEST_LINE = 200
LOOK_SECONDS = 30.0
"""Time for one look before a question is asked: it must not hold up the start."""


@runtime_checkable
class Recalls(Protocol):
    """A target with a record of its own: what became of an attempt whose bot was killed, None when there is nothing on record
    (and then nothing of it runs any more)."""

    async def recall(self, attempt: str) -> Outcome | None: ...


class Recovery:
    """Also asks about attempts that became unknown while we live."""

    def __init__(
        self,
        journal: Journal,
        steps: Steps,
        target_of: Callable[[Agent], Target],
        redactor: Redactor,
    ) -> None:
        self._journal = journal
        self._steps = steps
        self._target_of = target_of
        self._redactor = redactor

    async def recover(self) -> None:
        """Every run whose owner is dead: back in line, or in doubt with its questions asked."""
        owner = self._journal.owner
        for run in await self._journal.store.read(lambda c: runs.orphans(c, owner)):
            await self._recover(run)

    async def _recover(self, run: str) -> None:
        plan, attempts = await self._journal.store.read(lambda c: _loaded(c, run))
        left = [each for each in attempts if each.state == "open"]
        ended = [await self._recalled(plan, each) for each in left]
        harmless = [each for each in left if doubt.repeatable(_step(plan, each), each)]
        known = [each for each in ended if each is not None]
        settled = {each.id for each in (*harmless, *known)}
        doubted = [each for each in left if each.id not in settled]
        unknown = await self._looked(plan, doubted, attempts)
        now = self._journal.clock.now()

        def write(connection: Connection) -> None:
            for attempt in known:
                runs.settle_attempt(connection, attempt, attempt.state)
            again = [each for each in harmless if each.id not in {a.id for a in known}]
            for attempt in again:
                ended_now = replace(attempt, ended_at=now)
                runs.settle_attempt(connection, ended_now, "unknown")
                runs.settle_attempt(connection, ended_now, "settled_not_done", "made again")
            if unknown:
                doubt.record(connection, plan, run, unknown, now, restarted=True)
            elif runs.row(connection, run).state == "claimed":
                runs.advance(connection, run, "queued", at=now)
            else:
                runs.drop(connection, run)

        await self._journal.write(write)

    async def _recalled(self, plan: Plan, attempt: Attempt) -> Attempt | None:
        """The attempt with the outcome that its target has on record."""
        step = _step(plan, attempt)
        outcome = await self._recall(step, attempt)
        if outcome is None:
            return None
        good = judge.good(outcome, step.section.exits if attempt.phase == "do" else (0,))
        return replace(
            attempt,
            state="done" if good else "failed",
            exit=outcome.exit,
            ended_at=self._journal.clock.now(),
            words="" if good else outcome.words,
        )

    async def _recall(self, step: Step, attempt: Attempt) -> Outcome | None:
        try:
            target = self._target_of(step.agent)
            return await target.recall(attempt.id) if isinstance(target, Recalls) else None
        except ParleyError:  # a target that is not there can tell nothing: then a person is asked
            return None

    async def ask(self, plan: Plan, run: str, attempts: Sequence[Attempt]) -> None:
        """The run is in doubt now, with a question for each of its attempts that are open."""
        open_ones = [each for each in attempts if each.state == "open"]
        unknown = await self._looked(plan, open_ones, attempts)
        now = self._journal.clock.now()
        ended = [replace(each, attempt=replace(each.attempt, ended_at=now)) for each in unknown]
        await self._journal.write(lambda c: doubt.record(c, plan, run, ended, now, restarted=False))

    async def _looked(
        self, plan: Plan, doubted: Sequence[Attempt], attempts: Sequence[Attempt]
    ) -> list[Unknown]:
        """`attempts` are all of the run: a look may need what others have put out."""
        steps = [self._steps.ready(plan, _step(plan, each), attempts) for each in doubted]
        return [
            Unknown(each, await self._seen(step, each) if isinstance(step, Step) else "")
            for each, step in zip(doubted, steps, strict=True)
        ]

    async def _seen(self, step: Step, attempt: Attempt) -> str:
        """What Verify shows now, once, as a sentence; "" where there is none."""
        verify = step.section.verify
        if verify is None or attempt.phase == "rollback":
            return ""
        looks = needs.looks(step.verify)
        try:
            outcomes = await self._steps.look(step, looks, LOOK_SECONDS)
        except ParleyError as error:
            return f"the check could not be made: {self._redactor.redact(str(error))}"
        for action, outcome in zip(looks, outcomes, strict=True):
            if not await self._steps.proves(outcome, verify):
                words_of = self._redactor.redact(outcome.words)
                said = _line(words_of or told(outcome, self._redactor)) or f"exit {outcome.exit}"
                return f"the check fails: `{words.command(action)}`: {said}"
        seen = _line(self._redactor.redact(clean(outcomes[-1].output))) if outcomes else ""
        return f"the check passes{f': {seen}' if seen else ''}."


def _loaded(connection: Connection, run: str) -> tuple[Plan, tuple[Attempt, ...]]:
    row = runs.row(connection, run)
    return plans.load(connection, row.plan, row.revision), runs.attempts(connection, run)


def _step(plan: Plan, attempt: Attempt) -> Step:
    return next(step for step in plan.steps if step.id == attempt.step)


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_LINE]
