"""Lines of JSON as interface.md has them, and every way of getting them wrong."""

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.console.socket import MAX_LINE
from adapters.chat.console.translate import Malformed, Reader, reference, sent, unaddressed
from bot.model.events import Click, Message, Reaction
from bot.model.people import Account, Conversation
from bot.model.reports import Attachment, Control, Outgoing, Paragraph, Report

AT = datetime(2026, 11, 20, 14, 2, tzinfo=UTC)


class Noon:
    """A clock that stands."""

    def now(self):
        return AT

    def monotonic(self):
        return 0.0

    async def sleep(self, seconds):
        return None


def reader(impersonate=True):
    return Reader("console", "infra", "alice", impersonate, Noon())


def read(**line):
    return reader().event(json.dumps(line).encode())


def test_words_addressed_to_the_bot():
    given_line = {
        "id": "m1",
        "as": "alice",
        "text": "@infra ask web1 about disk space",
        "thread": "t1",
    }
    assert read(**given_line) == Message(
        "m1",
        Conversation("console", "console", "t1"),
        Account("console", "alice"),
        "ask web1 about disk space",
        AT,
        addressed=True,
        fresh_thread=True,
    )


def test_words_in_a_thread_that_is_known_are_not_fresh():
    there = reader()
    there.event(b'{"text": "@infra hello", "thread": "t1"}')
    second = there.event(b'{"text": "8080", "thread": "t1"}')
    assert (second.addressed, second.fresh_thread, second.text) == (False, False, "8080")


def test_words_without_a_thread_open_one():
    first, second = read(text="hello"), read(text="hello")
    assert first.conversation.thread == first.id != second.id
    assert first.addressed is False


def test_reactions_and_clicks():
    put = read(**{"as": "bob", "react": "↩\ufe0f", "to": "p7", "id": "r1"})
    assert put == Reaction("r1", Account("console", "bob"), "p7", "↩", True, AT)
    off = read(**{"as": "bob", "unreact": "✅", "to": "p7", "thread": "t1"})
    assert (off.added, off.conversation.thread) == (False, "t1")
    click = read(**{"as": "bob", "click": "approve", "to": "p7", "id": "c1"})
    assert click == Click("c1", Account("console", "bob"), "p7", "approve", AT)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("@infra help", "help"),
        ("!infra help", "help"),
        ("  @Infra: help", "help"),
        ("@infra", ""),
        ("@infra,\nhelp", "help"),
        ("@infrastructure help", None),
        ("@infra-2 help", None),
        ("infra help", None),
        ("tell @infra help", None),
    ],
)
def test_who_is_addressed(text, rest):
    assert unaddressed(text, "infra") == rest


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "not JSON"),
        (b"[1]", "no object"),
        (b'"text"', "no object"),
        (b"\xff\xfe{}", "not UTF-8"),
        ('{"text": "a"}'.encode("utf-16"), "not UTF-8"),
        (b"{}", "has none"),
        (b'{"text": "a", "react": "b", "to": "c"}', "has text and react"),
        (b'{"text": "a", "colour": "b"}', "'colour' is no key"),
        (b'{"text": 1}', '"text" must be a string'),
        (b'{"text": null}', '"text" must be a string'),
        (b'{"text": "a", "id": ""}', '"id" must have between 1 and 256'),
        (b'{"text": "a", "thread": "%s"}' % (b"x" * 257), '"thread" must have'),
        (b'{"react": "x"}', 'needs "to"'),
        (b'{"text": "\\ud800"}', "surrogate"),
        (b'{"file": ""}', '"file" must have between 1 and 4096'),
        (b'{"file": "a\\u0000b"}', '"file" holds a NUL'),
        (b'{"file": "a", "to": "m1"}', "no key of a line with 'file'"),
        (b"[" * 60_000, "not JSON"),
        (b'{"text": "%s"}' % (b"x" * MAX_LINE), "longer than 65536 bytes"),
    ],
)
def test_a_malformed_line_is_a_sentence(line, words):
    with pytest.raises(Malformed) as raised:
        reader().event(line)
    assert words in str(raised.value)
    assert str(raised.value).endswith(".")


def test_speaking_as_somebody_else_needs_the_setting():
    with pytest.raises(Malformed) as raised:
        reader(impersonate=False).event(b'{"text": "a", "as": "bob"}')
    assert "impersonate = true" in str(raised.value)
    assert reader(impersonate=False).event(b'{"text": "a", "as": "alice"}').account.user == "alice"


@given(
    st.one_of(st.binary(max_size=200), st.text().map(lambda text: text.encode("utf-8", "replace")))
)
def test_any_bytes_are_an_event_or_a_sentence(line):
    with contextlib.suppress(Malformed):
        assert reader().event(line).account.instance == "console"


@given(
    st.dictionaries(
        st.sampled_from(["id", "as", "text", "thread", "react", "to", "click", "file", "x"]),
        st.one_of(st.text(max_size=20), st.integers(), st.none(), st.lists(st.text(max_size=2))),
    )
)
def test_any_object_is_an_event_or_a_sentence(given_line):
    with contextlib.suppress(Malformed):
        event = reader().event(json.dumps(given_line).encode())
        assert event.account.instance == "console"
        event.id.encode()


REPORT = Report(
    "plan",
    (Paragraph("Plan 7f3a", "heading"), Paragraph("nginx -t", "code")),
    "amber",
    (Control("approve", "✅", "approve"),),
    mention=Account("console", "alice"),
    attachments=(Attachment("a.txt", "text"),),
    data={"plan": {"id": "x"}},
)
ROOM = Conversation("console", "console", "t1")


def test_a_post_an_edit_and_a_reaction_as_lines():
    post = Outgoing("k", 7, ROOM, "post", REPORT, only_to=Account("console", "bob"))
    assert json.loads(sent(post)) == {
        "event": "post",
        "message": "p7",
        "thread": "t1",
        "only_to": "bob",
        "text": "Plan 7f3a\nnginx -t\n✅ approve",
        "report": {
            "kind": "plan",
            "plan": {"id": "x"},
            "tone": "amber",
            "mention": "alice",
            "controls": [{"action": "approve", "emoji": "✅", "label": "approve"}],
            "attachments": [{"name": "a.txt", "text": "text"}],
        },
    }
    edit = Outgoing("k", 8, ROOM, "edit", REPORT, message="p7")
    assert json.loads(sent(edit))["message"] == reference(edit) == "p7"
    assert json.loads(sent(edit))["only_to"] is None
    react = Outgoing("k", 9, ROOM, "react", message="m1", emoji="👀")
    assert json.loads(sent(react)) == {"event": "react", "message": "m1", "emoji": "👀"}
    assert "👀" in sent(react).decode()


@given(st.text())
def test_whatever_is_sent_is_one_line_of_valid_utf8(text):
    report = Report("answer", (Paragraph(text),), data={"run": {"output_tail": text + "\ud800"}})
    line = sent(Outgoing("k", 1, ROOM, "post", report))
    assert line.count(b"\n") == 1
    assert json.loads(line.decode("utf-8"))["text"] == text
