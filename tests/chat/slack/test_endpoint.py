"""HTTP mode: Slack's signed requests over a real socket, and everybody else's."""

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
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.chat.slack.adapter import Slack
from adapters.chat.slack.endpoint import envelope, signed
from bot.model.errors import PermanentError
from bot.model.events import Message
from tests.chat.slack.scenes import ALICE, COMMAND, Bench, Ears
from tests.servers.slack_fake import SlackFake

SECRET = "signing-secret"


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
    form = "application/x-www-form-urlencoded"
    raw = urlencode(COMMAND).encode()
    assert (await door.post(raw, sign(raw, int(time.time())), form))[0] == 200
    assert len(door.ears.events) == 1
    raw = urlencode(COMMAND | {"channel_id": "C9", "trigger_id": "t10"}).encode()
    status, answer = await door.post(raw, sign(raw, int(time.time())), form)
    assert (status, json.loads(answer)["response_type"]) == (200, "ephemeral")
    raw = urlencode({"payload": "{}"}).encode()
    assert (await door.post(raw, sign(raw, int(time.time())), form))[0] == 200


async def test_what_cannot_be_read_is_refused(door: Door) -> None:
    for raw in (b"", b"[]", b"{", b"\xff"):
        assert (await door.post(raw, sign(raw, int(time.time()))))[0] == 400


async def test_an_address_that_is_taken(door: Door, bench: Bench) -> None:
    assert door.chat.endpoint is not None
    where = f"127.0.0.1:{door.chat.endpoint.port}"
    ears = bench.hear(bench.chat(app_token=None, signing_secret=SecretStr(SECRET), listen=where))
    with pytest.raises(PermanentError) as caught:
        await ears.until(lambda _: False)
    assert f"Nothing can listen on {where}" in str(caught.value)


@given(st.binary(), st.integers(-600, 600), st.text(), st.text())
def test_only_the_right_signature_is_good(raw: bytes, age: int, stamp: str, signature: str) -> None:
    now = 1_790_000_000
    good = sign(raw, now - age)
    assert signed(SECRET, now, good, raw) is (abs(age) <= 300)
    assert not signed(SECRET, now, good | {"X-Slack-Signature": signature}, raw)
    if stamp != str(now - age):
        assert not signed(SECRET, now, good | {"X-Slack-Request-Timestamp": stamp}, raw)


@given(st.binary(), st.sampled_from(["application/json", "application/x-www-form-urlencoded", ""]))
def test_any_body_is_read_or_not(raw: bytes, kind: str) -> None:
    envelope(raw, kind)
