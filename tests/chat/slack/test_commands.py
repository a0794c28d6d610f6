"""Slash commands and the field behind "change…": what needs an answer of Slack before there is an event."""

import pytest

from bot.model.events import Message
from bot.model.people import Conversation
from tests.chat.slack.scenes import (
    BOB,
    COMMAND,
    INSTANCE,
    VOTES,
    Scene,
    account,
    card,
    outgoing,
    press,
)
from tests.servers.slack_fake import Reply


async def test_change_opens_a_field_whose_words_are_a_reply(scene: Scene) -> None:
    root = await scene.root()
    reference = await scene.chat.send(
        outgoing("k1", thread=root, report=card("Plan", controls=VOTES))
    )
    sent = await scene.fake.send("interactive", press(reference, "parley.change", root))
    await scene.fake.until(lambda: scene.fake.called("views.open"))
    await scene.fake.acknowledged(sent)
    (opened,) = scene.fake.called("views.open")
    assert opened["trigger_id"] == "t1"
    values = {"words": {"words": {"type": "plain_text_input", "value": " use port 9090 "}}}
    view = {**opened["view"], "id": "V7", "state": {"values": values}}
    payload = {"type": "view_submission", "user": {"id": BOB}, "view": view}
    await scene.fake.acknowledged(await scene.fake.send("interactive", payload))
    _, reply = await scene.ears.until(lambda events: len(events) == 2)
    assert isinstance(reply, Message)
    assert (reply.text, reply.account, reply.addressed) == ("use port 9090", account(BOB), False)
    assert reply.conversation == Conversation(INSTANCE, "C1", root)


async def test_a_slash_command_opens_its_thread(scene: Scene) -> None:
    fake = scene.fake
    sent = await fake.send("slash_commands", COMMAND, accepts_response_payload=True)
    await fake.acknowledged(sent)
    (message,) = await scene.ears.until(lambda events: len(events) == 1)
    assert isinstance(message, Message)
    assert (message.text, message.addressed) == ("ask web1 about <!channel> disk", True)
    root = fake.shown(message.id)
    assert message.conversation.thread == root["ts"]
    assert "&lt;!channel&gt;" in root["text"]
    assert fake.answers[sent] is None
    await fake.acknowledged(await fake.send("slash_commands", COMMAND, retry_attempt=1))
    other = scene.bench.hear(
        scene.bench.chat(), scene.ears.cursor
    )  # another process: only the channel knows
    await scene.ears.stop()
    await fake.connected(2)
    await fake.until(lambda: len(fake.sockets) == 2)
    await fake.acknowledged(await fake.send("slash_commands", COMMAND, retry_attempt=1))
    assert [event.id for event in other.events] == [message.id]
    assert len(fake.called("chat.postMessage")) == 1


@pytest.mark.parametrize("error", ["channel_not_found", "internal_error"])
async def test_a_slash_command_where_the_bot_may_not_write(scene: Scene, error: str) -> None:
    scene.fake.scripts["chat.postMessage"] = [Reply(error)]
    sent = await scene.fake.send("slash_commands", COMMAND)
    await scene.fake.acknowledged(sent)
    said = scene.fake.answers[sent]
    assert said["response_type"] == "ephemeral"
    assert ("Invite" if error == "channel_not_found" else "Nothing was started") in said["text"]
    assert scene.ears.events == []
