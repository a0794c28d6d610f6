"""Buttons, the change form, slash commands and reactions."""

import pytest
import simcord

from bot.model.events import Click, Message, Reaction
from bot.model.ports import Shown
from bot.model.reports import Outgoing
from tests.chat.discord.scenes import Scene, answer, pending


async def test_a_button_is_deferred_at_once_and_becomes_a_click(scene: Scene) -> None:
    _, where, card = await scene.card()
    pressed = await scene.bob.click(card, label="approve")
    click = (await scene.ears.upto(2))[-1]
    assert isinstance(click, Click)
    assert pressed.deferred
    assert (click.action, click.message) == ("approve", str(card.id))
    assert (click.account, click.conversation) == (scene.account(scene.bob), where)


@pytest.mark.parametrize("label", ["approve", "reject"])
async def test_every_press_is_a_click_of_its_own(scene: Scene, label: str) -> None:
    _, _, card = await scene.card()
    for person in (scene.alice, scene.bob, scene.alice):
        await scene.bob.click(card, label=label) if person is scene.bob else await person.click(
            card, label=label
        )
    clicks = (await scene.ears.upto(4))[1:]
    assert len({each.id for each in clicks}) == 3


async def test_the_change_form_becomes_a_reply_in_the_thread(scene: Scene) -> None:
    _, where, card = await scene.card()
    shown = await scene.bob.click(card, label="change…")
    assert shown.modal is not None
    sent = await scene.bob.submit_modal(shown, {"words": "use port 9090"})
    said = (await scene.ears.upto(2))[-1]
    assert isinstance(said, Message)
    assert (said.text, said.conversation) == ("use port 9090", where)
    assert (said.addressed, said.fresh_thread) == (False, False)
    assert said.account == scene.account(scene.bob)
    assert sent.response is not None
    assert "use port 9090" in sent.response.content


async def test_a_card_in_a_direct_conversation_is_pressed_and_changed_there(scene: Scene) -> None:
    said = await scene.alice.send_dm("add a proxy")
    (asked,) = await scene.ears.upto(1)
    assert asked.conversation is not None
    card = scene.message(asked.conversation, await scene.post(asked.conversation, pending()))
    await scene.alice.user.click(card, label="approve")
    shown = await scene.alice.user.click(card, label="change…")
    await scene.alice.user.submit_modal(shown, {"words": "use port 9090"})
    click, changed = (await scene.ears.upto(3))[1:]
    assert click.conversation == changed.conversation == asked.conversation
    assert asked.conversation.thread == str(said.id)


@pytest.mark.parametrize(
    ("command", "options", "text"),
    [
        ("ask", {"question": "what uses the disk?"}, "what uses the disk?"),
        ("ask", {"question": "about disk space", "agent": "web1"}, "ask web1 about disk space"),
        ("do", {"request": "add a static site"}, "add a static site"),
        ("do", {"request": "restart nginx", "agent": "web1"}, "restart nginx on web1"),
        ("capabilities", {}, "capabilities"),
        ("capabilities", {"query": "disk"}, "capabilities disk"),
        *(
            (word, {}, word)
            for word in (
                "status",
                "plans",
                "approvals",
                "agents",
                "audit",
                "help",
                "stop",
                "resume",
            )
        ),
    ],
)
async def test_a_command_is_deferred_quoted_and_becomes_a_request(
    scene: Scene, command: str, options: dict[str, str], text: str
) -> None:
    result = await scene.alice.slash(scene.channel, f"infra {command}", **options)
    (heard,) = await scene.ears.upto(1)
    assert isinstance(heard, Message)
    callback = next(each for each in scene.env.http_requests if each.path.endswith("/callback"))
    assert callback.json == {"type": 5}  # deferred, before anything else
    assert result.response is not None
    assert text in result.response.content
    assert str(scene.alice.id) in result.response.content
    assert (heard.text, heard.addressed, heard.fresh_thread) == (text, True, True)
    root = result.response
    assert heard.conversation == scene.thread(root)
    told = await scene.post(heard.conversation, answer("Here."))
    (thread,) = scene.channel.threads
    assert thread.id == root.id
    assert str(scene.message(heard.conversation, told).channel.id) == str(thread.id)


async def test_a_command_in_a_thread_stays_in_it_and_in_a_direct_conversation_too(
    scene: Scene,
) -> None:
    _, where, _ = await scene.card()
    (thread,) = scene.channel.threads
    await scene.bob.slash(thread, "infra status")
    inside = (await scene.ears.upto(2))[-1]
    assert inside.conversation == where
    result = await scene.alice.user.slash("infra status")
    direct = (await scene.ears.upto(3))[-1]
    assert direct.conversation is not None
    assert result.response is not None
    assert direct.conversation.thread == str(result.response.id)
    told = await scene.post(direct.conversation, answer("All is well."))
    assert scene.message(direct.conversation, told).reference is not None


async def test_agents_and_capabilities_are_offered_while_typing(scene: Scene) -> None:
    offered = await scene.alice.autocomplete(scene.channel, "infra do", "agent", "we", request="x")
    assert [each["value"] for each in offered] == ["web1", "web2"]
    offered = await scene.alice.autocomplete(scene.channel, "infra do", "request", "site")
    assert [each["value"] for each in offered] == ["add a static site"]
    assert not scene.ears.events


async def test_a_sign_of_life_for_a_command_goes_on_what_it_left(scene: Scene) -> None:
    result = await scene.alice.slash(scene.channel, "infra status")
    (heard,) = await scene.ears.upto(1)
    assert heard.conversation is not None
    assert result.response is not None
    await scene.chat.send(
        Outgoing("k", 1, heard.conversation, "react", message=heard.id, emoji="👀")
    )
    assert [r.emoji for r in result.response.message.reactions] == ["👀"]


@pytest.mark.parametrize("scene", [{"commands": False}], indirect=True)
async def test_a_command_that_was_not_registered_cannot_be_used(scene: Scene) -> None:
    with pytest.raises(simcord.SetupError):
        await scene.alice.slash(scene.channel, "infra status")


async def test_a_second_acknowledgement_is_refused_by_discord_and_never_made(scene: Scene) -> None:
    _, _, card = await scene.card()
    await scene.bob.click(card, label="approve")
    await scene.ears.upto(2)
    made = [each for each in scene.env.http_requests if each.path.endswith("/callback")]
    assert len(made) == 1
    record = scene.env.backend.interactions[int(made[0].path.split("/")[2])]
    scene.chat.socket.client.dispatch("answer", _as_sent_again(record))
    await scene.env.settle()
    made = [each for each in scene.env.http_requests if each.path.endswith("/callback")]
    assert len(made) == 1
    with pytest.raises(Exception, match="already been acknowledged"):
        await scene.chat.socket.rest.request(
            "POST",
            "/interactions/{id}/{token}/callback",
            {"type": 6},
            id=str(record.id),
            token=record.token,
        )


def _as_sent_again(record: object) -> dict[str, object]:
    return {
        "id": str(record.id),  # type: ignore[attr-defined]  # simcord's own record
        "token": record.token,  # type: ignore[attr-defined]  # the same
        "type": 3,
        "data": {"custom_id": "parley:approve", "component_type": 2},
        "channel": {"id": "1", "type": 0},
    }


async def test_reactions_come_and_go_and_come_again(scene: Scene) -> None:
    _, where, card = await scene.card()
    await scene.bob.react(card, "✅")
    await scene.bob.unreact(card, "✅")
    await scene.bob.react(card, "✅")
    events = (await scene.ears.upto(4))[1:]
    assert all(isinstance(each, Reaction) for each in events)
    assert [each.added for each in events if isinstance(each, Reaction)] == [True, False, True]
    assert len({each.id for each in events}) == 3
    first = events[0]
    assert isinstance(first, Reaction)
    assert (first.account, first.message, first.emoji) == (
        scene.account(scene.bob),
        str(card.id),
        "✅",
    )
    assert first.conversation == where


@pytest.mark.parametrize(("put", "heard"), [("👍🏽", "👍"), ("↩️", "↩"), ("⏸️", "⏸"), ("🛑", "🛑")])
async def test_skin_tones_and_variation_selectors_do_not_matter(
    scene: Scene, put: str, heard: str
) -> None:
    _, _, card = await scene.card()
    await scene.bob.react(card, put)
    event = (await scene.ears.upto(2))[-1]
    assert isinstance(event, Reaction)
    assert event.emoji == heard


async def test_a_machines_reaction_is_none(scene: Scene) -> None:
    robot = scene.guild.add_member(scene.env.create_user("robot", bot=True))
    _, _, card = await scene.card()
    await robot.react(card, "✅")
    await scene.bob.react(card, "❌")
    event = (await scene.ears.upto(2))[-1]
    assert isinstance(event, Reaction)
    assert event.account == scene.account(scene.bob)


async def test_reactions_put_and_taken_while_away_are_found(scene: Scene) -> None:
    _, where, card = await scene.card()
    await scene.alice.react(card, "❌")
    await scene.ears.upto(2)
    cursor = scene.ears.cursor
    await scene.leave()
    await scene.bob.react(card, "✅")
    await scene.alice.unreact(card, "❌")
    await scene.come(cursor)
    known = frozenset({(scene.account(scene.alice), "❌")})
    events = await scene.chat.reconcile([Shown(str(card.id), where, known)])
    found = {(e.account, e.emoji, e.added) for e in events if isinstance(e, Reaction)}
    assert found == {
        (scene.account(scene.bob), "✅", True),
        (scene.account(scene.alice), "❌", False),
    }
    assert not await scene.chat.reconcile([Shown("1", where)])


async def test_all_reactions_taken_off_by_somebody_are_votes_withdrawn(scene: Scene) -> None:
    _, where, card = await scene.card()
    await scene.bob.react(card, "✅")
    await scene.ears.upto(2)
    scene.env.backend.clear_reactions(int(where.thread), card.id)
    gone = (await scene.ears.upto(3))[-1]
    assert isinstance(gone, Reaction)
    assert (gone.account, gone.emoji, gone.added) == (scene.account(scene.bob), "✅", False)
