"""A real house over a real database, three chats by name, and whoever takes or refuses what it says."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from bot import config
from bot.app import open_house
from bot.cases import undelivered
from bot.cases.stream import PACE
from bot.clock import SystemClock
from bot.house import House
from bot.loops.deliver import Delivery
from bot.loops.dispatch import Dispatch
from bot.loops.follow import Follow
from bot.loops.publish import Publisher
from bot.model.approvals import ApprovalRequest, Need, Requirement
from bot.model.errors import PermanentError
from bot.model.ids import new_id
from bot.model.people import Account, Conversation
from bot.model.plans import Agent, Plan, Step, digest
from bot.model.ports import Chat
from bot.model.reports import Outgoing
from bot.model.sections import Exec, Risk, Section
from bot.store import outbox, plans
from bot.store.documents import dump
from bot.store.plan_rows import Stored
from bot.store.suspects import Suspects
from tests.servers.scripted_model import ScriptedModel

T = TypeVar("T")

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
ASKED = Conversation("slack", "C1", "17.1")
APPROVALS = Conversation("matrix", "!approvals", "")
OPERATORS = Conversation("discord", "900", "")
ALICE = Account("slack", "U01ALICE")
ARCHIVED = PermanentError("That channel is archived.", "Unarchive it.", reason="is_archived")
DELETED = PermanentError("That message was deleted.", "Ask again.", reason="message_not_found")


class Clock:
    """Time stands still until `forward`."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.forward(seconds)

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Quick(SystemClock):
    """Implements `ports.Clock`. What grows is shown without a pause: by `growing` it is on its way into the store."""

    growing: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        if seconds != PACE:
            return await super().sleep(seconds)
        self.growing.set()
        return None


@dataclass
class Held:
    """The store's thread, which takes nothing from when it is `taken` until it is `left`."""

    taken: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    def stand(self, connection: Connection) -> None:
        self.taken.set()
        assert self.left.wait(30)


@dataclass
class Scene:
    """The house, and what its chats were given: `said` in order."""

    house: House
    clock: Clock
    said: list[Outgoing]

    async def asks(self, name: str = "mark x", where: Conversation = ASKED) -> Stored:
        """A plan that waits for one operator, and its cards in the outbox."""
        plan = replace(_plan(name, self.clock.now()), conversation=where)
        request = _request(plan, self.clock.now())

        def keep(connection: Connection) -> Stored:
            at = self.clock.now()
            plans.save(connection, dump(plan), request, where, ALICE, {}, quiet=False, at=at)
            return plans.fetch(connection, plan.id)

        stored = await self.house.store.write(keep)
        await self.publish()
        return stored

    async def publish(self) -> None:
        await Publisher(self.house).once()

    async def state(self, stored: Stored) -> str:
        return await self.house.store.read(lambda c: plans.state(c, stored.plan.id))

    async def decide(self, stored: Stored, state: str = "rejected") -> None:
        """It ends, and its cards say so."""

        def end(connection: Connection) -> None:
            plans.settle_approval(connection, stored, "rejected", at=self.clock.now())
            plans.advance(connection, stored.plan.id, "rejected", at=self.clock.now())

        await self.house.store.write(end)
        await self.publish()

    async def deliver(self, **refusing: PermanentError) -> list[Outgoing]:
        """Send everything that may go; the chats of these names refuse what they get, for good."""
        out: list[Outgoing] = []
        while taken := await self.claim():
            for each in taken:
                out.append(each)
                error = refusing.get(each.conversation.instance)
                await self.house.store.write(lambda c, e=each, x=error: self._end(c, e, x))
        self.said += out
        return out

    async def deliver_to(self, *instances: str) -> list[Outgoing]:
        """Send everything that waits for these chats."""
        out: list[Outgoing] = []
        for name in instances:
            taken = await self.write(
                lambda c, n=name: outbox.claim(c, self.clock.now(), 100, instance=n, each=100)
            )
            for each in taken:
                await self.write(lambda c, e=each: self._end(c, e, None))
            out += taken
        self.said += out
        return out

    async def claim(self) -> Sequence[Outgoing]:
        return await self.house.store.write(lambda c: outbox.claim(c, self.clock.now(), 100))

    def _end(self, connection: Connection, message: Outgoing, error: PermanentError | None) -> None:
        if error is None:
            reference = message.message or f"ref{message.number}"
            outbox.sent(connection, message.number, reference, self.clock.now())
        else:
            undelivered.refused(connection, self.house, message, error)

    async def write(self, fn: Callable[[Connection], T]) -> T:
        return await self.house.store.write(fn)


def _plan(name: str, at: datetime) -> Plan:
    section = Section("demo/mark", "demo", "mark", Risk.CHANGE, 2, body=())
    agent = Agent("web1", "local:", ("demo",), 2)
    step = Step("s1", agent, "local:root", section, {"name": name}, (Exec((("touch", "x"),)),))
    return Plan(new_id(at), 1, name, ("alice",), ASKED, (step,))


def _request(plan: Plan, at: datetime) -> ApprovalRequest:
    return ApprovalRequest(
        plan=plan.id,
        revision=1,
        digest=digest(dump(plan)),
        requesters=plan.requesters,
        risk=plan.risk,
        requirements=(Requirement("default", (Need(1, "operator"),), self_approval=True),),
        policy="p1",
        created_at=at,
        expires_at=at + timedelta(hours=8),
    )


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    configuration = config.build({}, None, tmp_path, {})
    clock = Clock()
    async with open_house(configuration) as opened:
        house = replace(opened, clock=clock, approval_rooms=(APPROVALS,), operators=OPERATORS)
        yield Scene(house, clock, [])


def texts(said: Sequence[Outgoing], place: Conversation) -> list[str]:
    """What a room was told."""
    return [each.report.text for each in said if each.conversation == place and each.report]


def cards(said: Sequence[Outgoing], place: Conversation, kind: str = "post") -> list[Outgoing]:
    """The cards that were posted, or edited, in a room."""
    return [
        each
        for each in said
        if each.conversation == place and each.kind == kind
        if each.report and each.report.kind == "plan"
    ]


@pytest.fixture
async def thinking(tmp_path: Path, model: ScriptedModel) -> AsyncIterator[House]:
    """A house that asks this model, with a console on which alice may ask for anything about web1."""
    scripted = {"model": "scripted", "base_url": model.url, "tries": 1}
    table = {
        "bot": {"data": str(tmp_path / "data")},
        "chat": {"console": {}},
        "people": [{"name": "alice", "roles": ["operator"], "console": "alice"}],
        "agents": [{"name": "web1", "target": "local:", "packs": ["linux-facts"], "level": 3}],
        "llm": {"order": ["openai"], "openai": scripted},
    }
    async with open_house(config.build(table, None, tmp_path)) as opened:
        yield opened


@asynccontextmanager
async def dispatching(
    house: House, folder: Path, chats: Mapping[str, Chat]
) -> AsyncIterator[Dispatch]:
    """What is heard is handled and what is said is sent, until the end of the block."""
    async with asyncio.TaskGroup() as group:
        deliveries = {name: Delivery(house, name, chat, group) for name, chat in chats.items()}
        dispatch = Dispatch(house, Follow(house, deliveries), Suspects(folder), group)
        loops = [dispatch.wait_for_cards(), *(each.deliver() for each in deliveries.values())]
        running = [group.create_task(loop) for loop in loops]
        yield dispatch
        for each in running:
            each.cancel()
