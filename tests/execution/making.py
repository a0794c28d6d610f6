"""What the execution tests share: plans built by hand over the real store, the real runner and the real local target."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from adapters.targets.local.target import LocalTarget
from bot.clock import SystemClock
from bot.execution.runner import Runner
from bot.model import plans as plan_model
from bot.model.approvals import ApprovalRequest, Mark
from bot.model.ids import new_id
from bot.model.people import Account, Conversation
from bot.model.plans import Agent, Plan, Step, digest
from bot.model.questions import Question
from bot.model.runs import Limits, Run
from bot.model.sections import (
    Action,
    Exec,
    ExecTemplate,
    Preview,
    Refusal,
    Risk,
    Section,
    Verify,
)
from bot.store import locks, marks, plans, questions, runs
from bot.store.documents import dump
from bot.store.writer import Store
from capabilities.filling import StepOutputs

CLOCK = SystemClock()
ROOM = Conversation("console", "room", "t1")
ALICE = Account("console", "alice")
SECRET = "hunter2hunter2"


def sh(script: str) -> Exec:
    """Hand-built sections may run a shell; compiled ones never do."""
    return Exec((("sh", "-c", script),))


@dataclass(frozen=True)
class Masks:
    """A redactor of one secret."""

    def redact(self, text: str) -> str:
        return text.replace(SECRET, "•••")


@dataclass
class Rules:
    """The guard and the claim's recheck, as a test wants them."""

    guard: Refusal | None = None
    recheck: Refusal | None = None

    def check(self, step: Step) -> Refusal | None:
        return self.guard

    def again(self, connection: Connection, plan: Plan) -> Refusal | None:
        return self.recheck


def section(
    title: str = "How to do it",
    *,
    risk: Risk = Risk.CHANGE,
    expect: str | None = None,
    within: float = 0.0,
    verify: bool = False,
    compare: str | None = None,
    exits: tuple[int, ...] = (0,),
    idempotent: bool = False,
) -> Section:
    template = (ExecTemplate(()),)
    return Section(
        id="tests/do-it",
        pack="tests",
        title=title,
        risk=risk,
        level=2,
        body=(),
        verify=Verify(template, expect, within) if verify else None,
        preview=Preview(template, compare) if compare is not None else None,
        exits=exits,
        idempotent=idempotent,
    )


@dataclass
class Scene:
    """A data folder with a store, a target in it, and as many runners, one after another, as a test wants."""

    store: Store
    data: Path
    target: LocalTarget
    rules: Rules = field(default_factory=Rules)
    limits: Limits = field(default_factory=lambda: Limits(timeout=20, grace=0.3))
    woken: list[str] = field(default_factory=list)
    others: dict[str, LocalTarget] = field(default_factory=dict)

    def runner(self) -> Runner:
        return Runner(
            self.store,
            self.target_of,
            self.rules,
            Masks(),
            CLOCK,
            self.rules.again,
            self.limits,
            outputs=StepOutputs(self.rules),
            wake=self.woken.append,
        )

    def target_of(self, agent: Agent) -> LocalTarget:
        return self.others.get(agent.name, self.target)

    async def step(
        self,
        name: str,
        *actions: Action | str,
        of: Section | None = None,
        needs: tuple[str, ...] = (),
        rollback: Iterable[str] = (),
        verify: Iterable[str] = (),
        preview: Iterable[str] = (),
        compared: str | None = None,
        agent: str = "web1",
    ) -> Step:
        who = Agent(agent, "local:", ("tests",), level=2)
        return Step(
            id=name,
            agent=who,
            identity=await self.target_of(who).identity(),
            section=of or section(),
            slots={},
            actions=tuple(sh(each) if isinstance(each, str) else each for each in actions),
            preview=tuple(sh(each) for each in preview),
            verify=tuple(sh(each) for each in verify),
            rollback=tuple(sh(each) for each in rollback),
            needs=needs,
            compared=compared,
        )

    async def approved(self, *steps: Step) -> str:
        """A plan of these steps, approved, with a queued run; the run's id."""
        now = CLOCK.now()
        plan = Plan(new_id(now), 1, "do it", ("alice",), ROOM, steps)
        return await self.store.write(lambda connection: approve(connection, plan, now))

    async def undoing(self, run: str) -> str:
        """A plan that rolls that run back, approved, with a queued run; the run's id."""
        now, ended = CLOCK.now(), await self.load(run)
        done = await self.store.read(lambda c: plans.load(c, ended.plan, ended.revision))
        plan = Plan(new_id(now), 1, "roll it back", ("bob",), ROOM, done.steps, undoes=run)
        return await self.store.write(lambda connection: approve(connection, plan, now))

    async def hold(self, run: str, person: str = "alice") -> None:
        """Somebody holds the plan of that run, which has begun or is about to."""
        loaded = await self.load(run)
        mark = Mark("hold", person, ALICE, CLOCK.now(), "click")
        await self.store.write(lambda c: marks.put(c, loaded.plan, loaded.revision, mark))

    async def release(self, run: str) -> None:
        """Nobody holds it any more."""

        def write(connection: Connection) -> None:
            row, now = runs.row(connection, run), CLOCK.now()
            marks.take_off(connection, row.plan, row.revision, "hold", at=now)
            if row.state == "held":
                runs.advance(connection, run, "running", at=now)

        await self.store.write(write)

    async def run(self, *steps: Step) -> Run:
        """Approve and run; the run as it then is."""
        run = await self.approved(*steps)
        await self.runner().run(run)
        return await self.load(run)

    async def load(self, run: str) -> Run:
        return await self.store.read(lambda connection: runs.load(connection, run))

    async def plan_state(self, run: str) -> tuple[plan_model.State, str]:
        loaded = await self.load(run)
        stored = await self.store.read(lambda connection: plans.fetch(connection, loaded.plan))
        return stored.state, stored.words

    async def questions(self) -> list[Question]:
        return await self.store.read(questions.open_ones)

    async def answer(self, question: Question, answer: str) -> bool:
        runner = self.runner()
        return await self.store.write(
            lambda c: runner.settle(c, question, answer, "bob", CLOCK.now())
        )

    async def locks(self) -> list[str]:
        return [lock.run for lock in await self.store.read(locks.held)]

    async def resumable(self) -> list[str]:
        return await self.store.read(runs.resumable)

    def said(self, name: str = "log") -> list[str]:
        """The lines that commands have written to that file."""
        path = self.data / name
        return path.read_text().split() if path.exists() else []


def approve(connection: Connection, plan: Plan, now: datetime) -> str:
    document = dump(plan)
    request = ApprovalRequest(
        plan=plan.id,
        revision=plan.revision,
        digest=digest(document),
        requesters=plan.requesters,
        risk=plan.risk,
        requirements=(),
        policy="tests",
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )
    plans.save(connection, document, request, ROOM, ALICE, {}, quiet=False, at=now)
    stored = plans.fetch(connection, plan.id)
    plans.settle_approval(connection, stored, "approved", by="alice", at=now)
    plans.advance(connection, plan.id, "approved", at=now)
    return runs.create(connection, plan, now)
