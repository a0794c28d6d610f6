"""What people see, as a Slack that checks every limit took it."""

import json

import pytest

from adapters.chat.slack.views import change
from bot.model.errors import PermanentError, TemporaryError
from bot.model.reports import Attachment, Control, Paragraph, Report
from tests.chat.slack.scenes import ALICE, BOB, VOTES, Scene, account, card, outgoing
from tests.servers.slack_fake import Reply
from tests.servers.slack_limits import faults
from tests.servers.slack_workspace import BOT


async def test_a_card_with_buttons_and_reactions(scene: Scene) -> None:
    root = await scene.root()
    data = {"plan": {"id": "p1", "revision": 1, "state": "pending"}}
    report = card("Plan 7f3a · change", "run `nginx -t` <!channel>", controls=VOTES, data=data)
    reference = await scene.chat.send(outgoing("k1", thread=root, report=report))
    shown = scene.fake.shown(reference)
    assert shown["thread_ts"] == root
    assert shown["text"] == report.text.replace("<", "&lt;").replace(">", "&gt;")
    (coloured,) = shown["attachments"]
    (actions,) = [block for block in coloured["blocks"] if block["type"] == "actions"]
    assert [each["action_id"] for each in actions["elements"]] == [
        "approve",
        "reject",
        "parley.change",
    ]
    assert {each["value"] for each in actions["elements"]} == {"k1"}
    assert shown["metadata"]["event_payload"] == {
        "key": "k1",
        "kind": "plan",
        "plan_id": "p1",
        "plan_revision": "1",
        "plan_state": "pending",
    }
    assert shown["_reactions"] == {"white_check_mark": [BOT], "x": [BOT]}
    (call,) = scene.fake.called("chat.postMessage")
    assert (call["unfurl_links"], call["link_names"], call["parse"]) == (False, False, "none")


async def test_an_edit_takes_words_and_controls_away(scene: Scene) -> None:
    root = await scene.root()
    reference = await scene.chat.send(
        outgoing("k1", thread=root, report=card("pending", controls=VOTES))
    )
    for number, chat in enumerate((scene.chat, scene.bench.chat())):  # the second knows nothing
        controls = (Control("cancel", "🛑", "cancel"),) if number == 0 else ()
        report = card("running", str(number), controls=controls)
        edit = outgoing(f"e{number}", "edit", root, report=report, message=reference)
        assert await chat.send(edit) == reference
        shown = scene.fake.shown(reference)
        assert shown["text"] == report.text
        offered = {name for name, users in shown["_reactions"].items() if users}
        assert offered == set()  # only votes are held out as reactions too; the rest are buttons
        assert ("actions" in json.dumps(shown["attachments"])) is (number == 0)


async def test_the_same_send_twice_is_one_message(scene: Scene) -> None:
    root = await scene.root()
    files = (Attachment("output.txt", "lines\n"),)
    sent = outgoing("k1", thread=root, report=card("Plan", controls=VOTES, attachments=files))
    first = await scene.chat.send(sent)
    assert await scene.chat.send(sent) == first
    sure = outgoing("k1", thread=root, report=card("Plan", controls=VOTES), uncertain=True)
    assert await scene.bench.chat().send(sure) == first
    assert len(scene.fake.called("chat.postMessage")) == 1
    assert list(scene.fake.files.values()) == [b"lines\n"]


@pytest.mark.parametrize("threaded", [True, False])
async def test_an_uncertain_send_looks_before_it_repeats(scene: Scene, threaded: bool) -> None:
    """The connection broke after Slack had taken it: nobody knows, but the thread does."""
    root = await scene.root()
    for number in range(60):
        scene.fake.say(BOB, f"chatter {number}", **({"thread_ts": root} if threaded else {}))
    scene.fake.scripts["chat.postMessage"] = [Reply(cut=True)]
    where = root if threaded else ""
    with pytest.raises(TemporaryError) as caught:
        await scene.chat.send(outgoing("k1", thread=where, report=card("Plan")))
    assert caught.value.reason == "unreachable"
    assert (
        len(scene.fake.called("chat.postMessage")) == 1
    )  # the library did not repeat it by itself
    other = scene.bench.chat()
    again = outgoing("k1", thread=where, report=card("Plan"), uncertain=True)
    reference = await other.send(again)
    assert scene.fake.shown(reference)["metadata"]["event_payload"]["key"] == "k1"
    assert len(scene.fake.called("chat.postMessage")) == 1
    fresh = outgoing("k2", thread=where, report=card("Result"), uncertain=True)
    assert await other.send(fresh) != reference


async def test_words_for_one_person(scene: Scene) -> None:
    root = await scene.root()
    words = outgoing("w1", thread=root, report=card("Your ✅ did not count."), only_to=account(BOB))
    reference = await scene.chat.send(words)
    (shown,) = scene.fake.ephemeral
    assert (shown["user"], shown["thread_ts"]) == (BOB, root)
    assert reference.startswith("C1/ephemeral:")
    with pytest.raises(PermanentError):
        await scene.chat.send(outgoing("w2", "edit", root, report=card("x"), message=reference))
    scene.fake.scripts["chat.postEphemeral"] = [Reply("user_not_in_channel")]
    elsewhere = await scene.chat.send(
        outgoing("w3", thread=root, report=card("No."), only_to=account(BOB))
    )
    assert elsewhere.startswith("D1/")
    await scene.chat.send(outgoing("w4", room="D1", report=card("No."), only_to=account(BOB)))
    assert len(scene.fake.ephemeral) == 1


async def test_a_reaction_is_the_first_sign_of_life(scene: Scene) -> None:
    root = await scene.root()
    for number in range(2):
        seen = outgoing(f"r{number}", "react", root, message=f"C1/{root}", emoji="👀")
        assert await scene.chat.send(seen) == f"C1/{root}"
    assert scene.fake.shown(f"C1/{root}")["_reactions"] == {"eyes": [BOT]}
    with pytest.raises(PermanentError):
        await scene.chat.send(outgoing("r9", "react", root, message=f"C1/{root}", emoji="🦄"))


async def test_a_message_of_a_megabyte_becomes_a_file(scene: Scene) -> None:
    root = await scene.root()
    report = card("a line of output <é>\n" * 50_000, controls=VOTES)
    reference = await scene.chat.send(outgoing("k1", thread=root, report=report))
    (content,) = scene.fake.files.values()
    assert content.decode() == report.text
    (done,) = scene.fake.called("files.completeUploadExternal")
    assert (done["channel_id"], done["thread_ts"]) == ("C1", root)
    assert "message.txt" in json.dumps(scene.fake.shown(reference))
    edit = outgoing("k2", "edit", root, report=report, message=reference)
    assert await scene.chat.send(edit) == reference
    assert len(scene.fake.files) == 1  # the same file once


async def test_a_file_that_is_refused(scene: Scene) -> None:
    """An answer says so in its place; a plan whose file is missing cannot be shown, so that nobody approves it unseen."""
    root = await scene.root()
    files = (Attachment("output.txt", "lines\n"),)
    refusal = Reply("missing_scope")
    scene.fake.scripts["files.getUploadURLExternal"] = [refusal, refusal]
    answer = Report("answer", (Paragraph("91 % full"),), attachments=files)
    await scene.chat.send(outgoing("k1", thread=root, report=answer))
    assert "output.txt could not be attached" in scene.fake.channels["C1"][-1]["text"]
    before = len(scene.fake.channels["C1"])
    with pytest.raises(PermanentError) as caught:
        await scene.chat.send(
            outgoing("k2", thread=root, report=card("Plan", controls=VOTES, attachments=files))
        )
    assert "scope" in str(caught.value)
    assert len(scene.fake.channels["C1"]) == before


async def test_seeds_that_are_refused_do_no_harm(scene: Scene) -> None:
    root = await scene.root()
    scene.fake.scripts["reactions.add"] = [Reply("ratelimited", 429, {"Retry-After": "1"})]
    reference = await scene.chat.send(
        outgoing("k1", thread=root, report=card("Plan", controls=VOTES))
    )
    assert scene.fake.shown(reference)


async def test_the_person_is_mentioned_and_nobody_else(scene: Scene) -> None:
    root = await scene.root()
    words = "alice, done: <@U02BOB> @channel <!here> & `x`"
    report = Report("result", (Paragraph(words),), mention=account(ALICE))
    shown = scene.fake.shown(await scene.chat.send(outgoing("k1", thread=root, report=report)))
    elements = shown["blocks"][0]["elements"][0]["elements"]
    assert elements[0] == {"type": "user", "user_id": ALICE}
    assert elements[1] == {"type": "text", "text": ", done: <@U02BOB> @channel <!here> & "}
    assert "<" not in shown["text"]


def test_the_limits_of_the_fake_are_real() -> None:
    """Deliberate bad cases: what the fake must refuse."""
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_000}}
    assert faults({"blocks": [section]}) == []
    longer = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}
    assert faults({"blocks": [longer]}) == ["text of 3001 characters"]
    assert faults({"blocks": [section] * 51})
    assert faults(change("C1", "1.1")) == []


async def test_a_section_of_3001_characters_is_refused(scene: Scene) -> None:
    longer = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}
    web = scene.chat._web
    with pytest.raises(PermanentError) as caught:
        await web.call("chat.postMessage", {"channel": "C1", "text": "x", "blocks": [longer]})
    assert caught.value.reason == "invalid_blocks"
