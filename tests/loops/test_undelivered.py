"""What a platform refuses for good: told elsewhere, and no plan waits for votes where nobody can see it."""

from functools import partial

from msgspec.structs import replace

from bot.cases import undelivered
from bot.report.refusal import note
from bot.store import outbox, plans, posts
from tests.loops.conftest import (
    ALICE,
    APPROVALS,
    ARCHIVED,
    ASKED,
    DELETED,
    OPERATORS,
    Scene,
    cards,
    texts,
)


async def test_a_plan_that_waits_stands_in_both_places(scene: Scene) -> None:
    await scene.asks()
    said = await scene.deliver()
    (here,), (there,) = cards(said, ASKED), cards(said, APPROVALS)
    assert here.report == there.report
    assert len(said) == 2


async def test_one_place_that_refuses_blocks_neither_and_is_told(scene: Scene) -> None:
    stored = await scene.asks()
    said = await scene.deliver(matrix=ARCHIVED)
    assert await scene.state(stored) == "pending"
    (told,) = texts(said, OPERATORS)
    assert "`matrix` `!approvals` missed the card of plan" in told
    assert "That channel is archived. Unarchive it." in told
    await scene.decide(stored)
    assert len(cards(await scene.deliver(), ASKED, "edit")) == 1


async def test_the_operators_get_the_card_when_nobody_else_can(scene: Scene) -> None:
    stored = await scene.asks()
    said = await scene.deliver(matrix=ARCHIVED, slack=ARCHIVED)
    assert len(cards(said, OPERATORS)) == 1
    assert await scene.state(stored) == "pending"
    await scene.decide(stored)
    said = await scene.deliver()
    assert len(cards(said, OPERATORS, "edit")) == 1
    assert cards(said, ASKED, "edit") == []


async def test_a_plan_that_can_be_shown_nowhere_is_ended_and_its_requester_told(
    scene: Scene,
) -> None:
    stored = await scene.asks()
    said = await scene.deliver(matrix=ARCHIVED, slack=ARCHIVED, discord=ARCHIVED)
    assert await scene.state(stored) == "expired"
    (word,) = (each for each in said if each.only_to)
    assert word.only_to == ALICE
    assert word.report is not None
    assert "its card could be shown nowhere" in word.report.text
    await scene.publish()
    assert await scene.deliver() == []
    lost = await scene.house.store.read(lambda c: posts.failed(c, scene.clock.now()))
    assert {each.conversation for each in lost} == {ASKED, APPROVALS, OPERATORS}


async def test_without_an_operators_room_it_is_ended_as_well(scene: Scene) -> None:
    scene.house = replace(scene.house, operators=None)
    stored = await scene.asks()
    await scene.deliver(matrix=ARCHIVED, slack=ARCHIVED)
    assert await scene.state(stored) == "expired"


async def test_a_deleted_card_is_posted_again(scene: Scene) -> None:
    stored = await scene.asks()
    (here, _) = await scene.deliver()
    await scene.write(
        lambda c: undelivered.gone(c, scene.house, "slack", [f"ref{here.number}"], "x")
    )
    (again,) = await scene.deliver()
    assert (again.conversation, again.kind, again.report) == (ASKED, "post", here.report)
    await scene.decide(stored)
    said = await scene.deliver()
    assert [each.message for each in cards(said, ASKED, "edit")] == [f"ref{again.number}"]


async def test_a_deletion_that_only_an_edit_finds_out_is_mended_too(scene: Scene) -> None:
    stored = await scene.asks()
    await scene.deliver()
    await scene.write(lambda c: plans.touch(c, stored.plan.id))
    await scene.publish()
    said = await scene.deliver(slack=DELETED)
    assert [each.kind for each in said if each.conversation == ASKED] == ["edit", "post"]
    assert "missed the card of plan" in " ".join(texts(said, OPERATORS))
    await scene.decide(stored)
    assert [each.conversation for each in await scene.deliver()] == [APPROVALS]


async def test_a_card_that_is_deleted_again_and_again_goes_elsewhere(scene: Scene) -> None:
    scene.house = replace(scene.house, approval_rooms=())
    stored = await scene.asks()
    (last,) = await scene.deliver()
    for _ in range(undelivered.OFTEN):
        assert last.conversation == ASKED
        gone = [f"ref{last.number}"]
        await scene.write(lambda c, r=gone: undelivered.gone(c, scene.house, "slack", r, "x"))
        (last,) = await scene.deliver()
    assert last.conversation == OPERATORS
    assert await scene.state(stored) == "pending"


async def test_a_room_that_is_closed_hands_its_cards_over(scene: Scene) -> None:
    scene.house = replace(scene.house, approval_rooms=())
    first, second = await scene.asks("one"), await scene.asks("two")
    await scene.deliver()
    await scene.decide(first)
    await scene.deliver()
    await scene.write(lambda c: undelivered.closed(c, scene.house, "slack", "C1", "Archived."))
    said = await scene.deliver()
    (moved,) = cards(said, OPERATORS)
    assert moved.report is not None
    assert moved.report.data["plan"]["id"] == second.plan.id
    assert len(texts(said, OPERATORS)) == 2


async def test_a_card_that_is_being_sent_into_a_room_that_is_closed_is_waited_for(
    scene: Scene,
) -> None:
    """It may have come out just before. When that is noted, it is as lost as any other."""
    scene.house = replace(scene.house, approval_rooms=(), operators=None)
    stored = await scene.asks()
    closed = partial(
        undelivered.closed, house=scene.house, instance="slack", room="C1", why="Archived."
    )
    (card,) = await scene.claim()
    assert await scene.write(closed), "not yet"
    assert await scene.state(stored) == "pending"
    await scene.write(lambda c: outbox.sent(c, card.number, "ref1", scene.clock.now()))
    assert not await scene.write(closed)
    assert await scene.state(stored) == "expired"


async def test_the_operators_are_told_once_a_day_and_never_about_their_own_room(
    scene: Scene,
) -> None:
    scene.house = replace(scene.house, approval_rooms=(OPERATORS,))
    await scene.asks()
    said = await scene.deliver(discord=ARCHIVED)
    assert [each.conversation for each in said] == [ASKED, OPERATORS]
    scene.house = replace(scene.house, approval_rooms=())
    for key in ("a", "b", "c"):
        now = scene.clock.now()
        await scene.write(lambda c, k=key, at=now: outbox.post(c, k, ASKED, note("hello"), at=at))
        await scene.deliver(slack=ARCHIVED)
    assert len(texts(scene.said, OPERATORS)) == 1 + 1
