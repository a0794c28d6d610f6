"""The process that is killed: a store, a runner and a local target over a folder. Started again and again by run.py.

`python host.py FOLDER`: recovers, then works on every run there is, answering in-doubt questions by what is on disk, as a
person would who looks. It makes new runs itself until `FOLDER/enough` exists, and ends when nothing is left to do.
"""

import asyncio
import json
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from adapters.targets.local.target import Local, LocalTarget
from bot.clock import SystemClock
from bot.execution.runner import Runner
from bot.model.approvals import ApprovalRequest
from bot.model.ids import new_id
from bot.model.people import Account, Conversation
from bot.model.plans import Agent, Plan, Step, digest
from bot.model.questions import Question
from bot.model.runs import Limits
from bot.model.sections import Exec, Refusal, Risk, Section
from bot.store import plans, questions, runs
from bot.store.documents import dump
from bot.store.migrate import migrate
from bot.store.writer import Store
from capabilities.filling import StepOutputs

AT_ONCE = 4
ROOM = Conversation("chaos", "room", "t1")
CLOCK = SystemClock()

EFFECTS = {
    "plain": "echo {id} >> effects",
    "slow": "sleep 0.15; echo {id} >> effects; sleep 0.15",
    "child": "( sleep 0.1; echo {id} >> effects ) & wait",
    "late": "setsid sh -c 'sleep 1; echo {id} >> effects' >/dev/null 2>&1 &",
    "late and busy": "setsid sh -c 'sleep 1; echo {id} >> effects' >/dev/null 2>&1 & sleep 0.2",
    "daemon": "( setsid sh -c '( sleep 1; echo {id} >> effects ) & exit 0' & ) >/dev/null 2>&1; sleep 0.3",
}
"""Each writes its id exactly once, some after the command itself has ended. All first say that they have begun."""


class Permits:
    """Guard, recheck and redactor with nothing to say."""

    def check(self, step: Step) -> None:
        return None

    def again(self, connection: Connection, plan: Plan) -> Refusal | None:
        return None

    def redact(self, text: str) -> str:
        return text


class Named:
    """The local target under a name of its own, so that each agent has a lock of its own."""

    def __init__(self, target: LocalTarget, name: str) -> None:
        self._target = target
        self._name = name
        self.perform = target.perform
        self.recall = target.recall
        self.close = target.close

    async def identity(self) -> str:
        return f"{await self._target.identity()} {self._name}"


class Host:
    """One life of the process."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
        self._target = Local()("local:", folder)
        rules = Permits()
        self._runner = Runner(
            store,
            lambda agent: Named(self._target, agent.name),
            rules,
            rules,
            CLOCK,
            rules.again,
            Limits(timeout=30),
            outputs=StepOutputs(rules),
        )
        for name in ("begun", "effects", "asked"):
            (folder / name).touch()
        self._agents = [Agent(f"web{n}", "local:", ("chaos",), level=2) for n in range(AT_ONCE)]

    async def live(self) -> None:
        self._identity = await self._target.identity()
        await self._runner.recover()
        async with asyncio.TaskGroup() as group:
            for agent in self._agents:
                group.create_task(self._serve(agent))
        await self._target.close()

    async def _serve(self, agent: Agent) -> None:
        """One after another on this agent; each agent has a lock of its own."""
        while True:
            await self._answer(agent)
            ready = await self._store.read(lambda c: _of(c, agent))
            if ready:
                await self._runner.run(ready[0])
            elif (self._folder / "enough").exists():
                return
            else:
                await self._store.write(lambda c: self._create(c, agent))

    def _create(self, connection: Connection, agent: Agent) -> None:
        now = CLOCK.now()
        kinds = random.choices(list(EFFECTS), k=random.randint(1, 3))
        actions = []
        for kind in kinds:
            name = new_id(now)
            actions.append(
                Exec((("sh", "-c", f"echo {name} >> begun; " + EFFECTS[kind].format(id=name)),))
            )
        section = Section("chaos/do", "chaos", "How to do", Risk.CHANGE, 2, ())
        step = Step("s1", agent, f"{self._identity} {agent.name}", section, {}, tuple(actions))
        approve(connection, Plan(new_id(now), 1, "chaos", ("alice",), ROOM, (step,)), now)

    async def _answer(self, agent: Agent) -> None:
        """By what is on disk: everything that a dead command started is dead, so what is not there will not come."""
        for question in await self._store.read(questions.open_ones):
            plan = await self._store.read(lambda c, q=question: plans.load(c, q.plan, 1))
            if plan.steps[0].agent.name != agent.name:
                continue
            name = _name(question)
            happened = name in (self._folder / "effects").read_text().split()
            answer = "done" if happened else random.choice(("not done", "retry"))
            with (self._folder / "asked").open("a") as file:
                file.write(f"{question.id} {name} {answer}\n")
            await self._store.write(
                lambda c, q=question, a=answer: self._runner.settle(c, q, a, "bob", CLOCK.now())
            )


def _of(connection: Connection, agent: Agent) -> list[str]:
    """The runs that this agent should work on."""
    found = []
    for run in runs.resumable(connection):
        row = runs.row(connection, run)
        plan = plans.load(connection, row.plan, row.revision)
        if plan.steps[0].agent.name == agent.name:
            found.append(run)
    return found


def _name(question: Question) -> str:
    """The id that the command in doubt writes."""
    words = json.dumps(question.about["argv"]).replace("'", " ").replace('"', " ").split()
    return words[words.index("echo") + 1]


def approve(connection: Connection, plan: Plan, now: datetime) -> None:
    document = dump(plan)
    request = ApprovalRequest(
        plan.id,
        1,
        digest(document),
        ("alice",),
        plan.risk,
        (),
        "chaos",
        now,
        now + timedelta(days=1),
    )
    plans.save(
        connection, document, request, ROOM, Account("chaos", "alice"), {}, quiet=False, at=now
    )
    plans.settle_approval(connection, plans.fetch(connection, plan.id), "approved", at=now)
    plans.advance(connection, plan.id, "approved", at=now)
    runs.create(connection, plan, now)


async def main(folder: Path) -> None:
    url = f"sqlite:///{folder}/parley.db"
    await migrate(url)
    async with Store(url, CLOCK) as store:
        await Host(folder, store).live()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
