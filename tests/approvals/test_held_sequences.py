"""Any sequence of holding, releasing, voting, withdrawing and cancelling, through the flow and the real store: nothing is queued
while somebody holds the plan, and everything that was decided meanwhile stands when nobody does."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from approvals import gate
from bot import flow
from bot.app import open_house
from bot.config import load
from bot.house import House
from bot.model.events import Click, Event, Reaction
from bot.model.plans import ENDS, digest
from bot.model.reports import Report
from bot.store import marks, outbox, plans, runs
from bot.store.documents import dump
from bot.store.plan_rows import Stored
from tests.approvals.making import PLAN, account
from tests.store.test_plans import ROOM, a_plan

CONFIGURATION = """
[bot]
data = "data"

[chat.console]
impersonate = true

[[agents]]
name = "web1"
target = "local:"
packs = ["linux-facts"]

[[people]]
name = "alice"
roles = ["operator"]

[[people]]
name = "bob"
roles = ["operator"]

[[people]]
name = "guest"
"""
presses = st.lists(
    st.tuples(
        st.sampled_from(["⏸", "✅", "▶", "❌", "🛑", "👀", "🔁", "↩"]),
        st.sampled_from(["alice", "bob", "guest", "mallory"]),
        st.sampled_from(["on", "off", "click"]),
    ),
    max_size=12,
)
ACTIONS = {
    **{"⏸": "hold", "▶": "resume", "✅": "approve", "❌": "reject"},
    **{"🛑": "cancel", "👀": "claim", "🔁": "retry", "↩": "undo"},
}


@settings(max_examples=30, deadline=None)
@given(presses)
@example([("✅", "bob", "on"), ("⏸", "alice", "on"), ("⏸", "bob", "click"), ("▶", "alice", "on")])
@example([("⏸", "alice", "on"), ("✅", "bob", "on"), ("⏸", "alice", "off")])
@example([("⏸", "alice", "on"), ("⏸", "bob", "on"), ("⏸", "alice", "off"), ("❌", "bob", "on")])
def test_nothing_is_queued_while_somebody_holds_it(
    tmp_path_factory: pytest.TempPathFactory, presses: list[tuple[str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("held")
    (folder / "parley.toml").write_text(CONFIGURATION, encoding="utf8")
    asyncio.run(play(folder, presses))


async def play(folder: Path, presses: Sequence[tuple[str, str, str]]) -> None:
    async with open_house(load(folder / "parley.toml")) as house:
        await house.store.write(lambda connection: posted(connection, house))
        for number, press in enumerate(presses):
            effect = await flow.handle(house, event(house, str(number), *press))
            await house.store.write(effect)
            agree(*await house.store.read(state))


def posted(connection: Connection, house: House) -> None:
    """A plan that waits, and its card, as if it had come out."""
    now, plan = house.clock.now(), a_plan(PLAN)
    document = dump(plan)
    asked = gate.request(plan, digest(document), house.policy, house.people, now)
    plans.save(connection, document, asked, ROOM, account("alice"), {}, quiet=False, at=now)
    subject = f"plan:{PLAN}:1"
    outbox.post(connection, f"card/{PLAN}/1", ROOM, Report("plan", ()), subject=subject, at=now)
    (taken,) = outbox.claim(connection, now, 1)
    outbox.sent(connection, taken.number, "p1", now)


def event(house: House, name: str, emoji: str, person: str, how: str) -> Event:
    at = house.clock.now()
    if how == "click":
        return Click(name, account(person), "p1", ACTIONS[emoji], at, ROOM)
    return Reaction(name, account(person), "p1", emoji, how == "on", at, ROOM)


def state(connection: Connection) -> tuple[Stored, tuple[str, ...], list[str]]:
    stored = plans.fetch(connection, PLAN)
    holding = marks.holders(connection, stored.plan.id, stored.plan.revision)
    return stored, holding, runs.resumable(connection)


def agree(now: Stored, holding: Sequence[str], queued: list[str]) -> None:
    if now.state in ENDS:
        assert queued == []
        return
    assert set(holding) <= {"alice", "bob"}
    assert (now.state == "held") == bool(holding)
    assert len(queued) == (now.state == "approved")
    if not holding:
        assert now.state == now.approval
