"""A chat that takes nothing for long: told elsewhere once, once more when it is back, and its waiting cards are shown there."""

from datetime import timedelta

from msgspec.structs import replace

from bot.loops.trouble import LONG, Troubles
from bot.model.people import Conversation
from bot.report.refusal import note
from bot.store import outbox
from tests.loops.conftest import APPROVALS, ASKED, OPERATORS, Scene, cards, texts

CHATS = ("slack", "matrix", "discord")
WHY = "Slack does not answer. Check that it can be reached from here."


async def fails(scene: Scene, *instances: str) -> None:
    """Everything that may go is tried; these chats do not answer, the others take it."""
    now = scene.clock.now()
    for each in await scene.claim():
        if each.conversation.instance in instances:
            due, number = now + timedelta(seconds=1), each.number
            await scene.write(lambda c, n=number, d=due: outbox.retry(c, n, WHY, d))
        else:
            ref, number = f"ref{each.number}", each.number
            await scene.write(lambda c, n=number, r=ref: outbox.sent(c, n, r, now))
            scene.said.append(each)


async def says(scene: Scene, key: str, where: Conversation = ASKED) -> None:
    await scene.write(lambda c: outbox.post(c, key, where, note("hello"), at=scene.clock.now()))


async def look(scene: Scene, troubles: Troubles) -> list[str]:
    """What the operators are told by one look."""
    await troubles.look()
    return texts(await scene.deliver_to("discord"), OPERATORS)


async def test_a_long_silence_is_told_once_and_its_end_once(scene: Scene) -> None:
    troubles = Troubles(scene.house, CHATS)
    await says(scene, "a")
    await fails(scene, "slack")
    assert await look(scene, troubles) == []
    scene.clock.forward(LONG.total_seconds())
    (told,) = await look(scene, troubles)
    assert told.startswith("`slack` has taken nothing for 5 min; 1 message waits")
    assert WHY in told
    assert scene.house.stuck == {"slack": f"takes nothing: {WHY}"}
    scene.clock.forward(60)
    await fails(scene, "slack")
    assert await look(scene, troubles) == []
    scene.clock.forward(60)
    await fails(scene)
    assert await look(scene, troubles) == ["`slack` takes messages again, after 7 min."]
    assert scene.house.stuck == {}
    assert await look(scene, troubles) == []
    await says(scene, "b")
    await fails(scene, "slack")
    await troubles.look()
    scene.clock.forward(LONG.total_seconds())
    assert len(await look(scene, troubles)) == 1


async def test_a_short_one_is_not_worth_a_word(scene: Scene) -> None:
    troubles = Troubles(scene.house, CHATS)
    for _ in range(3):
        await says(scene, f"{scene.clock.now()}")
        await fails(scene, "slack")
        assert await look(scene, troubles) == []
        scene.clock.forward(LONG.total_seconds() - 60)
        await fails(scene)
        assert await look(scene, troubles) == []


async def test_a_restart_neither_repeats_nor_forgets(scene: Scene) -> None:
    before = Troubles(scene.house, CHATS)
    await says(scene, "a")
    await fails(scene, "slack")
    await before.look()
    scene.clock.forward(LONG.total_seconds())
    assert len(await look(scene, before)) == 1
    after = Troubles(scene.house, CHATS)
    assert await look(scene, after) == []
    scene.clock.forward(LONG.total_seconds())
    assert await look(scene, after) == []
    await fails(scene)
    assert await look(scene, after) == ["`slack` takes messages again, after 10 min."]


async def test_a_card_that_nobody_has_seen_is_shown_to_the_operators(scene: Scene) -> None:
    troubles = Troubles(scene.house, CHATS)
    stored = await scene.asks()
    await fails(scene, "slack", "matrix")
    await troubles.look()
    scene.clock.forward(LONG.total_seconds())
    await troubles.look()
    await troubles.look()
    said = await scene.deliver_to("discord")
    (card,) = cards(said, OPERATORS)
    assert card.report is not None
    assert card.report.data["plan"]["id"] == stored.plan.id
    assert len(texts(said, OPERATORS)) == 3
    scene.clock.forward(60)
    await fails(scene)
    assert len(cards(scene.said, ASKED)) == len(cards(scene.said, APPROVALS)) == 1


async def test_a_card_seen_anywhere_stays_where_it_is(scene: Scene) -> None:
    troubles = Troubles(scene.house, CHATS)
    await scene.asks()
    await fails(scene, "slack")
    await troubles.look()
    scene.clock.forward(LONG.total_seconds())
    await troubles.look()
    assert cards(await scene.deliver_to("discord"), OPERATORS) == []


async def test_a_login_that_died_is_told_and_never_in_its_own_chat(scene: Scene) -> None:
    scene.house.down["slack"] = "Slack no longer accepts the token. Put in a new one."
    scene.house.down["discord"] = "Discord no longer accepts the token."
    troubles = Troubles(scene.house, CHATS)
    told = [*await look(scene, troubles), *await look(scene, troubles)]
    assert len(told) == 1
    assert told[0].startswith("`slack` is no longer connected. Slack no longer accepts the token.")


async def test_without_an_operators_room_it_is_noted_all_the_same(scene: Scene) -> None:
    scene.house = replace(scene.house, operators=None)
    troubles = Troubles(scene.house, CHATS)
    await says(scene, "a")
    await fails(scene, "slack")
    await troubles.look()
    scene.clock.forward(LONG.total_seconds())
    await troubles.look()
    assert set(scene.house.stuck) == {"slack"}
    assert await scene.deliver_to("discord", "matrix") == []
