"""Files in and out on a real Synapse: what people send is read with the token and never more than wanted; what is attached arrives."""

import base64
import json
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.matrix.files import found
from adapters.chat.matrix.socket import CHUNK
from adapters.chat.matrix.translate import Bot, message
from bot.model.errors import PermanentError, TemporaryError
from bot.model.events import File, Message
from bot.model.ports import Fetches
from bot.model.reports import Attachment
from tests.chat.matrix.scenes import VOTES, Scene, card
from tests.servers.matrix_driver import Driver

BOT = Bot("matrix", "@infra:hs.test", "infra", "Infra")
URL = "mxc://hs.test/abc"
OPENED_BY = {
    "url": URL,
    "key": {"k": "a2V5", "alg": "A256CTR"},
    "iv": "aXY",
    "hashes": {"sha256": "aGFzaA"},
}
VOICE = {
    "msgtype": "m.audio",
    "body": "Voice message.ogg",
    "url": URL,
    "info": {"mimetype": "audio/ogg", "size": 9_000, "duration": 1},
    "org.matrix.msc1767.audio": {"duration": 4_200},
    "org.matrix.msc3245.voice": {},
}


def heard(content: dict[str, Any], *, direct: bool = False) -> Message | None:
    raw = {
        "event_id": "$1",
        "sender": "@alice:hs.test",
        "origin_server_ts": 1,
        "content": content,
        "type": "m.room.message",
    }
    return message(raw, "!r:hs.test", BOT, direct=direct)


def a_file(**more: object) -> dict[str, Any]:
    return {"msgtype": "m.file", "body": "a.txt", "url": URL, **more}


def test_what_came_with_a_message() -> None:
    assert found(VOICE) == File(
        URL, "Voice message.ogg", "audio/ogg", 9_000, voice=True, seconds=4.2
    )
    assert found(a_file()) == File(URL, "a.txt")
    film = {"mimetype": "video/mp4", "size": 5, "duration": 1_500}
    assert found(a_file(msgtype="m.video", info=film)) == File(
        URL, "a.txt", "video/mp4", 5, seconds=1.5
    )
    assert found(a_file(msgtype="m.image", body="see", filename="b.png")) == File(URL, "b.png")
    (file,) = (found({"msgtype": "m.file", "body": "a.txt", "file": OPENED_BY}),)
    assert file is not None
    assert file.name == "a.txt"
    assert json.loads(file.id)["url"] == URL


@pytest.mark.parametrize(
    "content",
    [
        {"msgtype": "m.text", "body": "a.txt", "url": URL},
        a_file(url="https://evil.test/a.txt"),
        a_file(url=None),
        a_file(url="mxc://../config"),
        a_file(url="mxc://hs.test/.."),
        a_file(url="mxc://hs.test/a/b"),
        a_file(url="mxc://hs.test/a?b"),
        a_file(url="mxc://hs.test/a\n"),
        {"msgtype": "m.file", "body": "a.txt", "file": {"url": URL}},
        {"msgtype": "m.file", "body": "a.txt", "file": {**OPENED_BY, "url": "http://evil.test"}},
        {"msgtype": "m.file", "body": "a.txt", "file": OPENED_BY | {"hashes": {}}},
    ],
)
def test_what_cannot_be_fetched_is_no_file(content: dict[str, Any]) -> None:
    assert found(content) is None


ANY = st.none() | st.text() | st.integers() | st.booleans() | st.lists(st.integers())


@given(
    st.dictionaries(st.sampled_from([*VOICE, "file", "filename", "m.mentions"]), ANY),
    st.dictionaries(st.sampled_from(["mimetype", "size", "duration"]), ANY),
    st.dictionaries(st.sampled_from([*OPENED_BY]), ANY),
)
def test_any_file_is_read_or_left_out(
    raw: dict[str, Any], info: dict[str, Any], opened_by: dict[str, Any]
) -> None:
    for content in (raw, VOICE | raw, a_file(info=info), a_file(file=OPENED_BY | opened_by)):
        file = found(content)
        heard(content)
        if file is not None:
            assert file.id
            assert isinstance(file.name, str)
            assert file.size is None or file.size >= 0


@pytest.mark.parametrize(
    ("content", "text", "addressed"),
    [
        (a_file(), "", False),
        (a_file(body="infra.log"), "", False),
        (a_file(body="infra: read.txt", filename="infra: read.txt"), "", False),
        (a_file(body="infra: read this", filename="a.txt"), "read this", True),
        (a_file(body="read this", filename="a.txt"), "read this", False),
        (a_file(**{"m.mentions": {"user_ids": [BOT.user]}}), "", True),
    ],
)
def test_who_is_meant_by_a_file(content: dict[str, Any], text: str, addressed: bool) -> None:
    """Its caption or a mention says so; its name never does. In a room of two it is always the bot."""
    said, alone = heard(content), heard(content, direct=True)
    assert said is not None
    assert alone is not None
    assert (said.text, said.addressed, len(said.files)) == (text, addressed, 1)
    assert alone.addressed


def test_an_edit_of_a_file_is_no_new_one() -> None:
    assert heard(a_file(**{"m.relates_to": {"rel_type": "m.replace", "event_id": "$0"}})) is None


async def test_a_file_arrives_with_its_words(scene: Scene, alice: Driver) -> None:
    root = await alice.bring(
        scene.room, "infra: read this", b"hello", filename="notes.txt", msgtype="m.file"
    )
    await alice.bring(scene.room, "more.txt", b"", root)
    first, second = await scene.ears.until(lambda events: len(events) == 2)
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert (first.text, first.addressed) == ("read this", True)
    assert (second.text, second.conversation.thread) == ("", root)
    assert isinstance(scene.chat, Fetches)
    (file,) = first.files
    assert (file.name, file.media_type, file.size) == ("notes.txt", "text/plain", 5)
    assert await scene.chat.fetch(file, 5) == b"hello"
    assert await scene.chat.fetch(second.files[0], 5) == b""
    another_process = scene.bench.chat()
    assert await another_process.fetch(file, 5) == b"hello"


async def test_never_more_than_wanted(scene: Scene, alice: Driver) -> None:
    """Whatever the sender says its size is: the rest is not even read."""
    uri = await alice.upload(b"x" * (4 * CHUNK))
    for size in (None, 1, 5 * CHUNK):
        with pytest.raises(PermanentError, match=r"big\.bin is longer than") as caught:
            await scene.chat.fetch(File(uri, "big.bin", size=size), 2 * CHUNK)
        assert caught.value.reason == "file_size"
    assert len(await scene.chat.fetch(File(uri, "big.bin"), 4 * CHUNK)) == 4 * CHUNK


@pytest.mark.parametrize("id", ["mxc://hs.test/nothing", "mxc://hs.test/../../sync", "mxc://x", ""])
async def test_a_file_that_is_not_there(scene: Scene, id: str) -> None:
    with pytest.raises(PermanentError, match=r"a\.txt") as caught:
        await scene.chat.fetch(File(id, "a.txt"), 10)
    assert caught.value.mend


class Elsewhere:
    """A server in the homeserver's place, which answers downloads as it is told, and one that must not be asked."""

    def __init__(self) -> None:
        self.stolen: list[str | None] = []
        self.answer = web.Response()
        self._runners: list[web.AppRunner] = []

    async def start(self) -> str:
        self.thief = await self._serve(self._steal)
        return await self._serve(self._download)

    async def _serve(self, answer: Any) -> str:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._runners.append(runner)
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def _steal(self, request: web.Request) -> web.Response:
        self.stolen.append(request.headers.get("Authorization"))
        return web.Response(text="thank you")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if "media" not in request.path:
            who = {"user_id": "@bot:hs.test", "device_id": "D1", "displayname": "infra"}
            return web.json_response(who)
        if self.answer.status == 200:  # of no length that could be looked at before
            stream = web.StreamResponse()
            await stream.prepare(request)
            await stream.write(b"x" * 300_000)
            return stream
        return self.answer

    async def stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()


async def test_what_a_server_may_answer(scene: Scene) -> None:
    """The token goes nowhere else; trouble that passes is told from trouble that stays."""
    there = Elsewhere()
    url = await there.start()
    chat = scene.bench.chat(
        homeserver=url, user="@bot:hs.test", token="a token of tests", password=None
    )
    file = File("mxc://hs.test/abc", "a.txt")
    try:
        with pytest.raises(PermanentError, match="longer than"):
            await chat.fetch(file, 100_000)
        there.answer = web.Response(status=307, headers={"Location": there.thief})
        with pytest.raises(PermanentError, match="elsewhere") as sent_on:
            await chat.fetch(file, 10)
        assert (there.stolen, sent_on.value.reason) == ([], "redirects")
        there.answer = web.Response(status=404, text='{"errcode": "M_UNRECOGNIZED"}')
        with pytest.raises(PermanentError, match=r"Matrix 1\.11"):
            await chat.fetch(file, 10)
        there.answer = web.Response(status=504, text='{"errcode": "M_NOT_YET_UPLOADED"}')
        with pytest.raises(TemporaryError):
            await chat.fetch(file, 10)
    finally:
        await there.stop()
    with pytest.raises(TemporaryError, match="does not answer"):
        await chat.fetch(file, 10)


SOUND = bytes(range(256)) * 300


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [("audio/ogg", "m.audio"), ("image/png", "m.image"), ("application/zip", "m.file")],
)
async def test_bytes_are_uploaded_as_they_are(
    scene: Scene, alice: Driver, media_type: str, kind: str
) -> None:
    root = await alice.say(scene.room, "@infra speak")
    spoken = Attachment("answer.bin", base64.b64encode(SOUND).decode(), media_type)
    await scene.chat.send(scene.post("k1", card("91 % full", attachments=(spoken,)), root))
    _, file = await alice.messages(scene.room, root)
    assert (file.kind, file.text) == (kind, "answer.bin")
    assert file.content["info"] == {"mimetype": media_type, "size": len(SOUND)}
    assert await alice.download(file.content["url"]) == SOUND


async def test_a_card_whose_file_is_refused_goes_again(scene: Scene, alice: Driver) -> None:
    """What is approved must be seen whole. Anything else stays, and names what is missing."""
    root = await alice.say(scene.room, "@infra plan")
    huge = (Attachment("plan.txt", "x" * 60_000_000),)
    with pytest.raises(PermanentError) as caught:
        await scene.chat.send(
            scene.post("k1", card("the plan", controls=VOTES, attachments=huge), root)
        )
    assert caught.value.reason == "M_TOO_LARGE"
    assert await alice.messages(scene.room, root) == []
