"""HTTP mode: Slack's signed requests over a real socket, and everybody else's."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.chat.slack.adapter import Slack
from bot.model.errors import PermanentError
from bot.model.events import Message
from tests.chat.slack.scenes import ALICE, COMMAND, Bench, Ears
from tests.servers.slack_fake import SlackFake

SECRET = "signing-secret"
FORM = "application/x-www-form-urlencoded"
HEADER = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=20
)


def sign(raw: bytes, stamp: int, secret: str = SECRET) -> dict[str, str]:
    words = b"v0:" + str(stamp).encode() + b":" + raw
    mark = "v0=" + hmac.new(secret.encode(), words, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(stamp), "X-Slack-Signature": mark}


@dataclass
class Door:
    """The adapter's server, and a way to call it."""

    fake: SlackFake
    chat: Slack
    ears: Ears
    session: aiohttp.ClientSession

    async def post(
        self, raw: bytes, headers: dict[str, str], kind: str = "application/json"
    ) -> tuple[int, str]:
        assert self.chat.endpoint is not None
        url = f"http://127.0.0.1:{self.chat.endpoint.port}/slack/events"
        headers = {"Content-Type": kind, **headers}
        async with self.session.post(url, data=raw, headers=headers) as answer:
            return answer.status, await answer.text()

    async def event(self, inner: dict[str, Any]) -> tuple[int, str]:
        raw = json.dumps({"type": "event_callback", "event": inner}).encode()
        return await self.post(raw, sign(raw, int(time.time())))


@pytest.fixture
async def door(bench: Bench, fake: SlackFake) -> AsyncIterator[Door]:
    chat = bench.chat(app_token=None, signing_secret=SecretStr(SECRET), listen="127.0.0.1:0")
    ears = bench.hear(chat)
    await ears.placed()
    await fake.until(
        lambda: fake.called("users.conversations")
    )  # asked as soon as it can be reached
    async with aiohttp.ClientSession() as session:
        yield Door(fake, chat, ears, session)


async def test_an_event_is_stored_and_then_answered(door: Door) -> None:
    said = door.fake.say(ALICE, "<@U0BOT> status")
    assert await door.event(said) == (200, "")
    assert await door.event(said) == (200, "")
    (message,) = door.ears.events
    assert isinstance(message, Message)
    assert message.text == "status"


async def test_slack_asks_whether_it_is_us(door: Door) -> None:
    raw = json.dumps({"type": "url_verification", "challenge": "c3"}).encode()
    assert await door.post(raw, sign(raw, int(time.time()))) == (200, '{"challenge": "c3"}')
    assert (await door.post(raw, {}))[0] == 401


@pytest.mark.parametrize(
    "bad", ["unsigned", "other secret", "other body", "replayed", "from tomorrow", "no number"]
)
async def test_bad_signatures(door: Door, bad: str) -> None:
    """Deliberate bad cases: nothing of them is heard."""
    evil = {"type": "message", "user": ALICE, "text": "<@U0BOT> stop", "channel": "C1", "ts": "9.1"}
    raw = json.dumps({"type": "event_callback", "event": evil}).encode()
    now = int(time.time())
    headers = {
        "unsigned": {},
        "other secret": sign(raw, now, "guessed"),
        "other body": sign(raw + b" ", now),
        "replayed": sign(raw, now - 301),
        "from tomorrow": sign(raw, now + 86_400),
        "no number": sign(raw, now) | {"X-Slack-Request-Timestamp": "now"},
    }[bad]
    assert (await door.post(raw, headers))[0] == 401
    assert await door.event(door.fake.say(ALICE, "<@U0BOT> good")) == (200, "")
    assert [event.text for event in door.ears.events if isinstance(event, Message)] == ["good"]


async def test_a_replay_within_five_minutes_is_the_same_event(door: Door) -> None:
    raw = json.dumps(
        {"type": "event_callback", "event": door.fake.say(ALICE, "<@U0BOT> once")}
    ).encode()
    headers = sign(raw, int(time.time()) - 290)
    assert (await door.post(raw, headers))[0] == 200
    assert (await door.post(raw, headers))[0] == 200
    assert len(door.ears.events) == 1


async def test_commands_and_clicks_are_forms(door: Door) -> None:
    raw = urlencode(COMMAND).encode()
    assert (await door.post(raw, sign(raw, int(time.time())), FORM))[0] == 200
    assert len(door.ears.events) == 1
    raw = urlencode(COMMAND | {"channel_id": "C9", "trigger_id": "t10"}).encode()
    status, answer = await door.post(raw, sign(raw, int(time.time())), FORM)
    assert (status, json.loads(answer)["response_type"]) == (200, "ephemeral")
    raw = urlencode({"payload": "{}"}).encode()
    assert (await door.post(raw, sign(raw, int(time.time())), FORM))[0] == 200


async def test_nothing_is_answered_before_it_is_stored(bench: Bench, fake: SlackFake) -> None:
    hold = asyncio.Event()
    hold.set()
    chat = bench.chat(app_token=None, signing_secret=SecretStr(SECRET), listen="127.0.0.1:0")
    ears = bench.hear(chat, hold=hold)
    await ears.placed()
    await fake.until(lambda: fake.called("users.conversations"))
    hold.clear()
    async with aiohttp.ClientSession() as session:
        door = Door(fake, chat, ears, session)
        before = ears.held
        asked = asyncio.create_task(door.event(fake.say(ALICE, "<@U0BOT> status")))
        await ears.holding(before + 1)
        search = {"type": "block_suggestion", "action_id": "agent", "block_id": "agent"}
        raw = urlencode({"payload": json.dumps({**search, "value": ""})}).encode()
        status, answer = await door.post(raw, sign(raw, int(time.time())), FORM)
        assert (status, json.loads(answer)) == (200, {"options": []})  # what stores nothing is
        assert not asked.done()
        hold.set()
        assert await asked == (200, "")


async def test_what_cannot_be_read_is_refused(door: Door) -> None:
    for raw in (b"[]", b"{", b"7", b"\xff"):
        assert (await door.post(raw, sign(raw, int(time.time()))))[0] == 400


async def test_an_address_that_is_taken(door: Door, bench: Bench) -> None:
    assert door.chat.endpoint is not None
    where = f"127.0.0.1:{door.chat.endpoint.port}"
    ears = bench.hear(bench.chat(app_token=None, signing_secret=SecretStr(SECRET), listen=where))
    with pytest.raises(PermanentError) as caught:
        await ears.until(lambda _: False)
    assert f"Nothing can listen on {where}" in str(caught.value)


async def test_only_the_right_signature_is_good(door: Door) -> None:
    """Whatever else stands in the two headers; also what bolt alone would break on."""

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=50), st.integers(-600, 600), HEADER, HEADER)
    def check(raw: bytes, age: int, stamp: str, signature: str) -> None:
        good = sign(raw, int(time.time()) - age)
        for headers in (
            good | {"X-Slack-Signature": signature},
            good | {"X-Slack-Request-Timestamp": stamp},
        ):
            tried.append((raw, headers))

    tried: list[tuple[bytes, dict[str, str]]] = []
    check()
    found = [await door.post(raw, headers) for raw, headers in tried]
    assert {status for status, _ in found} <= {400, 401}
    assert door.ears.events == []


async def test_any_signed_body_is_read_or_refused(door: Door) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=60), st.sampled_from(["application/json", FORM]))
    def check(raw: bytes, kind: str) -> None:
        tried.append((raw, kind))

    tried: list[tuple[bytes, str]] = [(b"[" * 100_000, "application/json"), (b"payload=7", FORM)]
    check()
    for raw, kind in tried:
        status, _ = await door.post(raw, sign(raw, int(time.time())), kind)
        assert status in {200, 400}
    assert door.ears.events == []
    assert await door.event(door.fake.say(ALICE, "<@U0BOT> good")) == (200, "")


async def test_slack_checks_our_certificate(door: Door) -> None:
    assert (await door.post(b"ssl_check=1&token=x", sign(b"", 1), FORM))[0] == 200
    assert door.ears.events == []
