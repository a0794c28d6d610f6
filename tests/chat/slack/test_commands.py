"""Slash commands and the field behind "change…": what needs an answer of Slack before there is an event."""

from typing import Any

import pytest

from bot.model.events import Message
from bot.model.people import Conversation
from tests.chat.slack.scenes import (
    BOB,
    COMMAND,
    INSTANCE,
    VOTES,
    Bench,
    Scene,
    account,
    card,
    outgoing,
    press,
)
from tests.servers.slack_fake import Reply, SlackFake
from tests.servers.slack_limits import view_faults


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


def suggest(what: str) -> list[str]:
    if what == "agents":
        return ["web1", "box", "weblog"]
    return ["check disk space", "create a site", *(f"thing {number}" for number in range(200))]


async def opened(scene: Scene, words: str) -> dict[str, Any]:
    """The modal behind a command without a request."""
    before = len(scene.fake.called("views.open"))
    sent = await scene.fake.send("slash_commands", COMMAND | {"text": words})
    await scene.fake.acknowledged(sent)
    await scene.fake.until(lambda: len(scene.fake.called("views.open")) > before)
    call = scene.fake.called("views.open")[-1]
    assert call["trigger_id"] == "t9"
    view: dict[str, Any] = call["view"]
    assert view_faults(view) == []
    return view


async def submit(scene: Scene, view: dict[str, Any], id: str, **values: Any) -> Any:
    """Bob fills it in; what he is answered."""
    filled = {name: {name: value} for name, value in values.items()}
    view = {**view, "id": id, "state": {"values": filled}}
    payload = {"type": "view_submission", "user": {"id": BOB}, "view": view}
    sent = await scene.fake.send("interactive", payload)
    await scene.fake.acknowledged(sent)
    return scene.fake.answers[sent]


def picked(name: str) -> dict[str, Any]:
    return {"type": "external_select", "selected_option": {"value": name}}


@pytest.mark.parametrize(
    ("command", "values", "words"),
    [
        ("", {"words": {"value": " create a site called hello "}}, "create a site called hello"),
        ("", {"words": {"value": "create a site"}, "agent": picked("web1")}, "create a site on web1"),
        ("do", {"capability": picked("check disk space")}, "check disk space"),
        (
            "DO ",
            {"capability": picked("create a site"), "words": {"value": "called x"}, "agent": picked("box")},
            "create a site called x on box",
        ),
        ("ask", {"words": {"value": "about disk space"}, "agent": picked("web1")}, "ask web1 about disk space"),
        ("ask", {"capability": picked("check disk space"), "agent": picked("web1")}, "check disk space on web1"),
    ],
)  # fmt: skip
async def test_what_is_asked_in_the_modal_is_a_request(
    scene: Scene, command: str, values: dict[str, Any], words: str
) -> None:
    view = await opened(scene, command)
    assert await submit(scene, view, "V1", **values) is None
    assert await submit(scene, view, "V1", **values) is None  # sent again it is the same
    (message,) = await scene.ears.until(lambda events: len(events) == 1)
    assert isinstance(message, Message)
    assert (message.text, message.addressed, message.account) == (words, True, account(BOB))
    root = scene.fake.shown(message.id)
    assert (message.conversation.thread, message.conversation.room) == (root["ts"], "C1")
    assert words in root["text"]
    assert len(scene.fake.called("chat.postMessage")) == 1


async def test_an_empty_modal_stays_open(scene: Scene) -> None:
    view = await opened(scene, "")
    answer = await submit(scene, view, "V1", words={"value": "  "}, agent=picked("web1"))
    assert answer["response_action"] == "errors"
    assert "choose a capability" in answer["errors"]["words"]
    scene.fake.scripts["chat.postMessage"] = [Reply("not_in_channel")]
    answer = await submit(scene, view, "V1", words={"value": "status"})
    assert "I am not in that channel" in answer["errors"]["words"]
    assert scene.ears.events == []
    for strange in ({}, {"state": []}, {"state": {"values": {"words": 7, "agent": [1]}}}):
        payload = {"type": "view_submission", "user": {"id": BOB}, "view": {**view, "id": "V2", **strange}}  # fmt: skip
        await scene.fake.acknowledged(await scene.fake.send("interactive", payload))
    assert scene.ears.events == []


async def test_the_word_do_is_no_word_of_the_request(scene: Scene) -> None:
    sent = await scene.fake.send("slash_commands", COMMAND | {"text": "do create a site on web1"})
    await scene.fake.acknowledged(sent)
    (message,) = await scene.ears.until(lambda events: len(events) == 1)
    assert isinstance(message, Message)
    assert message.text == "create a site on web1"


async def test_names_are_offered_while_somebody_types(bench: Bench, fake: SlackFake) -> None:
    ears = bench.hear(bench.chat_with(suggest=suggest))
    await ears.placed()
    await fake.connected(2)

    async def offered(field: str, typed: str) -> list[str]:
        body = {"type": "block_suggestion", "user": {"id": BOB}, "action_id": field}
        sent = await fake.send("interactive", {**body, "block_id": field, "value": typed})
        await fake.acknowledged(sent)
        options = fake.answers[sent]["options"]
        assert all(len(each["text"]["text"]) <= 75 for each in options)
        return [each["value"] for each in options]

    assert await offered("agent", "WEB") == ["web1", "weblog"]
    assert await offered("agent", "") == ["box", "web1", "weblog"]
    assert await offered("agent", "nothing") == []
    assert (await offered("capability", "s"))[:2] == ["check disk space", "create a site"]
    assert len(await offered("capability", "thing")) == 100
    assert await offered("other", "web") == []
    assert ears.events == []
