"""A card that people can see before the bot has noted its reference: what they do to it meanwhile is not lost.

Nothing is raced for: the chat here answers only when the bot has done what the test is about to look behind.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from bot import app, config
from bot.cases import undelivered
from bot.clock import SystemClock
from bot.house import House
from bot.loops.listen import MOMENT, MOMENTS
from bot.loops.publish import Publisher
from bot.model.approvals import ApprovalRequest, Need, Requirement, Vote
from bot.model.errors import TemporaryError, message_is_out
from bot.model.events import Batch, Event, Reaction
from bot.model.ids import new_id
from bot.model.people import Account, Conversation
from bot.model.plans import Agent, Plan, Step, digest
from bot.model.ports import Shown
from bot.model.reports import Outgoing
from bot.model.sections import Exec, Risk, Section
from bot.store import outbox, plans, posts, votes
from bot.store.documents import dump
from bot.store.plan_rows import Stored
from tests.loops.conftest import Scene

ALICE = Account("console", "alice")
ASKED = Conversation("console", "room", "t1")
PATIENCE = 30
"""Seconds after which what these tests wait for does not come any more."""


@dataclass
class Early:
    """Implements `ports.Chat`. Its first card can be read, and has ALICE's ✅ on it, before `send` has told its reference.

    `release` is when the first card's `send` may end, `gone` what is heard to be deleted once that has begun."""

    release: asyncio.Event = field(default_factory=asyncio.Event)
    error: TemporaryError | None = None
    gone: tuple[str, ...] = ()
    cards: list[Outgoing] = field(default_factory=list)
    looked: list[list[str]] = field(default_factory=list)
    sending: asyncio.Event = field(default_factory=asyncio.Event)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    edited: asyncio.Event = field(default_factory=asyncio.Event)
    again: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        if self.gone:
            await self.sending.wait()
            yield Batch((), gone=self.gone)
            self.heard.set()
        await asyncio.Event().wait()

    async def send(self, outgoing: Outgoing) -> str:
        if outgoing.kind == "edit":
            self.edited.set()
            return str(outgoing.message)
        if outgoing.report is None or outgoing.report.kind != "plan":
            return f"p{outgoing.number}"
        self.cards.append(outgoing)
        if len({each.number for each in self.cards}) > 1:
            self.again.set()
            return f"card{outgoing.number}"
        self.sending.set()
        await self.release.wait()
        with message_is_out():
            self._hang()
        return "card"

    def _hang(self) -> None:
        """Once: what belongs to the message is held up, and the message stands there."""
        error, self.error = self.error, None
        if error is not None:
            raise error

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        self.looked.append([each.message for each in shown])
        if not self.gone:
            self.release.set()
        return [
            Reaction("v1", ALICE, each.message, "✅", True, datetime.now(UTC), each.conversation)
            for each in shown
            if each.message == "card" and (ALICE, "✅") not in each.known
        ]


@dataclass
class Moments(SystemClock):
    """The short waits for a reference are counted, and last as long as `wait` says."""

    wait: Callable[[], object]
    count: int = 0

    async def sleep(self, seconds: float) -> None:
        if seconds != MOMENT:
            return await super().sleep(seconds)
        self.count += 1
        result = self.wait()
        if asyncio.iscoroutine(result):
            await result
        return None


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[House, config.Configuration]]:
    people = [{"name": name, "roles": ["operator"], "console": name} for name in ("alice", "bob")]
    table = {"bot": {"data": str(folder / "data")}, "chat": {"console": {}}, "people": people}
    configuration = config.build(table, None, folder)
    async with app.open_house(configuration) as house:
        yield house, configuration


@asynccontextmanager
async def served(
    house: House, configuration: config.Configuration, chat: Early
) -> AsyncIterator[None]:
    """The whole bot, until the test has seen what it waits for."""
    stop = asyncio.Event()
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        group.create_task(app.serve(house, configuration, {"console": chat}, stop))
        yield
        stop.set()


async def waits(house: House) -> Stored:
    """A plan for which two must be; its card is in the outbox."""
    now = house.clock.now()
    section = Section("demo/mark", "demo", "mark", Risk.CHANGE, 2, body=())
    agent = Agent("web1", "local:", ("demo",), 2)
    step = Step("s1", agent, "local:root", section, {"name": "x"}, (Exec((("touch", "x"),)),))
    plan = Plan(new_id(now), 1, "mark x", ("bob",), ASKED, (step,))
    request = ApprovalRequest(
        plan=plan.id,
        revision=1,
        digest=digest(dump(plan)),
        requesters=plan.requesters,
        risk=plan.risk,
        requirements=(Requirement("default", (Need(2, "operator"),), self_approval=True),),
        policy="p1",
        created_at=now,
        expires_at=now + timedelta(hours=8),
    )

    def keep(connection: Connection) -> Stored:
        plans.save(connection, dump(plan), request, ASKED, ALICE, {}, quiet=False, at=now)
        return plans.fetch(connection, plan.id)

    stored = await house.store.write(keep)
    await Publisher(house).once()
    return stored


async def standing(house: House, stored: Stored) -> list[Vote]:
    return await house.store.read(lambda c: list(votes.standing(c, stored.digest)))


async def test_a_vote_on_a_card_that_came_out_in_the_instant_of_a_kill_counts(
    tmp_path: Path,
) -> None:
    chat = Early()
    async with opened(tmp_path) as (house, configuration):
        stored = await waits(house)
        # Taken, and committed as being tried; then the process is no more.
        await house.store.write(lambda c: outbox.claim(c, house.clock.now(), 10))
    async with opened(tmp_path) as (house, configuration), served(house, configuration, chat):
        await chat.edited.wait()
        (vote,) = await standing(house, stored)
    assert (vote.person, vote.verdict, vote.way) == ("alice", "approve", "reaction")
    assert chat.looked[:2] == [[], ["card"]]
    assert [each.uncertain for each in chat.cards] == [True]


async def test_a_vote_on_a_card_whose_files_are_held_up_counts(tmp_path: Path) -> None:
    chat = Early(error=TemporaryError("The server is busy.", after=0.01, reason="rate_limited"))
    async with opened(tmp_path) as (house, configuration):
        stored = await waits(house)
        async with served(house, configuration, chat):
            await chat.edited.wait()
            (vote,) = await standing(house, stored)
    assert (vote.person, vote.way) == ("alice", "reaction")
    assert chat.looked[:2] == [[], ["card"]]
    assert [each.uncertain for each in chat.cards] == [False, True]


async def test_a_card_deleted_before_its_reference_is_noted_is_shown_again(tmp_path: Path) -> None:
    chat = Early(gone=("card",))
    async with opened(tmp_path) as (house, configuration):

        async def noted() -> None:
            """It was looked for in vain: only now does the sender hear of the reference."""
            chat.release.set()
            while not await house.store.read(lambda c: posts.find(c, "console", "card")):
                await house.bus.wait("noted", MOMENT)

        clock = Moments(noted)
        await waits(house)
        async with served(replace(house, clock=clock), configuration, chat):
            await chat.again.wait()
    first, second = chat.cards
    assert (first.conversation, first.report) == (second.conversation, second.report)
    assert clock.count == 1


async def test_a_deletion_that_nobody_can_make_sense_of_holds_up_the_rest_for_a_moment_only(
    tmp_path: Path,
) -> None:
    chat, clock = Early(gone=("strange",)), Moments(lambda: None)
    async with opened(tmp_path) as (house, configuration):
        await waits(house)
        async with served(replace(house, clock=clock), configuration, chat):
            await chat.heard.wait()
            chat.release.set()
    assert clock.count == MOMENTS
    assert len(chat.cards) == 1


@pytest.mark.parametrize("uncertain", [True, False])
async def test_an_unknown_message_may_be_the_one_that_is_on_its_way(
    scene: Scene, uncertain: bool
) -> None:
    async def gone() -> list[str]:
        return await scene.write(lambda c: undelivered.gone(c, scene.house, "slack", ["x"], "why"))

    scene.house = replace(scene.house, approval_rooms=())
    await scene.asks()
    assert await gone() == []  # it waits, and nobody has tried to send it
    (taken,) = await scene.claim()
    assert await gone() == ["x"]
    now = scene.clock.now()
    await scene.write(lambda c: outbox.retry(c, taken.number, "w", now, uncertain=uncertain))
    assert await gone() == (["x"] if uncertain else [])
    await scene.deliver()
    assert await gone() == []
