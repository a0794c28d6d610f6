"""Payloads from outside, of any shape: translated or passed over, never an exception."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.slack import emoji
from adapters.chat.slack.history import Positions
from adapters.chat.slack.text import escape, read, unescape
from adapters.chat.slack.translate import (
    Bot,
    at,
    click,
    event,
    farewell,
    is_stamp,
    message,
    submission,
)
from bot.model.events import Message, Reaction

BOT = Bot("slack", "U0BOT", "infra", "infrabot", {"approved": "✅"})
NOW = datetime(2026, 11, 20, tzinfo=UTC)
KEYS = st.sampled_from(
    ["type", "event", "user", "text", "ts", "thread_ts", "channel", "subtype", "bot_id", "item", "reaction", "event_ts", "actions", "action_id", "action_ts", "container", "message_ts", "channel_id", "message", "view", "id", "private_metadata", "state", "values", "words", "value", "callback_id"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KINDS = st.sampled_from(
    [
        "message",
        "app_mention",
        "reaction_added",
        "reaction_removed",
        "x",
        "1.2",
        "C1",
        "parley.change",
        '{"channel": 1}',
    ]
)
ANY = st.recursive(
    SCALARS | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, ANY, max_size=8))
def test_anything_at_all(payload: dict[str, Any]) -> None:
    event(payload, BOT)
    event({"event": payload}, BOT)
    message(payload, "C1", BOT)
    click(payload, BOT)
    submission(payload, BOT, NOW)
    farewell(payload)


def said(text: str, **rest: Any) -> Message:
    found = message({"user": "U1", "ts": "1790000000.000100", "text": text, **rest}, "C1", BOT)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "words", "addressed"),
    [
        ("<@U0BOT> status", "status", True),
        ("  <@U0BOT|infra>: status ", "status", True),
        ("hey <@U0BOT> status", "hey @infra status", True),
        ("<@U0BOTX> status", "@U0BOTX status", False),
        ("!infra status", "status", True),
        ("@Infra, status", "status", True),
        ("infrabot: status", "status", True),
        ("infra status", "infra status", False),
        ("!infrared status", "!infrared status", False),
        ("<@U0BOT>", "", True),
        ("<@U0BOT> a &amp;&lt;b&gt; &amp;lt; &nbsp;", "a &<b> &lt; &nbsp;", True),
        ("<@U0BOT> <https://a.org/?x=1&amp;y=2>", "https://a.org/?x=1&y=2", True),
        ("<@U0BOT> <http://a.org|a.org> <mailto:x@a.org|x@a.org>", "a.org x@a.org", True),
        ("<@U0BOT> <https://evil.org|a.org>", "https://evil.org", True),
        (
            "<@U0BOT> <@U7|bob> <#C2|general> <!here> <!subteam^S1|@ops>",
            "@bob #general @here @ops",
            True,
        ),
    ],
)
def test_words(text: str, words: str, addressed: bool) -> None:
    found = said(text)
    assert (found.text, found.addressed) == (words, addressed)


@given(st.text())
def test_what_is_escaped_is_read_again(text: str) -> None:
    assert "<" not in escape(text)
    assert unescape(escape(text)) == text
    assert read(escape(text)) == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_a_broadcast_and_a_file_are_words_too() -> None:
    assert said("hello", subtype="thread_broadcast", thread_ts="1789999999.1").fresh_thread is False
    assert said("hello", subtype="file_share").text == "hello"


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("white_check_mark", "✅"),
        ("x", "❌"),
        ("octagonal_sign", "🛑"),
        ("eyes", "👀"),
        ("thumbsup::skin-tone-3", "👍"),
        ("+1::skin-tone-6", "👍"),
        ("-1", "👎"),
        ("leftwards_arrow_with_hook", "↩"),
        ("repeat", "🔁"),
        ("double_vertical_bar", "⏸"),
        ("approved", "✅"),
    ],
)
def test_names_of_emoji(name: str, mark: str) -> None:
    item = {"type": "message", "channel": "C1", "ts": "1790000000.1"}
    raw = {
        "type": "reaction_added",
        "user": "U1",
        "reaction": name,
        "item": item,
        "event_ts": "1790000001.1",
    }
    found = event({"event": raw}, BOT)
    assert isinstance(found, Reaction)
    assert (found.emoji, found.message) == (mark, "C1/1790000000.1")


def test_emoji_there_and_back() -> None:
    for name, mark in emoji.NAMES.items():
        assert emoji.name(mark) == name
        assert emoji.name(mark + "\N{VARIATION SELECTOR-16}") == name
    assert emoji.name("↩️") == "leftwards_arrow_with_hook"


@given(st.text() | st.none() | st.integers())
def test_any_stamp(stamp: object) -> None:
    assert at(stamp).tzinfo is UTC
    if is_stamp(stamp):
        assert at(stamp).timestamp() == pytest.approx(float(str(stamp)), abs=1e-5)


@given(st.text() | st.dictionaries(st.text(max_size=3), SCALARS).map(json.dumps))
def test_any_cursor(cursor: str) -> None:
    positions = Positions.of(cursor, NOW)
    again = Positions.of(str(positions), datetime(2030, 1, 1, tzinfo=UTC))
    assert str(again) == str(positions)
    positions.heard("C1", "9999999999.000001")
    positions.heard("C1", "5.1")
    assert positions.since("C1") == "9999999999.000001"
