"""What else a reaction does to a card: claim it, hold it and let it go on, cancel, roll back, try again, rate what came of it.

The same on every platform, as approvals.md says it; `tests/acceptance/test_05_reactions` has the finer points.
"""

import asyncio
import contextlib
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts import checks
from tests.contracts.console_room import ConsoleRoom
from tests.contracts.heard import Heard, Line
from tests.contracts.matrix_room import MatrixRoom
from tests.contracts.room import Room

Sites = Callable[[], list[str]]
COLOURFUL = "\N{VARIATION SELECTOR-16}"
BROKEN = Path(__file__).with_name("broken_bot.py")


async def showing(room: Room, card: Line, field: str, value: object) -> Line:
    """The card, as soon as this field of its plan reads so."""

    def good(heard: Heard) -> Line | None:
        now = heard.card(card.message)
        plan = now.data.get("plan") or {}
        return now if plan.get(field) == value else None

    return await room.until(good)


async def done(room: Room) -> Line:
    """The card of a site that is there."""
    card = await room.asked()
    await room.reacts("bob", "✅", card.message)
    await room.post(card.thread, "result")
    return await room.card(card.message, "done")


async def second_plan(room: Room, card: Line) -> Line:
    """The card that a press on the first one made."""
    return await room.until(
        lambda heard: next(
            (each for each in plans(heard, card) if each.message != card.message), None
        )
    )


def plans(heard: Heard, card: Line) -> list[Line]:
    """The cards in a card's thread."""
    return [line for line in heard.posts(card.thread) if line.kind == "plan"]


def one_more(heard: Heard, card: Line) -> None:
    """However many pressed, one plan came of it."""
    found = [each.message for each in plans(heard, card)]
    assert len(found) == 2, found


async def a_claim(room: Room) -> None:
    card = await room.asked()
    await room.reacts("bob", "👀", card.message)
    claimed = await showing(room, card, "claimed_by", ["bob"])
    assert "bob looks at it" in claimed.text
    await room.unreacts("bob", "👀", card.message)
    assert (await showing(room, card, "claimed_by", [])).state == "pending"


async def test_eyes_claim_a_card_until_they_are_taken_off(room: Room) -> None:
    await a_claim(room)


async def held(room: Room) -> Line:
    """A card that bob holds and alice has approved."""
    card = await room.asked()
    await room.reacts("bob", "⏸" + COLOURFUL, card.message)
    await room.card(card.message, "held")
    await room.reacts("alice", "✅", card.message)
    await room.until(lambda heard: "approved by alice" in heard.card(card.message).text)
    return card


@pytest.mark.parametrize("way", ["off", "▶", "off while away"])
async def test_a_pause_holds_what_is_approved(room: Room, sites: Sites, way: str) -> None:
    card = await held(room)
    assert (await room.settled()).card(card.message).state == "held"
    assert sites() == []
    away = way.endswith("away")
    if away:
        await room.kill_bot()
    if way == "▶":
        await room.reacts("alice", way + COLOURFUL, card.message)
    else:
        await room.unreacts("bob", "⏸" + COLOURFUL, card.message)
    if away:
        await room.start_bot()
    await room.post(card.thread, "result")
    assert sites() == ["hello"]
    checks.approved_by(await room.settled(), card.message, "alice")


async def test_a_run_is_held_and_cancelled(room: Room, tmp_path: Path) -> None:
    """Nothing further is begun; what has begun is ended by 🛑."""
    said = await room.says("alice", "@infra mark slowly on box")
    card = await room.seeded(said.thread)
    await room.reacts("bob", "✅", card.message)
    await room.until(lambda _: (tmp_path / "marks" / "begun").exists())
    await room.reacts("alice", "⏸", card.message)
    await room.until(lambda heard: "held by alice" in heard.card(card.message).text)
    await room.reacts("bob", "🛑", card.message)
    result = await room.post(said.thread, "result")
    assert result.data["run"]["state"] == "cancelled"
    await room.card(card.message, "cancelled")
    await room.until(lambda heard: "🛑" not in heard.offers.get(card.message, frozenset()))
    assert not (tmp_path / "marks" / "ended").exists()


async def test_what_is_done_is_rolled_back_by_a_plan_of_its_own(room: Room, sites: Sites) -> None:
    card = await done(room)
    await room.reacts("bob", "↩" + COLOURFUL, card.message)
    undo = await second_plan(room, card)
    assert undo.data["plan"]["undoes"]
    assert undo.data["plan"]["requesters"] == ["bob"]
    assert sites() == ["hello"]
    await room.reacts("alice", "✅", undo.message)
    await room.card(card.message, "rolled_back")
    assert sites() == []
    one_more(await room.settled(), card)


async def test_two_who_try_again_in_one_instant_make_one_plan(room: Room) -> None:
    card = await room.asked()
    await room.reacts("bob", "❌", card.message)
    await room.card(card.message, "rejected")
    await asyncio.gather(*(room.reacts(who, "🔁", card.message) for who in ("alice", "bob")))
    again = await second_plan(room, card)
    assert again.state == "pending"
    late = "bob" if again.data["plan"]["requesters"] == ["alice"] else "alice"
    await room.word(late, "asked about already")
    one_more(await room.settled(), card)


async def test_a_result_is_rated(room: Room) -> None:
    """On the card as on the result, by everybody once."""
    card = await done(room)
    result = await room.post(card.thread, "result")
    await room.reacts("bob", "👍" + COLOURFUL, result.message)
    await showing(room, card, "ratings", {"bob": "good"})
    await room.reacts("alice", "👎", card.message)
    await showing(room, card, "ratings", {"bob": "good", "alice": "bad"})
    await room.unreacts("bob", "👍" + COLOURFUL, result.message)
    await showing(room, card, "ratings", {"alice": "bad"})


async def test_a_guest_orders_nothing(room: Room, sites: Sites) -> None:
    card = await done(room)
    await room.reacts("guest", "↩", card.message)
    await room.word("guest", "needs an operator")
    heard = await room.settled()
    assert plans(heard, card) == [heard.history(card.message)[0]]
    assert sites() == ["hello"]


async def stored(room: Room, folder: Path, emoji: str) -> None:
    """A press is in the inbox: its platform may have been told so."""
    query = "SELECT 1 FROM inbox WHERE kind = 'reaction' AND CAST(event AS TEXT) LIKE ?"
    where = f"file:{folder / 'data' / 'parley.db'}?mode=ro"

    with contextlib.closing(sqlite3.connect(where, uri=True)) as base:
        for _ in range(20_000):  # closely, so that the kill comes before as much as it can
            if base.execute(query, (f"%{emoji}%",)).fetchone() is not None:
                return
            await asyncio.sleep(0.002)
    raise AssertionError(room.words())


async def killed_after(room: Room, folder: Path, emoji: str, card: Line) -> None:
    await room.reacts("bob", emoji, card.message)
    await stored(room, folder, emoji)
    await room.kill_bot()
    await room.start_bot()


async def test_a_pause_outlives_a_kill(room: Room, sites: Sites, tmp_path: Path) -> None:
    card = await room.asked()
    await killed_after(room, tmp_path, "⏸", card)
    await room.card(card.message, "held")
    await room.reacts("alice", "✅", card.message)
    await room.until(lambda heard: "approved by alice" in heard.card(card.message).text)
    assert sites() == []
    await room.unreacts("bob", "⏸", card.message)
    await room.post(card.thread, "result")
    checks.result_last(await room.settled(), card.message)


@pytest.mark.parametrize("emoji", ["↩", "🔁"])
async def test_a_press_outlives_a_kill_and_is_done_once(
    room: Room, tmp_path: Path, emoji: str
) -> None:
    if emoji == "↩":
        card = await done(room)
    else:
        card = await room.asked()
        await room.reacts("bob", "❌", card.message)
        await room.card(card.message, "rejected")
    await killed_after(room, tmp_path, emoji, card)
    assert (await second_plan(room, card)).state == "pending"
    one_more(await room.settled(), card)


async def test_the_colour_of_a_hand_does_not_matter(matrix: MatrixRoom) -> None:
    card = await done(matrix)
    await matrix.reacts("bob", "👍🏽", card.message)
    await showing(matrix, card, "ratings", {"bob": "good"})
    await matrix.unreacts("bob", "👍🏽", card.message)
    await showing(matrix, card, "ratings", {})


async def test_a_bot_that_does_nothing_is_caught(tmp_path: Path) -> None:
    """It keeps every other promise, and knows of no 👀."""
    room = ConsoleRoom(tmp_path, 1, [sys.executable, str(BROKEN), "honest"])
    room.patience = 3.0
    await room.start_bot()
    try:
        with pytest.raises(AssertionError, match="Never seen"):
            await a_claim(room)
    finally:
        await room.close()


def test_two_plans_for_one_instant_are_caught() -> None:
    lines = [Line("post", f"p{number}", "t1", kind="plan") for number in range(3)]
    one_more(Heard(lines[:2]), lines[0])
    for wrong in (lines, lines[:1]):
        with pytest.raises(AssertionError):
            one_more(Heard(wrong), lines[0])
