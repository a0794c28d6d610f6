"""A server that dies, limits, or no longer knows the bot; a login that is kept; answers that are not Matrix."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.chat.matrix.adapter import Matrix
from adapters.chat.matrix.settings import Settings
from bot.clock import SystemClock
from bot.model.errors import PermanentError, TemporaryError
from bot.model.events import Message
from bot.model.reports import Outgoing
from tests.chat.matrix.scenes import Bench, Scene, card, joined, outgoing
from tests.servers.matrix_driver import Driver
from tests.servers.synapse import Synapse, absent


async def test_a_killed_server_comes_back(scene: Scene, alice: Driver) -> None:
    await alice.say(scene.room, "@infra before")
    await scene.ears.until(lambda events: len(events) == 1)
    scene.bench.synapse.kill()
    with pytest.raises(TemporaryError) as caught:
        await scene.chat.send(scene.post("k1", card("while down"), ""))
    assert caught.value.reason == "unreachable"
    assert scene.bench.synapse.url in caught.value.what
    assert caught.value.mend
    await asyncio.to_thread(scene.bench.synapse.start)
    await alice.close()  # her connection died with the server
    await alice.say(scene.room, "@infra after")
    events = await scene.ears.until(lambda events: len(events) == 2)
    assert [event.text for event in events if isinstance(event, Message)] == ["before", "after"]
    await scene.chat.send(scene.post("k1", card("while down"), ""))
    shown = await alice.messages(scene.room)
    assert [each.text for each in shown if each.sender == scene.bot] == ["while down"]


async def test_a_start_while_the_server_is_down(bench: Bench, alice: Driver) -> None:
    bench.synapse.kill()
    ears = bench.hear(bench.chat())
    await asyncio.sleep(0)
    await asyncio.to_thread(bench.synapse.start)
    await alice.close()
    await ears.placed()
    room = await alice.create(bench.user.id)
    await joined(alice, room, bench.user.id)
    await alice.say(room, "@infra hello")
    await ears.until(lambda events: len(events) == 1)


async def test_a_revoked_token(bench: Bench) -> None:
    chat = bench.chat(password=None, token=SecretStr(bench.user.token))
    ears = bench.hear(chat)
    await ears.placed()
    bench.synapse.request("POST", "/_matrix/client/v3/logout", {}, bench.user.token)
    for _ in range(2):
        with pytest.raises(PermanentError) as caught:
            await ears.until(lambda events: bool(events))
        assert caught.value.reason == "M_UNKNOWN_TOKEN"
        assert caught.value.mend == "Put a new token in [chat.matrix]."
        ears = bench.hear(bench.chat(password=None, token=SecretStr(bench.user.token)))
    with pytest.raises(PermanentError):
        await chat.send(outgoing("k", "post", "!r", "", report=card("x")))


async def test_a_revoked_login_with_a_password(scene: Scene, alice: Driver) -> None:
    kept = json.loads((scene.bench.data / "matrix-matrix.json").read_text())
    scene.bench.synapse.request("POST", "/_matrix/client/v3/logout", {}, kept["token"])
    with pytest.raises(PermanentError) as caught:
        await scene.ears.until(lambda _: False)
    assert "Start the bot again" in caught.value.mend
    await alice.say(scene.room, "@infra meanwhile")
    again = scene.bench.hear(scene.bench.chat(), scene.ears.cursor)
    await again.until(lambda events: len(events) == 1)


async def test_a_login_revoked_while_the_bot_was_away(scene: Scene, alice: Driver) -> None:
    cursor = await scene.ears.stop()
    kept = json.loads((scene.bench.data / "matrix-matrix.json").read_text())
    scene.bench.synapse.request("POST", "/_matrix/client/v3/logout", {}, kept["token"])
    await alice.say(scene.room, "@infra meanwhile")
    again = scene.bench.hear(scene.bench.chat(), cursor)
    await again.until(lambda events: len(events) == 1)
    fresh = json.loads((scene.bench.data / "matrix-matrix.json").read_text())
    assert fresh["device"] == kept["device"]
    assert fresh["token"] != kept["token"]


async def test_a_restart_keeps_the_device(bench: Bench) -> None:
    for _ in range(2):
        ears = bench.hear(bench.chat())
        await ears.placed()
        await ears.stop()
    devices = bench.synapse.request("GET", "/_matrix/client/v3/devices", token=bench.user.token)[
        "devices"
    ]
    assert sorted(each["display_name"] or "" for each in devices) == ["", "Parley"]
    for kept in bench.data.iterdir():
        assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("broken", ["", "{}", "[1]", '{"user": "@x:y"', "\x00\xff"])
async def test_a_broken_file_of_the_login_means_a_new_login(bench: Bench, broken: str) -> None:
    bench.data.mkdir()
    (bench.data / "matrix-matrix.json").write_text(broken)
    await bench.hear(bench.chat()).placed()


async def test_a_wrong_password(bench: Bench) -> None:
    ears = bench.hear(bench.chat(password=SecretStr("no")))
    with pytest.raises(PermanentError) as caught:
        await ears.placed()
    assert "Correct user and password in [chat.matrix]." in str(caught.value)
    assert "no'" not in str(caught.value)
    assert not bench.data.exists()


async def test_a_token_of_somebody_else(bench: Bench, alice: Driver, synapse: Synapse) -> None:
    other = synapse.register(f"{bench.user.id[1:].split(':')[0]}-other")
    ears = bench.hear(bench.chat(password=None, token=SecretStr(other.token)))
    with pytest.raises(PermanentError) as caught:
        await ears.placed()
    assert other.id in caught.value.what
    assert bench.user.id in caught.value.what


@pytest.fixture(scope="module")
def limited() -> Iterator[Synapse]:
    if absent():
        pytest.skip(absent())
    server = Synapse(limited=True)
    try:
        server.start()
        yield server
    finally:
        server.close()


async def test_default_rate_limits(limited: Synapse, tmp_path: Path) -> None:
    """On a server's own limits the tenth message or so is refused: it comes back with the seconds to wait."""
    bench = Bench(limited, limited.register("infra"), tmp_path / "data")
    owner = limited.register("carol")
    async with Driver(limited.url, owner.id, owner.token) as carol:
        chat = bench.chat()
        await bench.hear(chat).placed()
        room = await carol.create(bench.user.id)
        await joined(carol, room, bench.user.id)
        waits = []
        for number in range(13):
            sent = outgoing(f"k{number}", "post", room, "", report=card(str(number)))
            waits += await _patiently(chat, sent)
        shown = await carol.messages(room)
        assert [each.text for each in shown] == list(map(str, range(13)))
        assert waits
        assert all(0 < wait < 60 for wait in waits)
    await bench.close()


async def _patiently(chat: Matrix, sent: Outgoing) -> list[float]:
    """Send as an outbox would: again after the seconds it is told. Those seconds."""
    waits: list[float] = []
    while True:
        try:
            await chat.send(sent)
        except TemporaryError as error:
            waits.append(error.after or 0)
            await asyncio.sleep(waits[-1])
        else:
            return waits


@asynccontextmanager
async def answering(raw: bytes) -> AsyncIterator[str]:
    """A server on a socket that answers everything with these bytes; none at all: it never answers."""

    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        if raw:
            writer.write(raw)
            await writer.drain()
            writer.close()
        else:
            await reader.read()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with contextlib.suppress(OSError):  # whoever asked may have gone first
                await writer.wait_closed()


def reply(status: str, body: str, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@pytest.mark.parametrize(
    ("raw", "kind", "reason", "after"),
    [
        (reply("200 OK", "<html>hello"), TemporaryError, "server", None),
        (reply("200 OK", "[]"), TemporaryError, "server", None),
        (reply("502 Bad Gateway", "<html>"), TemporaryError, "server", None),
        (reply("429 Slow", "<html>", "Retry-After: 3"), TemporaryError, "rate_limited", 3.0),
        (reply("429 Slow", '{"retry_after_ms": 1500}'), TemporaryError, "rate_limited", 1.5),
        (reply("429 Slow", "{}"), TemporaryError, "rate_limited", 5.0),
        (reply("404 No", "<html>"), PermanentError, "HTTP_404", None),
        (
            reply("401 No", '{"errcode": "M_UNKNOWN_TOKEN"}'),
            PermanentError,
            "M_UNKNOWN_TOKEN",
            None,
        ),
        (reply("200 OK", '{"user_id": 7}'), PermanentError, "wrong_user", None),
        (b"not even HTTP\r\n\r\n", TemporaryError, "unreachable", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", TemporaryError, "unreachable", None),
        (b"", TemporaryError, "unreachable", None),
    ],
)
async def test_answers_that_are_no_use(
    tmp_path: Path, raw: bytes, kind: type[Exception], reason: str, after: float | None
) -> None:
    async with answering(raw) as url:
        table = {
            "homeserver": url,
            "user": "@infra:hs.test",
            "token": SecretStr("t"),
            "timeout": 0.5,
        }
        chat = Matrix("m", Settings.model_validate(table), "infra", tmp_path, SystemClock())
        started = time.monotonic()
        with pytest.raises(kind) as caught:
            await chat.send(outgoing("k", "post", "!r", "", report=card("x")))
        assert time.monotonic() - started < 30  # it gave up by itself
        await chat.close()
    assert isinstance(caught.value, PermanentError | TemporaryError)
    assert caught.value.reason == reason
    assert getattr(caught.value, "after", None) == after


async def test_what_keeps_it_from_hearing_is_known_until_it_hears_again(
    scene: Scene, alice: Driver
) -> None:
    await alice.say(scene.room, "@infra before")
    await scene.ears.until(lambda events: len(events) == 1)
    assert scene.chat.trouble == ""
    scene.bench.synapse.kill()
    for _ in range(400):
        if scene.chat.trouble:
            break
        await asyncio.sleep(0.05)
    assert scene.bench.synapse.url in scene.chat.trouble
    await asyncio.to_thread(scene.bench.synapse.start)
    await alice.close()  # her connection died with the server
    await alice.say(scene.room, "@infra after")
    await scene.ears.until(lambda events: len(events) == 2)
    assert scene.chat.trouble == ""
