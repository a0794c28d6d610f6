"""Slack as it is on a bad day: dropped, refreshed, slow, limited, revoked."""

import asyncio
import contextlib
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from adapters.chat.slack.check import SCOPES, probe
from adapters.chat.slack.settings import PLUGIN
from bot.model.errors import LoginError, ParleyError, PermanentError, TemporaryError
from bot.model.events import Click, Reaction
from bot.model.people import Conversation
from bot.model.ports import Connects, Shown
from tests.chat.slack.scenes import ALICE, BOB, INSTANCE, VOTES, Bench, Scene, card, outgoing, press
from tests.servers.slack_fake import Reply, SlackFake


async def test_a_connection_that_is_dropped(scene: Scene) -> None:
    """What was said, and put on a card, in the meantime is read; the same twice is once."""
    fake = scene.fake
    root = await scene.root()
    reference = await scene.chat.send(
        outgoing("k1", thread=root, report=card("Plan", controls=VOTES))
    )
    await fake.drop()
    said = fake.say(ALICE, "use port 9090", thread_ts=root)
    fake.react(BOB, "white_check_mark", "C1", reference.partition("/")[2])
    await fake.connected(2)
    events = await scene.ears.until(lambda events: len(events) == 3)
    assert {event.id for event in events if event.id == f"C1/{said['ts']}"}
    (vote,) = [event for event in events if isinstance(event, Reaction)]
    assert (vote.emoji, vote.message, vote.account.user) == ("✅", reference, BOB)
    await fake.acknowledged(await fake.event(said, retry_attempt=1))
    assert len(scene.ears.events) == 3


async def test_a_server_that_dies_and_comes_back(scene: Scene) -> None:
    assert isinstance(scene.chat, Connects)
    assert scene.chat.trouble == ""
    await scene.fake.stop()
    said = scene.fake.say(ALICE, "<@U0BOT> while it was down")
    with pytest.raises(TemporaryError):
        await scene.chat.send(outgoing("k1", report=card("x")))
    assert "no connection" in scene.chat.trouble
    await scene.fake.start()
    await scene.fake.connected(2)
    (event,) = await scene.ears.until(lambda events: len(events) == 1)
    assert event.id == f"C1/{said['ts']}"
    assert scene.chat.trouble == ""


def test_an_open_card_outside_of_every_thread_is_its_own_root(bench: Bench) -> None:
    watch = bench.chat()._watch
    watch.opened("C1/1790000000.1", Conversation(INSTANCE, "C1", ""))
    assert watch.conversations == (Conversation(INSTANCE, "C1", "1790000000.1"),)


async def test_a_card_outside_of_every_thread(scene: Scene) -> None:
    """As in a room for approvals: it opens a thread, and what is said there while the bot is away is read."""
    sent = await scene.chat.send(outgoing("k1", report=card("Plan", controls=VOTES)))
    await scene.fake.drop()
    said = scene.fake.say(BOB, "approve", thread_ts=sent.partition("/")[2])
    await scene.fake.connected(2)
    (event,) = await scene.ears.until(lambda events: len(events) == 1)
    assert event.id == f"C1/{said['ts']}"
    assert event.conversation == Conversation(INSTANCE, "C1", sent.partition("/")[2])


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_refresh_opens_the_new_connection_first(scene: Scene, reason: str) -> None:
    fake = scene.fake
    old = fake.sockets[0]
    await old.send_json({"type": "disconnect", "reason": reason})
    await fake.connected(3)  # beside the old one, which still brings what was on its way
    said = fake.say(ALICE, "<@U0BOT> on the old one")
    payload = {"type": "event_callback", "event": said}
    await old.send_json({"envelope_id": "last", "type": "events_api", "payload": payload})
    await fake.acknowledged("last")
    await old.close()
    await fake.until(lambda: len(fake.sockets) == 2)
    await fake.acknowledged(await fake.event(fake.say(ALICE, "<@U0BOT> on the new one")))
    assert len(scene.ears.events) == 2
    reads = len(fake.called("users.conversations"))
    assert reads == 1  # there was always a connection, so nothing was missed


async def test_garbage_on_a_connection(scene: Scene) -> None:
    for socket in scene.fake.sockets:
        await socket.send_str("not json")
        await socket.send_str("[]")
        await socket.send_bytes(b"\x00")
        await socket.send_json({"type": "events_api", "envelope_id": 7, "payload": None})
        await socket.send_json(
            {"type": "events_api", "envelope_id": "g", "payload": {"event": [1]}}
        )
        await socket.send_json({"type": "hello"})
    await scene.root()
    assert not scene.fake.acks["g"]  # nothing that Slack would send; were it, it would come again


async def test_the_fake_knows_a_double_acknowledgement(scene: Scene) -> None:
    """A deliberate bad case: a client that does it is caught by the count on which the other tests rely."""
    async with aiohttp.ClientSession() as session:
        url = scene.fake.url.replace("http", "ws").replace("/api/", "/socket/9")
        async with session.ws_connect(url) as careless:
            for _ in range(2):
                await careless.send_json({"envelope_id": "twice"})
            await scene.fake.until(lambda: scene.fake.acks["twice"] == 2)


async def test_a_slow_store_delays_no_sending(bench: Bench, fake: SlackFake) -> None:
    hold = asyncio.Event()
    hold.set()
    ears = bench.hear(bench.chat(), hold=hold)
    await ears.placed()
    await fake.connected(2)
    hold.clear()
    sent = [await fake.event(fake.say(ALICE, f"<@U0BOT> {number}")) for number in range(5)]
    reference = await ears.chat.send(outgoing("k1", report=card("x", controls=VOTES)))
    click = await fake.send("interactive", press(reference, "approve", reference.partition("/")[2]))
    hold.set()
    await fake.acknowledged(*sent, click)
    assert [event for event in ears.events if isinstance(event, Click)]


async def test_history_that_is_slow_delays_no_vote(scene: Scene) -> None:
    """A limited history is asked for again; votes come meanwhile, and no cursor passes what was not read."""
    cursor = await scene.ears.stop()
    fake = scene.fake
    fake.scripts["conversations.history"] = [Reply("ratelimited", 429, {"Retry-After": "2"})]
    said = fake.say(ALICE, "<@U0BOT> missed")
    again = scene.bench.hear(scene.bench.chat(), cursor)
    await fake.until(lambda: len(fake.sockets) == 2)
    root = fake.say(BOB, "<@U0BOT> live")
    await fake.acknowledged(await fake.event(root))
    assert [event.id for event in again.events] == [f"C1/{root['ts']}"]
    assert again.cursor == cursor
    await again.until(lambda events: any(event.id == f"C1/{said['ts']}" for event in events))
    assert again.cursor != cursor


@pytest.mark.parametrize("error", ["invalid_auth", "account_inactive", "not_allowed_token_type"])
async def test_a_login_that_is_refused(bench: Bench, fake: SlackFake, error: str) -> None:
    method = "apps.connections.open" if error.startswith("not") else "auth.test"
    fake.scripts[method] = [Reply(error)] * 4
    ears = bench.hear(bench.chat())
    with pytest.raises(PermanentError) as caught:
        await ears.until(lambda _: False)
    assert caught.value.reason == error
    assert caught.value.mend


async def test_wrong_tokens(bench: Bench) -> None:
    for table, name in (
        ({"bot_token": "xoxb-no"}, "bot_token"),
        ({"app_token": "xapp-no"}, "app_token"),
    ):
        secret = {key: SecretStr(value) for key, value in table.items()}
        ears = bench.hear(bench.chat(**secret))
        with pytest.raises(PermanentError) as caught:
            await ears.until(lambda _: False)
        assert f"the {name} of [chat.slack]" in str(caught.value)
        assert "-no" not in str(caught.value)


async def test_a_token_that_is_revoked_while_it_runs(scene: Scene) -> None:
    scene.fake.scripts["chat.postMessage"] = [Reply("token_revoked")]
    with pytest.raises(PermanentError) as caught:
        await scene.chat.send(outgoing("k1", report=card("x")))
    assert caught.value.reason == "token_revoked"
    with pytest.raises(LoginError):  # the connections have another token and would go on
        await scene.ears.until(lambda _: False)


async def test_a_farewell(scene: Scene) -> None:
    others = {"type": "tokens_revoked", "tokens": {"oauth": ["U9"], "bot": []}}
    await scene.fake.acknowledged(await scene.fake.event(others))
    assert scene.ears.error is None
    await scene.fake.event({"type": "tokens_revoked", "tokens": {"bot": ["U0BOT"]}})
    with pytest.raises(PermanentError):
        await scene.ears.until(lambda _: False)


async def test_socket_mode_that_is_switched_off(scene: Scene) -> None:
    await scene.fake.sockets[0].send_json({"type": "disconnect", "reason": "link_disabled"})
    with pytest.raises(PermanentError) as caught:
        await scene.ears.until(lambda _: False)
    assert "Switch it on" in caught.value.mend


@pytest.mark.parametrize("error", ["internal_error", "ratelimited"])
async def test_a_start_while_slack_is_unwell(bench: Bench, fake: SlackFake, error: str) -> None:
    fake.scripts["auth.test"] = [Reply(error, headers={"Retry-After": "1"})]
    fake.scripts["apps.connections.open"] = [
        Reply(error, headers={"Retry-After": "1"}),
        Reply(status=502, raw="<html>"),
    ]
    ears = bench.hear(bench.chat())
    await ears.placed()
    await fake.connected(2)


async def test_reactions_that_could_not_be_read_at_the_start(scene: Scene) -> None:
    root = await scene.root()
    sent = outgoing("k1", thread=root, report=card("Plan", controls=VOTES))
    reference = await scene.chat.send(sent)
    await scene.ears.until(lambda _: root in str(scene.ears.cursor))
    cursor = await scene.ears.stop()
    scene.fake.react(BOB, "x", "C1", reference.partition("/")[2])
    scene.fake.scripts["auth.test"] = [Reply("internal_error")]
    chat = scene.bench.chat()
    with pytest.raises(TemporaryError):
        await chat.reconcile([Shown(reference, Conversation(INSTANCE, "C1", root))])
    (vote,) = await scene.bench.hear(chat, cursor).until(lambda events: bool(events))
    assert isinstance(vote, Reaction)
    assert (vote.emoji, vote.message) == ("❌", reference)


@pytest.mark.parametrize(
    ("reply", "kind", "reason", "after"),
    [
        (Reply("ratelimited", 429, {"Retry-After": "7"}), TemporaryError, "rate_limited", 7.0),
        (Reply("ratelimited"), TemporaryError, "rate_limited", 30.0),
        (
            Reply(raw="", status=429, headers={"Retry-After": "3"}),
            TemporaryError,
            "rate_limited",
            3.0,
        ),
        (Reply("fatal_error"), TemporaryError, "server", None),
        (Reply(raw="bad gateway", status=502), TemporaryError, "server", None),
        (
            Reply(raw="[]", headers={"Content-Type": "application/json"}),
            TemporaryError,
            "server",
            None,
        ),
        (
            Reply(raw="{", headers={"Content-Type": "application/json"}),
            TemporaryError,
            "server",
            None,
        ),
        (
            Reply(raw="<html>", headers={"Content-Type": "text/html"}),
            TemporaryError,
            "server",
            None,
        ),
        (Reply(cut=True), TemporaryError, "unreachable", None),
        (Reply("channel_not_found"), PermanentError, "channel_not_found", None),
        (Reply("is_archived"), PermanentError, "is_archived", None),
        (Reply("not_in_channel"), PermanentError, "not_in_channel", None),
        (Reply("invalid_auth"), PermanentError, "invalid_auth", None),
        (Reply("token_revoked"), PermanentError, "token_revoked", None),
        (Reply("missing_scope"), PermanentError, "missing_scope", None),
    ],
)
async def test_answers_that_are_no_use(
    scene: Scene, reply: Reply, kind: type[ParleyError], reason: str, after: float | None
) -> None:
    scene.fake.scripts["chat.postMessage"] = [reply]
    with pytest.raises(kind) as caught:
        await scene.chat.send(outgoing("k1", report=card("x")))
    assert caught.value.reason == reason
    assert caught.value.mend
    assert getattr(caught.value, "after", None) == after
    assert len(scene.fake.called("chat.postMessage")) == 1


async def test_a_server_that_never_answers(bench: Bench) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError):
            await reader.read()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/"
    chat = bench.chat(api_url=url, timeout=0.3)
    with pytest.raises(TemporaryError):
        await chat.send(outgoing("k1", report=card("x")))
    await chat.close()
    server.close()
    for writer in writers:
        writer.close()
        with contextlib.suppress(OSError):  # whoever asked has gone first
            await writer.wait_closed()


async def test_a_connection_lives_longer_than_a_request_may_take(
    bench: Bench, fake: SlackFake
) -> None:
    ears = bench.hear(bench.chat(timeout=0.5))
    await ears.placed()
    await fake.connected(2)
    await asyncio.sleep(1.2)  # longer than the timeout, which is what this is about
    assert fake.opened == 2
    await fake.acknowledged(await fake.event(fake.say(ALICE, "<@U0BOT> still there")))


async def test_the_probe(bench: Bench, fake: SlackFake) -> None:
    settings = bench.chat()._settings
    said = await probe(settings)
    assert said is not None
    assert "lacks app_mentions:read" in said
    fake.scripts["auth.test"] = [Reply("invalid_auth")]
    assert "does not accept the bot_token" in str(await probe(settings))
    fake.scripts["apps.connections.open"] = [Reply("invalid_auth")]
    assert "does not accept the app_token" in str(await probe(settings))
    fake.grants = ",".join(SCOPES)
    assert await probe(settings) is None
    assert PLUGIN.probe is not None
    assert await PLUGIN.probe(settings, "slack", Path()) is None
