"""Files in and out: what people send is read with the token where it may go, and never more than wanted; what is attached arrives."""

import base64
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.slack.files import CHUNK, trusted
from adapters.chat.slack.translate import Bot, message
from bot.model.errors import PermanentError, TemporaryError
from bot.model.events import File, Message
from bot.model.ports import Fetches
from bot.model.reports import Attachment, Paragraph, Report
from tests.chat.slack.scenes import ALICE, Scene, outgoing
from tests.servers.slack_fake import TOKEN, Reply

BOT = Bot("slack", "U0BOT", "infra")
VOICE = {
    "id": "F1",
    "name": "audio_message.m4a",
    "mimetype": "audio/mp4",
    "subtype": "slack_audio",
    "size": 9_000,
    "duration_ms": 4_200,
}


def heard(*files: Any) -> tuple[File, ...]:
    raw = {"user": ALICE, "ts": "1.5", "text": "", "subtype": "file_share", "files": list(files)}
    found = message(raw, "C1", BOT)
    assert found is not None
    return found.files


def test_what_came_with_a_message() -> None:
    voice, log, clip, song = heard(
        VOICE,
        {"id": "F2", "name": "web1.log", "mimetype": "text/plain", "size": 12},
        {"id": "F3", "name": "clip.mp4", "mimetype": "video/mp4", "subtype": "slack_video"},
        {"id": "F4", "title": "note", "mimetype": "audio/ogg"},
    )
    assert voice == File("F1", "audio_message.m4a", "audio/mp4", 9_000, voice=True, seconds=4.2)
    assert log == File("F2", "web1.log", "text/plain", 12)
    assert (clip.voice, song.voice, song.name) == (False, True, "note")


def test_what_is_gone_is_no_file() -> None:
    assert heard({"id": "F1", "mode": "tombstone"}, {"id": "F2", "mode": "hidden_by_limit"}) == ()
    assert heard({}, [], None, {"id": 7}, {"id": ""}) == ()


@given(st.dictionaries(st.sampled_from([*VOICE, "mode", "title"]), st.none() | st.text() | st.booleans() | st.integers() | st.lists(st.integers())))  # fmt: skip
def test_any_file_is_read_or_left_out(raw: dict[str, Any]) -> None:
    for file in heard(raw):
        assert isinstance(file.name, str)
        assert file.size is None or isinstance(file.size, int)


async def test_a_file_arrives_with_its_words(scene: Scene) -> None:
    brought = scene.fake.bring("notes.txt", mimetype="text/plain", size=5)
    said = scene.fake.say(ALICE, "<@U0BOT> read this", subtype="file_share", files=[brought])
    scene.fake.contents[brought["id"]] = b"hello"
    await scene.fake.event(said)
    (event,) = await scene.ears.until(lambda events: len(events) == 1)
    assert isinstance(event, Message)
    assert isinstance(scene.chat, Fetches)
    assert await scene.chat.fetch(event.files[0], 5) == b"hello"


async def test_never_more_than_wanted(scene: Scene) -> None:
    """Whatever Slack says its size is: the rest is not even read."""
    brought = scene.fake.bring("big.bin")
    scene.fake.contents[brought["id"]] = b"x" * (4 * CHUNK)
    for size in (None, 1, 5 * CHUNK):
        with pytest.raises(PermanentError, match=r"big\.bin is longer than") as caught:
            await scene.chat.fetch(File(brought["id"], "big.bin", size=size), 2 * CHUNK)
        assert caught.value.reason == "file_size"
    whole = await scene.chat.fetch(File(brought["id"], "big.bin"), 4 * CHUNK)
    assert len(whole) == 4 * CHUNK


@pytest.mark.parametrize(
    ("script", "reason", "kind"),
    [
        (Reply("file_not_found"), "file_not_found", PermanentError),
        (Reply("file_deleted"), "file_deleted", PermanentError),
        (Reply("missing_scope"), "missing_scope", PermanentError),
        (Reply("ratelimited", 429, {"Retry-After": "3"}), "rate_limited", TemporaryError),
    ],
)
async def test_a_file_that_cannot_be_had(
    scene: Scene, script: Reply, reason: str, kind: type[Exception]
) -> None:
    brought = scene.fake.bring("notes.txt")
    scene.fake.scripts["files.info"] = [script]
    with pytest.raises(kind) as caught:
        await scene.chat.fetch(File(brought["id"], "notes.txt"), 10)
    assert caught.value.reason == reason  # type: ignore[attr-defined]  # both are ours
    assert caught.value.mend  # type: ignore[attr-defined]  # as above


async def test_a_file_that_is_gone_or_somewhere_else(scene: Scene) -> None:
    gone = scene.fake.bring("gone.txt")
    with pytest.raises(PermanentError, match=r"gone\.txt is gone"):
        await scene.chat.fetch(File(gone["id"], "gone.txt"), 10)
    drive = scene.fake.bring("plan.doc", is_external=True)
    with pytest.raises(PermanentError, match="not kept by Slack"):
        await scene.chat.fetch(File(drive["id"], "plan.doc"), 10)


class Thief:
    """Another server, which writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.url = ""

    async def start(self) -> web.AppRunner:
        application = web.Application()
        application.router.add_get("/{path:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/secret"
        return runner

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.headers.get("Authorization"))
        return web.Response(text="thank you")


async def test_the_token_goes_to_slack_alone(scene: Scene) -> None:
    """Neither where a file's address leads, nor where Slack's own host sends us on to."""
    thief = Thief()
    runner = await thief.start()
    try:
        lured = scene.fake.bring("a.txt", mimetype="text/plain")
        lured["url_private_download"] = thief.url
        sent_on = scene.fake.bring("b.txt", mimetype="text/plain")
        scene.fake.moved[sent_on["id"]] = thief.url
        for file in (lured, sent_on):
            with pytest.raises(PermanentError, match="must not see my token"):
                await scene.chat.fetch(File(file["id"], file["name"]), 100)
        assert thief.asked == []
        scene.fake.moved[sent_on["id"]] = sent_on["url_private_download"].replace("b.txt", "c.txt")
        with pytest.raises(PermanentError, match="in circles"):
            await scene.chat.fetch(File(sent_on["id"], "b.txt"), 100)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://files.slack.com/files-pri/T1-F1/download/a.txt", True),
        ("https://slack.com/files/a.txt", True),
        ("http://files.slack.com/a.txt", False),
        ("https://files.slack.com.evil.test/a.txt", False),
        ("https://evil.test/files.slack.com/a.txt", False),
        ("https://files.slack.com@evil.test/a.txt", False),
        ("https://user:x@files.slack.com/a.txt", False),
        ("https://files.slack.com:8443/a.txt", False),
        ("https://files.slack.com:port/a.txt", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_hosts_that_may_have_the_token(url: str, good: bool) -> None:
    assert trusted(url, "https://slack.com/api/") is good


async def test_a_page_to_sign_in_is_no_file(scene: Scene) -> None:
    """What Slack answers, with 200, where the scope is missing."""
    brought = scene.fake.bring("notes.txt", mimetype="text/plain")
    scene.fake.locked.add(brought["id"])
    with pytest.raises(PermanentError, match="files:read") as caught:
        await scene.chat.fetch(File(brought["id"], "notes.txt", "text/plain"), 100)
    assert caught.value.reason == "missing_scope"
    assert TOKEN not in str(caught.value)


async def test_bytes_are_uploaded_as_they_are(scene: Scene) -> None:
    root = await scene.root()
    sound = bytes(range(256)) * 300
    spoken = Attachment("answer.ogg", base64.b64encode(sound).decode(), "audio/ogg")
    report = Report("answer", (Paragraph("91 % full"),), attachments=(spoken,))
    await scene.chat.send(outgoing("k1", thread=root, report=report))
    assert list(scene.fake.files.values()) == [sound]
    (asked,) = scene.fake.called("files.getUploadURLExternal")
    assert (asked["filename"], int(asked["length"])) == ("answer.ogg", len(sound))
