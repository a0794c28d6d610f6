"""From which card a vote is: one that came out, where the vote was cast."""

from datetime import timedelta

from bot.cases import card
from bot.model.events import Event, Message, Reaction
from bot.model.people import Account, Conversation
from bot.store import outbox
from bot.store.plan_rows import Stored
from tests.loops.conftest import ALICE, APPROVALS, ASKED, START, Scene

BOB = Account("matrix", "@bob:x")
CARD = "$card"
THERE = Conversation("matrix", "!approvals", CARD)


async def one_out(scene: Scene) -> Stored:
    """A plan whose card came out in the approvals room and not in its thread."""
    stored = await scene.asks()
    scene.clock.forward(7)
    for each in await scene.claim():
        number, at = each.number, scene.clock.now()
        if each.conversation == APPROVALS:
            await scene.write(lambda c, n=number, t=at: outbox.sent(c, n, CARD, t))
        else:
            due = at + timedelta(hours=1)
            await scene.write(lambda c, n=number, d=due: outbox.retry(c, n, "down", d))
    return stored


def words(where: Conversation) -> Message:
    return Message("m1", where, ALICE, "approve", START, fresh_thread=False)


def mark(reference: str) -> Reaction:
    return Reaction("r1", BOB, reference, "✅", added=True, at=START)


async def seen(scene: Scene, stored: Stored, event: Event, *, named: bool = False) -> bool:
    at = await scene.write(lambda c: card.seen_at(c, stored, event, named=named))
    assert at in {None, START + timedelta(seconds=7)}
    return at is not None


async def test_words_in_a_thread_whose_card_is_not_out_are_from_none(scene: Scene) -> None:
    stored = await one_out(scene)
    assert not await seen(scene, stored, words(ASKED))
    assert await seen(scene, stored, words(THERE))
    assert not await seen(scene, stored, words(Conversation("matrix", "!approvals", "$other")))
    assert not await seen(scene, stored, words(Conversation("slack", "!approvals", CARD)))


async def test_words_that_name_the_plan_are_from_any_card_that_is_out(scene: Scene) -> None:
    stored = await one_out(scene)
    assert await seen(scene, stored, words(ASKED), named=True)


async def test_words_that_name_a_plan_that_nobody_has_seen_are_from_none(scene: Scene) -> None:
    stored = await scene.asks()
    assert not await seen(scene, stored, words(ASKED), named=True)


async def test_a_mark_is_from_the_card_it_is_on(scene: Scene) -> None:
    stored = await one_out(scene)
    assert await seen(scene, stored, mark(CARD))
    assert not await seen(scene, stored, mark("$other"))


async def test_words_under_a_card_are_about_its_plan_alone(scene: Scene) -> None:
    stored = await one_out(scene)
    await scene.asks("mark y")

    async def about(where: Conversation) -> list[str]:
        found = await scene.write(lambda c: card.talked_about(c, where))
        return [each.plan.request for each in found]

    assert await about(THERE) == [stored.plan.request]
    assert await about(ASKED) == ["mark y", "mark x"]
    scene.clock.forward(1)
    await scene.asks("mark z", THERE)
    assert await about(THERE) == ["mark z", "mark x"]
    assert await about(APPROVALS) == []
    assert await about(Conversation("discord", "!approvals", CARD)) == []
