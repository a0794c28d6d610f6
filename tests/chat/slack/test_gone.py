"""Channels that are gone, archived or closed to us, messages that were deleted, threads that are locked: said, with the mend."""

import pytest

from bot.model.errors import PermanentError
from tests.chat.slack.scenes import BOB, VOTES, Bench, Scene, card, outgoing
from tests.servers.slack_fake import Reply

SAID = [
    ("chat.postMessage", "not_in_channel", "I am not in that channel", "/invite @infra"),
    ("chat.postMessage", "channel_not_found", "gone, or hidden from me", "Invite the bot"),
    ("chat.postMessage", "is_archived", "That channel is archived", "Unarchive the channel"),
    ("chat.postMessage", "restricted_action", "I may not post", "channel's settings"),
    ("chat.postMessage", "restricted_action_read_only_channel", "Only some may", "settings"),
    ("chat.postMessage", "restricted_action_thread_only_channel", "only threads", "in a thread"),
    ("chat.postMessage", "restricted_action_thread_locked", "thread is locked", "Unlock"),
    ("chat.postMessage", "thread_not_found", "hangs on was deleted", "new thread"),
    ("chat.postMessage", "cannot_reply_to_message", "takes no replies", "new thread"),
    ("chat.postMessage", "user_not_in_channel", "left the channel", "directly"),
    ("chat.update", "message_not_found", "That message was deleted", "`plans`"),
    ("chat.update", "cant_update_message", "not mine to change", "Ask again"),
    ("chat.update", "edit_window_closed", "nobody edit messages that old", "settings"),
    ("chat.update", "is_archived", "That channel is archived", "Unarchive"),
    ("chat.update", "not_in_channel", "I am not in that channel", "/invite"),
    ("chat.update", "something_new", r"refuses chat\.update \(something_new\)", "api.slack.com"),
]


@pytest.mark.parametrize(("method", "code", "what", "mend"), SAID)
async def test_what_slack_refuses_is_said(
    scene: Scene, method: str, code: str, what: str, mend: str
) -> None:
    sent = await scene.chat.send(outgoing("k1", report=card("Plan", controls=VOTES)))
    scene.fake.scripts[method] = [Reply(code)]
    again = (
        outgoing("k2", report=card("x"))
        if method == "chat.postMessage"
        else outgoing("k1/2", "edit", report=card("x"), message=sent)
    )
    with pytest.raises(PermanentError, match=what) as caught:
        await scene.chat.send(again)
    assert (caught.value.reason, mend in caught.value.mend) == (code, True)
    assert code in str(caught.value)


async def test_a_card_that_was_deleted_takes_no_edit(scene: Scene) -> None:
    """The workspace itself says so, without a script."""
    sent = await scene.chat.send(outgoing("k1", report=card("Plan", controls=VOTES)))
    scene.fake.delete(*sent.split("/"))
    with pytest.raises(PermanentError, match="That message was deleted"):
        await scene.chat.send(outgoing("k1/2", "edit", report=card("Plan"), message=sent))


async def test_a_message_of_ours_that_somebody_deletes_is_told(scene: Scene) -> None:
    """The core posts a card again; other people's messages are their own affair."""
    root = await scene.root()
    sent = await scene.chat.send(outgoing("k1", thread=root, report=card("Plan", controls=VOTES)))
    theirs = scene.fake.delete("C1", root)
    ours = scene.fake.delete(*sent.split("/"))
    for event in (theirs, {**ours, "deleted_ts": 7}, {**ours, "channel": ""}, ours):
        await scene.fake.acknowledged(await scene.fake.event(event))
    await scene.ears.until(lambda _: bool(scene.ears.gone))
    assert scene.ears.gone == [sent]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"type": "channel_archive", "user": BOB}, "was archived"),
        ({"type": "group_archive", "user": BOB}, "was archived"),
        ({"type": "channel_deleted"}, "was deleted"),
        ({"type": "group_deleted"}, "was deleted"),
        ({"type": "channel_left"}, "I was removed"),
        ({"type": "group_left"}, "I was removed"),
        ({"type": "member_left_channel", "user": "U0BOT"}, "I was removed"),
    ],
)
async def test_a_channel_that_is_closed_to_us_is_told(
    scene: Scene, event: dict[str, str], words: str
) -> None:
    others = {"type": "member_left_channel", "channel": "C1", "user": BOB}
    await scene.fake.acknowledged(await scene.fake.event(others))
    await scene.fake.acknowledged(await scene.fake.event({**event, "channel": {"id": "C1"}}))
    assert scene.ears.closed == []
    await scene.fake.event({**event, "channel": "C1"})
    await scene.ears.until(lambda _: bool(scene.ears.closed))
    ((channel, why),) = scene.ears.closed
    assert channel == "C1"
    assert words in why


async def test_a_vanished_channel_does_not_stop_the_others(bench: Bench, scene: Scene) -> None:
    scene.fake.channels.pop("D1")
    with pytest.raises(PermanentError):
        await scene.chat.send(outgoing("k1", room="D1", report=card("x")))
    await scene.chat.send(outgoing("k2", report=card("y")))
    assert len(scene.fake.channels["C1"]) == 1
