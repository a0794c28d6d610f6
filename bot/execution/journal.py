"""The journal's writing side: every attempt and every change of a run, committed before anything goes on. Used by `steps` and the runner.

A database that cannot take a write (a full disk) does not lose what was done: the write is tried again until it succeeds.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import Connection

from bot.execution.words import command
from bot.execution.work import Work
from bot.model import runs as model
from bot.model.errors import StoreError
from bot.model.ids import new_id
from bot.model.plans import Step
from bot.model.ports import Clock
from bot.model.runs import Attempt, AttemptState, Phase
from bot.model.sections import Action
from bot.store import runs
from bot.store.writer import Store

T = TypeVar("T")

AGAIN = 1.0
"""Seconds before a write that the database refused is tried again."""


class Journal:
    """`owner` is this process's nonce. `closing` ends the patience with a database that takes nothing."""

    def __init__(self, store: Store, clock: Clock, owner: str, wake: Callable[[str], None]) -> None:
        self.store = store
        self.clock = clock
        self.owner = owner
        self.closing = False
        self._wake = wake

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """`store.write`, again and again while the database cannot take it."""
        while True:
            try:
                result = await self.store.write(fn)
            except StoreError:
                if self.closing:
                    raise
                await self.clock.sleep(AGAIN)
            else:
                self._wake("cards")
                return result

    async def begin(
        self, work: Work, step: Step, phase: Phase, index: int, action: Action
    ) -> Attempt:
        """The marker, committed: from here on a crash leaves a question. The first one also sets the run running."""
        now = self.clock.now()
        attempt = Attempt(new_id(now), work.run, step.id, phase, index, action, "open", now)

        def write(connection: Connection) -> None:
            if runs.row(connection, work.run).state == "claimed":
                runs.advance(connection, work.run, "running", at=now)
            runs.open_attempt(connection, attempt, self.owner, command(action))

        await self.write(write)
        work.journal[attempt.id] = attempt
        return attempt

    async def close(self, work: Work, attempt: Attempt, to: AttemptState) -> None:
        """What came of it. `attempt` holds the outcome, already redacted."""
        closed = replace(attempt, state=to, ended_at=self.clock.now())
        await self.write(lambda connection: runs.settle_attempt(connection, closed, to))
        work.journal[attempt.id] = closed

    async def advance(self, work: Work, to: model.State, words: str = "") -> None:
        """Move the run, and its plan with it."""
        now = self.clock.now()
        await self.write(lambda c: runs.reach(c, work.run, to, words, at=now))
        if to in model.ENDS:
            self._wake("runs")
