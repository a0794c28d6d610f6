"""Files in and out: what people send is read without the token and only where Discord keeps files, never more than wanted; what is
attached arrives as it is."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.discord.files import CHUNK, trusted
from adapters.chat.discord.places import Place
from adapters.chat.discord.settings import Settings
from adapters.chat.discord.translate import Bot, message
from bot.model.errors import PermanentError, TemporaryError
from bot.model.events import File, Message
from bot.model.ports import Fetches
from tests.chat.discord.process import Process
from tests.chat.discord.scenes import Scene
from tests.servers.discord_cdn import Cdn, serving
from tests.servers.discord_fake import FakeDiscord

BOT = Bot("discord", "901", "infra")
THREAD = Place("700", "5", joined=True)
VOICE = {
    "id": "31",
    "filename": "voice-message.ogg",
    "content_type": "audio/ogg; codecs=opus",
    "size": 9_000,
    "duration_secs": 4.2,
    "waveform": "AAAA",
}


def heard(*attached: Any, flags: Any = 0, text: str = "") -> Message | None:
    author = {"id": "1001", "username": "alice"}
    raw = {"id": "77", "author": author, "content": text, "flags": flags}
    return message(raw | {"attachments": list(attached)}, THREAD, BOT)


def test_what_came_with_a_message() -> None:
    voice = heard(VOICE, flags=8192)
    log = heard({"id": "32", "filename": "web1.log", "size": 12}, text="look")
    assert voice is not None
    assert log is not None
    (spoken,) = voice.files
    assert spoken == File("5/77/31", "voice-message.ogg", "audio/ogg", 9_000, True, 4.2)
    assert log.files == (File("5/77/32", "web1.log", size=12),)


def test_a_song_is_no_voice_note() -> None:
    found = heard(VOICE)
    assert found is not None
    assert not found.files[0].voice


def test_nothing_at_all_is_not_heard() -> None:
    assert heard() is None
    assert heard({}, [], None, {"id": "x"}) is None


@given(st.dictionaries(st.sampled_from(list(VOICE)), st.none() | st.text() | st.booleans() | st.integers() | st.floats() | st.lists(st.integers())), st.none() | st.text() | st.integers())  # fmt: skip
def test_any_attachment_is_read_or_left_out(raw: dict[str, Any], flags: Any) -> None:
    found = heard(raw, flags=flags)
    for file in found.files if found else ():
        assert isinstance(file.name, str)
        assert file.size is None or file.size >= 0
        assert file.seconds is None or file.seconds >= 0


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://cdn.discordapp.com/attachments/1/2/a.txt?ex=1&is=2&hm=3", True),
        ("https://media.discordapp.net/attachments/1/2/a.png", True),
        ("http://cdn.discordapp.com/a.txt", False),
        ("https://cdn.discordapp.com.evil.test/a.txt", False),
        ("https://evil.test/cdn.discordapp.com/a.txt", False),
        ("https://cdn.discordapp.com@evil.test/a.txt", False),
        ("https://user:x@cdn.discordapp.com/a.txt", False),
        ("https://cdn.discordapp.com:8443/a.txt", False),
        ("https://cdn.discordapp.com:port/a.txt", False),
        ("http://169.254.169.254/latest", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_hosts_that_are_asked(url: str, good: bool) -> None:
    bases = Settings(token="t").cdn_urls  # type: ignore[arg-type]  # pydantic makes a secret of it
    assert trusted(url, bases) is good


@pytest.fixture
async def cdn() -> AsyncIterator[Cdn]:
    async with serving() as server:
        yield server


async def brought(
    scene: Scene, cdn: Cdn, content: bytes = b"hello", name: str = "notes.txt"
) -> File:
    """A file that Alice sends; the adapter looks for files on this CDN alone."""
    settings = scene.chat.socket.settings
    scene.chat.socket.settings = settings.model_copy(update={"cdn_urls": (cdn.url,)})
    before = len(scene.ears.events)
    words = f"<@{scene.bot}> read this"
    said = await scene.alice.send(scene.channel, words, attachments=[(name, content)])
    event = (await scene.ears.upto(before + 1))[-1]
    assert isinstance(event, Message)
    kept(scene, said.id)["url"] = cdn.attachment("1", name, content)["url"]
    return event.files[0]


def kept(scene: Scene, message: int) -> dict[str, Any]:
    """The attachment as Discord keeps it."""
    found: dict[str, Any] = scene.env.backend.messages[scene.channel.id][message].attachments[0]
    return found


async def test_a_file_arrives_with_its_words(scene: Scene, cdn: Cdn) -> None:
    file = await brought(scene, cdn)
    assert (file.name, file.size) == ("notes.txt", 5)
    assert isinstance(scene.chat, Fetches)
    assert await scene.chat.fetch(file, 5) == b"hello"
    ((_, headers),) = cdn.asked
    assert "Authorization" not in headers


async def test_an_address_that_expired_is_asked_for_anew(scene: Scene, cdn: Cdn) -> None:
    """What was heard is hours old; the message has a new address."""
    file = await brought(scene, cdn)
    cdn.signature = "second"
    with pytest.raises(PermanentError, match="is gone"):
        await scene.chat.fetch(file, 5)
    message = int(file.id.split("/")[1])
    kept(scene, message)["url"] = cdn.address("notes.txt")
    assert await scene.chat.fetch(file, 5) == b"hello"


@pytest.mark.parametrize("told", [True, False])
async def test_never_more_than_wanted(scene: Scene, cdn: Cdn, told: bool) -> None:
    """Whatever Discord says of its size: the rest is not even read."""
    file = await brought(scene, cdn, b"x" * (100 * CHUNK), "big.bin")
    if not told:
        cdn.unsized.add("big.bin")
    for size in (None, 1):
        with pytest.raises(PermanentError, match=r"big\.bin is longer than") as caught:
            await scene.chat.fetch(File(file.id, "big.bin", size=size), CHUNK)
        assert caught.value.reason == "file_size"
    cdn.asked.clear()
    with pytest.raises(PermanentError, match="longer"):
        await scene.chat.fetch(file, CHUNK)
    assert cdn.asked == []
    assert len(await scene.chat.fetch(file, 100 * CHUNK)) == 100 * CHUNK


async def test_no_other_host_is_asked(scene: Scene, cdn: Cdn) -> None:
    """Neither where an address leads, nor where Discord's own host sends us on to."""
    async with serving() as thief:
        file = await brought(scene, cdn)
        message = int(file.id.split("/")[1])
        cdn.moved["notes.txt"] = thief.address("x")
        with pytest.raises(PermanentError, match="is gone"):
            await scene.chat.fetch(file, 5)
        kept(scene, message)["url"] = thief.address("x")
        with pytest.raises(PermanentError, match="not one of its hosts") as caught:
            await scene.chat.fetch(file, 5)
        assert caught.value.reason == "file_host"
        assert thief.asked == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, PermanentError), (410, PermanentError), (429, TemporaryError), (503, TemporaryError)],
)
async def test_a_file_that_cannot_be_had(
    scene: Scene, cdn: Cdn, status: int, kind: type[Exception]
) -> None:
    file = await brought(scene, cdn)
    cdn.statuses["notes.txt"] = status
    with pytest.raises(kind, match=r"notes\.txt") as caught:
        await scene.chat.fetch(file, 5)
    assert caught.value.mend  # type: ignore[attr-defined]  # both are ours


async def test_a_file_of_a_deleted_message(scene: Scene, cdn: Cdn) -> None:
    file = await brought(scene, cdn)
    del scene.env.backend.messages[scene.channel.id][int(file.id.split("/")[1])]
    for id in (file.id, "x", "", "7/../1", "7/8/9"):
        with pytest.raises(PermanentError) as caught:
            await scene.chat.fetch(File(id, "notes.txt"), 5)
        assert caught.value.reason == "file_deleted"


async def test_a_host_that_is_away(scene: Scene, cdn: Cdn) -> None:
    file = await brought(scene, cdn)
    settings = scene.chat.socket.settings
    nobody = "http://127.0.0.1:9"
    scene.chat.socket.settings = settings.model_copy(update={"cdn_urls": (nobody,)})
    kept(scene, int(file.id.split("/")[1]))["url"] = f"{nobody}/a.txt"
    with pytest.raises(TemporaryError, match="does not answer"):
        await scene.chat.fetch(file, 5)


async def test_bytes_are_uploaded_as_they_are(process: Process, discord: FakeDiscord) -> None:
    """A real multipart form, with the media type."""
    await discord.say("!infra speak")
    await discord.until(lambda: discord.uploaded)
    sound = bytes(range(256)) * 300
    assert discord.uploaded == [("answer.ogg", "audio/ogg", sound), ("words.txt", "text/plain; charset=utf-8", "grün".encode())]  # fmt: skip
