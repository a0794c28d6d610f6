"""Rooms named in the configuration as INSTANCE:ROOM."""

import pytest

from bot.model.errors import ConfigurationError
from bot.model.people import Conversation
from bot.places import place, places

CHATS = ("slack", "matrix", "work.slack")


@pytest.mark.parametrize(
    ("text", "instance", "room"),
    [
        ("slack:C0APPROVALS", "slack", "C0APPROVALS"),
        ("matrix:!abc:example.org", "matrix", "!abc:example.org"),
        (" work.slack : C1 ", "work.slack", "C1"),
    ],
)
def test_a_room(text: str, instance: str, room: str) -> None:
    assert place(text, CHATS, "[bot] operators") == Conversation(instance, room, "")


def test_each_once_and_in_order() -> None:
    found = places(("matrix:!b", "slack:C1", "matrix:!b"), CHATS, "[approvals] rooms")
    assert [each.instance for each in found] == ["matrix", "slack"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slak:C1", r"there is no \[chat.slak\]. Did you mean 'slack'"),
        ("irc:#ops", "Configured: matrix, slack, work.slack"),
        ("C0APPROVALS", "names no room. Write INSTANCE:ROOM"),
        ("slack:", "names no room"),
        (":C1", "names no room"),
        ("", "names no room"),
    ],
)
def test_what_is_none_is_one_sentence_with_the_mend(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        place(text, CHATS, "[approvals] rooms")
    assert caught.value.what.startswith("[approvals] rooms: ")
