"""The journal's writing side: every attempt and every change of a run, committed before anything goes on. Used by `steps` and the runner.

A database that cannot take a write (a full disk) does not lose what was done: the write is tried again until it succeeds.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection

from bot.execution.words import command
from bot.execution.work import Work
from bot.model import runs as model
from bot.model.errors import StoreError
from bot.model.ids import new_id
from bot.model.plans import Plan, Step
from bot.model.ports import Clock
from bot.model.runs import Attempt, AttemptState, Phase
from bot.model.sections import Action, Planned
from bot.store import audit, marks, plans, runs
from bot.store.writer import Store

T = TypeVar("T")

AGAIN = 1.0
"""Seconds before a write that the database refused is tried again."""
BEHIND = 0.01
"""Seconds that cards wait behind a command that is about to begin."""


class Journal:
    """`owner` is this process's nonce. `closing` ends the patience with a database that takes nothing."""

    def __init__(self, store: Store, clock: Clock, owner: str, wake: Callable[[str], None]) -> None:
        self.store = store
        self.clock = clock
        self.owner = owner
        self.closing = False
        self._wake = wake

    async def write(self, fn: Callable[[Connection], T], *, begins: bool = False) -> T:
        """`store.write`, again and again while the database cannot take it. Cards are looked at after it; where it `begins`
        something, that goes first."""
        while True:
            try:
                result = await self.store.write(fn)
            except StoreError:
                if self.closing:
                    raise
                await self.clock.sleep(AGAIN)
            else:
                later = BEHIND if begins else 0.0
                asyncio.get_running_loop().call_later(later, self._wake, "cards")
                return result

    async def begin(
        self, work: Work, step: Step, phase: Phase, index: int, action: Action
    ) -> Attempt | None:
        """The marker, committed: from here on a crash leaves a question. The first one also sets the run running. None where
        somebody holds the plan: nothing was begun. What is being undone is not held."""
        now = self.clock.now()
        attempt = Attempt(new_id(now), work.run, step.id, phase, index, action, "open", now)

        def write(connection: Connection) -> bool:
            if phase != "rollback" and is_held(connection, work.plan):
                return False
            if runs.row(connection, work.run).state == "claimed":
                runs.advance(connection, work.run, "running", at=now)
            runs.open_attempt(connection, attempt, self.owner, command(action))
            return True

        if not await self.write(write, begins=True):
            work.stop("held")
            return None
        work.journal[attempt.id] = attempt
        return attempt

    async def refuse(self, work: Work, step: Step, index: int, action: Planned, words: str) -> None:
        """An action that will not be made, because what its step needs did not come or did not pass. Nothing has begun."""
        now = self.clock.now()
        refused = Attempt(
            new_id(now), work.run, step.id, "do", index, action, "failed", now, now, words=words
        )

        def write(connection: Connection) -> None:
            runs.open_attempt(connection, refused, self.owner, command(action))
            runs.settle_attempt(connection, refused, "failed")
            _audit_step(connection, work, refused)

        await self.write(write)
        work.journal[refused.id] = refused

    async def hold(self, work: Work) -> None:
        """The run waits, with its targets, until nobody holds its plan; released meanwhile, it goes on."""
        now = self.clock.now()

        def write(connection: Connection) -> None:
            if is_held(connection, work.plan):
                set_held(connection, work.run, self.owner, work.plan, now)
            elif runs.row(connection, work.run).state == "claimed":
                runs.advance(connection, work.run, "queued", at=now)
            else:
                runs.drop(connection, work.run)

        await self.write(write)
        self._wake("runs")

    async def close(self, work: Work, attempt: Attempt, to: AttemptState) -> None:
        """What came of it. `attempt` holds the outcome, already redacted."""
        closed = replace(attempt, state=to, ended_at=self.clock.now())

        def write(connection: Connection) -> None:
            runs.settle_attempt(connection, closed, to)
            _audit_step(connection, work, closed)

        await self.write(write)
        work.journal[attempt.id] = closed

    async def advance(self, work: Work, to: model.State, words: str = "") -> None:
        """Move the run, and its plan with it."""
        now = self.clock.now()

        def write(connection: Connection) -> None:
            runs.reach(connection, work.run, to, words, at=now)
            data = {"run": work.run, "revision": work.plan.revision, "state": to}
            audit.record(connection, "run", at=now, subject=work.plan.id, data=data)

        await self.write(write)
        if to in model.ENDS:
            self._wake("runs")


def is_held(connection: Connection, plan: Plan) -> bool:
    """Whether somebody holds it. Also asked by the claim."""
    return bool(marks.holders(connection, plan.id, plan.revision))


def set_held(connection: Connection, run: str, owner: str, plan: Plan, at: datetime) -> None:
    """The plan is held. A run that has begun waits with its targets; any other is made anew when the plan is released, so
    that everything is looked at again. Also called by the claim."""
    if runs.forget(connection, run, owner):
        plans.advance(connection, plan.id, "held", at=at)
    else:
        runs.advance(connection, run, "held", at=at)
    data = {"run": run, "revision": plan.revision, "state": "held"}
    audit.record(connection, "run", at=at, subject=plan.id, data=data)


def _audit_step(connection: Connection, work: Work, attempt: Attempt) -> None:
    """What was done, and the hash of what it said as it is stored: without secrets."""
    audit.record(
        connection,
        "step",
        at=attempt.ended_at or attempt.started_at,
        subject=work.plan.id,
        data={
            "run": work.run,
            "revision": work.plan.revision,
            "step": attempt.step,
            "phase": attempt.phase,
            "index": attempt.index,
            "state": attempt.state,
            "exit": attempt.exit,
            "output": hashlib.sha256(attempt.output.encode()).hexdigest(),
            **_returned(attempt),
        },
    )


def _returned(attempt: Attempt) -> dict[str, object]:
    """What later steps were given: with the digest of the plan it says what was run."""
    values = {each.name: each.value for each in attempt.returned if not each.fault}
    return {"returned": values} if values else {}
