"""From a mention to its end: a question answered, a card approved, rejected, cancelled, changed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts import checks
from tests.contracts.room import Room

Sites = Callable[[], list[str]]


async def test_a_question_is_answered_in_its_thread(room: Room) -> None:
    said = await room.says("alice", "@infra ask web1 about disk space")
    answer = await room.post(said.thread, "answer", "refusal", "question")
    assert answer.kind == "answer"
    assert "Filesystem" in answer.text
    await room.until(lambda heard: heard.glanced(said.id))
    heard = await room.settled()
    checks.each_once(heard, [said.thread])


async def test_words_for_others_are_left_alone(room: Room) -> None:
    said = await room.says("alice", "lunch anybody? the disk is full")
    heard = await room.settled()
    assert heard.posts(said.thread) == []
    assert not heard.glanced(said.id)


async def test_an_open_question_is_answered_by_a_reply(room: Room) -> None:
    said = await room.says("alice", "@infra create a site on web1")
    question = await room.post(said.thread, "question")
    assert question.data["question"]["choices"] == []
    await room.says("bob", "hello", said.thread)
    plan = (await room.post(said.thread, "plan")).data["plan"]
    assert plan["steps"][0]["slots"]["name"] == "hello"
    assert plan["requesters"] == ["alice", "bob"]


async def test_approved_run_verified_and_reported_once(room: Room, sites: Sites) -> None:
    card = await room.asked()
    await room.reacts("bob", "✅", card.message)
    result = await room.post(card.thread, "result")
    assert result.text.startswith("alice, done:")
    assert sites() == ["hello"]
    await room.card(card.message, "done")
    heard = await room.settled()
    assert heard.kinds(card.thread) == ["plan", "result"]
    checks.told_the_truth(heard, card.message)
    checks.result_last(heard, card.message)
    checks.approved_by(heard, card.message, "bob")


async def test_rejected(room: Room, sites: Sites) -> None:
    card = await room.asked()
    await room.reacts("bob", "❌", card.message)
    assert "rejected by bob" in (await room.card(card.message, "rejected")).text
    await room.until(lambda heard: not heard.offers.get(card.message))
    await room.reacts("alice", "✅", card.message)
    await room.word("alice", "is rejected")
    heard = await room.settled()
    assert heard.kinds(card.thread) == ["plan"]
    assert heard.card(card.message).state == "rejected"
    assert sites() == []


async def test_cancelled_while_it_waits(room: Room) -> None:
    card = await room.asked()
    await room.reacts("alice", "🛑", card.message)
    await room.card(card.message, "cancelled")
    await room.until(lambda heard: not heard.offers.get(card.message))


async def test_cancelled_while_it_runs(room: Room, tmp_path: Path) -> None:
    said = await room.says("alice", "@infra mark slowly on box")
    card = await room.seeded(said.thread)
    await room.reacts("bob", "✅", card.message)
    await room.until(
        lambda heard: (
            "sleep" in heard.card(card.message).text and "░" in heard.card(card.message).text
        )
    )
    assert (tmp_path / "marks" / "begun").exists()
    await room.until(lambda heard: "🛑" in heard.offers.get(card.message, frozenset()))
    await room.reacts("alice", "🛑", card.message)
    result = await room.post(said.thread, "result")
    assert result.data["run"]["state"] == "cancelled"
    heard = await room.settled()
    assert heard.states(card.message)[-2:] == ["running", "cancelled"]
    assert not (tmp_path / "marks" / "ended").exists()
    checks.result_last(heard, card.message)


async def test_changed_by_a_reply(room: Room, sites: Sites) -> None:
    first = await room.asked()
    await room.says("bob", "make it called welcome", first.thread)
    await room.card(first.message, "superseded")
    second = await room.until(
        lambda heard: next(
            (each for each in heard.posts(first.thread) if each.message != first.message), None
        )
    )
    plan = second.data["plan"]
    assert (second.kind, plan["revision"], plan["state"]) == ("plan", 2, "pending")
    assert plan["id"] == first.data["plan"]["id"]
    assert plan["digest"] != first.data["plan"]["digest"]
    await room.until(lambda heard: not heard.offers.get(first.message))
    await room.reacts("bob", "✅", first.message)
    await room.word("bob", "superseded")
    assert (await room.settled()).card(second.message).state == "pending"
    await room.reacts("bob", "✅", second.message)
    await room.post(first.thread, "result")
    assert sites() == ["welcome"]
    checks.told_the_truth(await room.settled(), first.message)


at_first_sight = pytest.mark.parametrize(
    "room",
    [
        "console",
        "matrix",
        "slack",
    ],
    indirect=True,
)


@at_first_sight
async def test_a_vote_at_first_sight_counts(room: Room) -> None:
    """A card that can be seen can be voted on, before the bot has put its own reactions there."""
    room.patience = 15.0
    said = await room.says("alice", "@infra create a site called hello on web1")
    card = await room.post(said.thread, "plan")
    await room.reacts("bob", "❌", card.message)
    await room.card(card.message, "rejected")


@at_first_sight
async def test_a_vote_cast_while_twenty_cards_come_out_counts(room: Room) -> None:
    """Whatever else is still on its way."""
    room.patience = 15.0
    threads = [
        (await room.says("alice", f"@infra create a site called s{number} on web1")).thread
        for number in range(20)
    ]
    first = await room.until(
        lambda heard: next((each for each in heard.posts() if each.kind == "plan"), None)
    )
    await room.reacts("bob", "❌", first.message)
    await room.card(first.message, "rejected")
    for thread in threads:
        await room.post(thread, "plan")
    checks.each_once(await room.settled(), threads, "plan")


async def test_typed_with_the_short_id(room: Room) -> None:
    for words, state in (("approve", "done"), ("reject", "rejected")):
        card = await room.asked(f"to-{words}")
        await room.says("bob", f"{words} {card.data['plan']['id'][-4:]}", card.thread)
        await room.card(card.message, state)
