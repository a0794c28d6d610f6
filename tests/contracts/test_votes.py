"""Votes that must not count. Each ends with bob's own vote, after which nobody's but his has been counted."""

import asyncio
from collections.abc import Callable

from tests.contracts import checks
from tests.contracts.heard import Line
from tests.contracts.room import Room

Sites = Callable[[], list[str]]


async def still_waits(room: Room, card: Line) -> None:
    """Whatever was tried is handled, and has changed nothing."""
    heard = await room.settled()
    assert heard.card(card.message).state == "pending"
    assert heard.card(card.message).data["plan"]["approval"]["votes"] == []


async def bob_decides(room: Room, card: Line) -> None:
    """And only he."""
    await room.reacts("bob", "✅", card.message)
    await room.post(card.thread, "result")
    heard = await room.settled()
    checks.approved_by(heard, card.message, "bob")
    checks.told_the_truth(heard, card.message)
    assert heard.kinds(card.thread) == ["plan", "result"]


async def test_of_somebody_who_may_not(room: Room) -> None:
    card = await room.asked()
    for emoji in ("✅", "❌"):
        await room.reacts("guest", emoji, card.message)
        assert "did not count" in await room.word("guest", emoji)
    await still_waits(room, card)
    assert (await room.heard()).private("bob") == []
    await bob_decides(room, card)


async def test_of_accounts_that_nobody_knows(room: Room) -> None:
    """A stranger's and another bot's; typed no more than by reaction."""
    card = await room.asked()
    for person in ("mallory", "otherbot"):
        await room.reacts(person, "✅", card.message)
        assert "do not know this account" in await room.word(person, "did not count")
        await room.says(person, f"approve {card.data['plan']['id'][-4:]}", card.thread)
    await still_waits(room, card)
    await bob_decides(room, card)


async def test_on_another_message_or_with_another_emoji(room: Room) -> None:
    said = await room.says("alice", "@infra create a site called hello on web1")
    card = await room.seeded(said.thread)
    other = await room.says("alice", "@infra ask web1 about disk space")
    answer = await room.post(other.thread, "answer")
    for message in (said.id, other.id, answer.message):
        await room.reacts("bob", "✅", message)
    for emoji in ("👍", "🎉", "☑️"):
        await room.reacts("bob", emoji, card.message)
    await still_waits(room, card)
    await bob_decides(room, card)


async def test_of_a_requester_where_another_must(room: Room, sites: Sites) -> None:
    await bob_decides(room, await room.asked())
    said = await room.says("alice", "@infra remove the site hello on web1")
    card = await room.seeded(said.thread)
    await room.reacts("alice", "✅", card.message)
    await room.word("alice", "did not count")
    await room.unreacts("alice", "✅", card.message)
    await still_waits(room, card)
    assert sites() == ["hello"]
    await bob_decides(room, card)
    assert sites() == []


async def test_by_an_edit_of_other_words(room: Room) -> None:
    """On the console, which knows no edits: by the same id again."""
    card = await room.asked()
    said = await room.says("bob", "good morning")
    name = card.data["plan"]["id"][-4:]
    await room.rewrites("bob", said, f"approve {name}")
    await room.rewrites("bob", said, "@infra create a site called sneaky on web1")
    await still_waits(room, card)
    assert (await room.heard()).posts(said.thread) == []
    await bob_decides(room, card)


async def test_typed_at_once(room: Room) -> None:
    """Words younger than two seconds may mean an older card: they are asked for again with the short id."""
    card = await room.asked()
    await room.says("bob", "approve", card.thread)
    name = card.data["plan"]["id"][-4:]
    await room.word("bob", "did not count", f"approve {name}")
    await still_waits(room, card)
    await asyncio.sleep(2.5)  # longer than the two seconds of the rule
    await room.says("bob", "approve", card.thread)
    await room.post(card.thread, "result")
    checks.approved_by(await room.settled(), card.message, "bob")


async def test_typed_where_two_cards_wait(room: Room) -> None:
    first = await room.asked("blue")
    await room.says("alice", "@infra create a site called green on web1", first.thread)
    second = await room.until(
        lambda heard: next(
            (each for each in heard.posts(first.thread) if each.message != first.message), None
        )
    )
    await asyncio.sleep(2.5)  # so that only the second card can be the reason
    await room.says("bob", "approve", first.thread)
    asked = await room.post(first.thread, "question", "answer", "refusal")
    for card in (first, second):
        assert card.data["plan"]["id"][-4:] in asked.text
        await still_waits(room, card)
    await room.says("bob", f"approve {second.data['plan']['id'][-4:]}", first.thread)
    await room.card(second.message, "done")
    assert (await room.heard()).card(first.message).state == "pending"


async def test_a_slow_look_never_delays_a_vote(room: Room) -> None:
    """Somebody's Preview takes three seconds; meanwhile bob decides about something else."""
    card = await room.asked()
    slow = await room.says("alice", "@infra look around on box")
    await room.until(lambda heard: heard.glanced(slow.id))
    await room.reacts("bob", "✅", card.message)
    await room.post(slow.thread, "plan")
    heard = await room.settled()
    states = [
        line.state if line.message == card.message else "slow"
        for line in heard.lines
        if line.message == card.message or (line.thread == slow.thread and line.kind == "plan")
    ]
    assert set(states[: states.index("slow")]) & {"approved", "queued", "running", "done"}, states
