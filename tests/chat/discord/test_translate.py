"""Payloads as they may come, and worse."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.discord import commands, history, translate
from adapters.chat.discord.places import Place, told

BOT = translate.Bot("discord", "901", "infra", {"shipit": "✅"})
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["1001", "901"])
)
KEYS = st.sampled_from(
    ["id", "type", "content", "author", "user", "member", "emoji", "name", "message", "options", "value",
     "referenced_message", "message_reference", "message_id", "user_id", "channel_id", "bot"]
)  # fmt: skip
JUNK = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5)
)
OBJECTS = st.dictionaries(KEYS, JUNK, max_size=8)


@given(OBJECTS, st.booleans())
def test_nothing_that_comes_raises(data: dict[str, object], direct: bool) -> None:
    place = Place("700", "" if direct else "701", direct=direct, joined=True)
    translate.message(data, place, BOT)
    translate.reaction(data, BOT, NOW, added=True, mark="", place=place)
    translate.click(data, place, BOT, "approve")
    commands.sentence(data)
    commands.choices(data, lambda kind: [kind])
    told(data, "901")


@given(st.text(max_size=60))
def test_a_broken_cursor_begins_anew(text: str) -> None:
    ledger = history.Ledger(text)
    assert history.Ledger(ledger.cursor()).after("1") == ledger.after("1")


def said(text: str, **more: object) -> dict[str, object]:
    return {"id": "1001", "type": 0, "content": text, "author": {"id": "55"}} | more


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("<@901> status", "status"),
        ("<@!901>, status", "status"),
        ("<@&77>: status", "status"),
        ("@infra status", "status"),
        ("!INFRA status", "status"),
        ("infra: status", "status"),
        ("status, <@901>", "status, <@901>"),
        ("<@901>", ""),
    ],
)
def test_the_bot_is_addressed(text: str, heard: str) -> None:
    found = translate.message(said(text), Place("700"), BOT, frozenset({"77"}))
    assert found is not None
    assert (found.text, found.addressed) == (heard, True)


@pytest.mark.parametrize(
    "text", ["status", "infrared", "@infrastructure status", "<@902> status", ""]
)
def test_the_bot_is_not_addressed(text: str) -> None:
    assert translate.message(said(text), Place("700"), BOT) is None


@pytest.mark.parametrize(
    "more",
    [
        {"author": {"id": "901"}},
        {"author": {"id": "55", "bot": True}},
        {"webhook_id": "5"},
        {"type": 7},
        {"type": 20},
        {"id": "x"},
    ],
)
def test_these_are_never_heard(more: dict[str, object]) -> None:
    assert translate.message(said("!infra status", **more), Place("700"), BOT) is None


def test_a_reply_to_the_bot_goes_on_with_its_thread() -> None:
    other = {"id": "60", "author": {"id": "901"}, "message_reference": {"message_id": "50"}}
    reply = said("8080", type=19, referenced_message=other)
    found = translate.message(reply, Place("600", direct=True), BOT)
    assert found is not None
    assert (found.conversation.thread, found.addressed, found.fresh_thread) == ("50", False, False)
    stranger = other | {"author": {"id": "56"}}
    found = translate.message(
        said("8080", type=19, referenced_message=stranger), Place("600", direct=True), BOT
    )
    assert found is not None
    assert (found.conversation.thread, found.addressed) == ("1001", True)


def test_custom_emoji_count_for_what_they_stand_for_and_others_not_at_all() -> None:
    def heard(name: str, id: str | None) -> translate.Reaction | None:
        data = {"user_id": "55", "message_id": "60", "emoji": {"id": id, "name": name}}
        return translate.reaction(data, BOT, NOW, added=True, mark="s:1", place=None)

    shipped = heard("shipit", "5")
    assert shipped is not None
    assert shipped.emoji == "✅"
    assert heard("party", "5") is None
    assert heard("shipit", None) is not None  # a plain emoji is what it is


def test_the_same_place_in_a_session_is_the_same_reaction() -> None:
    data = {"user_id": "55", "message_id": "60", "emoji": {"name": "✅"}}

    def id(mark: str, *, added: bool) -> str:
        found = translate.reaction(data, BOT, NOW, added=added, mark=mark, place=None)
        assert found is not None
        return found.id

    assert id("s:1", added=True) == id("s:1", added=True)
    assert len({id("s:1", added=True), id("s:2", added=False), id("s:3", added=True)}) == 3


def test_a_ledger_forgets_no_channel_that_may_have_something_unread() -> None:
    ledger = history.Ledger(None)
    ledger.begin(1)
    for channel in range(history.ENTRIES + 10):
        ledger.note(str(channel), str(1000 + channel))
    assert history.Ledger(ledger.cursor()).after("9999") == 1
    ledger.settled = True
    kept = history.Ledger(ledger.cursor())
    assert kept.after("9999") < kept.after(str(history.ENTRIES + 9))
    assert len(kept.own()) <= history.ENTRIES
    assert kept.after("0") >= 1000
