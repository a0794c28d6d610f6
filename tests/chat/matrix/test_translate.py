"""Events from outside, of any shape: translated or passed over, never an exception."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.matrix.translate import Bot, Reactions, message, replied_to, since_invited

BOT = Bot("matrix", "@infra:hs.test", "infra", "Infra Bot")
KEYS = st.sampled_from(
    [
        "content",
        "m.relates_to",
        "rel_type",
        "event_id",
        "key",
        "body",
        "msgtype",
        "sender",
        "m.in_reply_to",
        "m.mentions",
        "user_ids",
        "redacts",
        "origin_server_ts",
        "is_falling_back",
    ]
)
VALUES = st.sampled_from(["m.text", "m.annotation", "m.thread", "> <@a:b>", "@infra:hs.test"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | VALUES
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6)
)
EVENTS = st.dictionaries(KEYS, JSON, max_size=6)


@given(EVENTS, st.booleans())
def test_no_event_is_too_strange(event: dict[str, Any], direct: bool) -> None:
    heard = message(event, "!room", BOT, direct=direct)
    assert heard is None or (heard.id and heard.conversation.thread)
    assert isinstance(replied_to(event), str)
    reactions = Reactions()
    put = reactions.add(event, "!r", BOT)
    assert put is None or (put.message and put.emoji)
    assert reactions.remove(event, "!r") is None or put is not None


def said(body: str, **content: Any) -> dict[str, Any]:
    return {
        "event_id": "$1",
        "sender": "@alice:hs.test",
        "origin_server_ts": 1_700_000_000_500,
        "content": {"msgtype": "m.text", "body": body} | content,
    }


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("@infra add a site", "add a site"),
        ("  @INFRA,  add a site ", "add a site"),
        ("@infra: add a site", "add a site"),
        ("@infra", ""),
        ("infra:add a site", "add a site"),
        ("infra, add\na site", "add\na site"),
        ("!infra status", "status"),
        ("@infra:hs.test add", "add"),
        ("@infra:hs.test: add", "add"),
        ("Infra Bot: add", "add"),
        ("@Infra Bot add", "add"),
    ],
)
def test_ways_to_call_the_bot(body: str, text: str) -> None:
    heard = message(said(body), "!room", BOT, direct=False)
    assert heard is not None
    assert (heard.text, heard.addressed) == (text, True)


@pytest.mark.parametrize(
    "body",
    [
        "infra is slow",
        "@infrared",
        "@infra:other.org add",
        "@infra:hs.testing add",
        "!infrared x",
        "Infra Bot is slow",
        "hello @infra",
        "> @infra add",
        "infra",
        "@ infra add",
        "",
    ],
)
def test_not_called(body: str) -> None:
    heard = message(said(body), "!room", BOT, direct=False)
    assert heard is not None
    assert (heard.text, heard.addressed) == (body, False)


@pytest.mark.parametrize(
    ("body", "text"),
    [("Infra Bot add a site", "add a site"), ("please add a site", "please add a site")],
)
def test_mentioned_by_the_client(body: str, text: str) -> None:
    event = said(body, **{"m.mentions": {"user_ids": ["@infra:hs.test"]}})
    heard = message(event, "!room", BOT, direct=False)
    assert heard is not None
    assert (heard.text, heard.addressed) == (text, True)
    assert heard.at == datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)


@given(st.text())
def test_without_a_call_the_words_are_kept(body: str) -> None:
    heard = message(said("x " + body), "!room", BOT, direct=False)
    assert heard is not None
    assert heard.text == ("x " + body).strip()


def test_a_reaction_that_is_gone_already_is_not_put() -> None:
    """The redaction may be heard before a late answer of the server that still has the reaction."""
    relation = {"rel_type": "m.annotation", "event_id": "$card", "key": "✅"}
    put = {"event_id": "$r", "sender": "@bob:hs.test", "content": {"m.relates_to": relation}}
    reactions = Reactions()
    assert reactions.remove({"event_id": "$x", "content": {"redacts": "$r"}}, "!r") is None
    assert reactions.add(put, "!r", BOT) is None
    reactions.keep()
    assert reactions.add(put, "!r", BOT) is None
    old = {"event_id": "$y", "redacts": "$other", "content": {}}
    assert reactions.add(put | {"event_id": "$other"}, "!r", BOT) is not None
    assert reactions.remove(old, "!r") is not None
    assert reactions.remove(old, "!r") is None


def member(membership: str, before: str, id: str, user: str = BOT.user) -> dict[str, Any]:
    return {
        "event_id": id,
        "type": "m.room.member",
        "state_key": user,
        "content": {"membership": membership},
        "unsigned": {"prev_content": {"membership": before}},
    }


def test_a_newcomer_hears_from_the_invitation_on() -> None:
    old, new = said("old"), said("new")
    invite, join = member("invite", "leave", "$i"), member("join", "invite", "$j")
    renamed = member("join", "join", "$n")
    other = member("join", "invite", "$o", "@bob:hs.test")
    user = BOT.user
    assert since_invited([old, invite, new, join], user) == [invite, new, join]
    assert since_invited([old, join, new], user) == [join, new]
    assert since_invited([old, renamed, other, new], user) == [old, renamed, other, new]
    again = [old, member("leave", "join", "$l"), new, invite, join]
    assert since_invited(again, user) == [invite, join]
