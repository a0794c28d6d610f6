"""Values to bytes and back: exactly, canonically, and never by guessing."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.errors import UnreadableError
from bot.model.events import Click, Message, Reaction
from bot.model.people import Account, Conversation
from bot.model.plans import Agent, Draft, Look, Plan, Step
from bot.model.questions import Question
from bot.model.reports import Attachment, Control, Paragraph, Report
from bot.model.sections import (
    Action,
    Ask,
    Exec,
    ExecTemplate,
    HumanTemplate,
    Piece,
    Preview,
    Return,
    Risk,
    Section,
    Slot,
    Template,
    Verify,
    Word,
    Write,
    WriteTemplate,
)
from bot.store.documents import dump, load, pack

AT = datetime(2026, 11, 20, 8, 0, 0, 123, tzinfo=UTC)
TALK = Conversation("matrix", "!room", "$one")
ALICE = Account("matrix", "@alice")
WORD = Word((Piece("--to="), Piece(slot="path")), "flag=", "--to")
EXEC = ExecTemplate(((WORD, Word((Piece("x"),))), (WORD,)), 7)
SECTION = Section(
    id="files/copy",
    pack="files",
    title="How to copy",
    risk=Risk.CHANGE,
    level=2,
    body=(EXEC, WriteTemplate(WORD, (Piece("a"),), 8), HumanTemplate((Piece("b"),), 9)),
    slots=(Slot("path", "path", "under /srv", minimum=1, choices=("a", "b")),),
    preview=Preview((EXEC,), "lines"),
    verify=Verify((EXEC,), "ok", 5, (0, 3)),
    rollback=(EXEC,),
    returns=(Return("port", "port", "regex (\\d+)"),),
)
PLAN = Plan(
    id="0" * 32,
    revision=2,
    request='copy "ünï" \0 \u202e to /srv',
    requesters=("alice", "bob"),
    conversation=TALK,
    steps=(
        Step(
            id="s1",
            agent=Agent("web1", "local:", ("files",), 2, labels={"z": "1", "a": "2"}),
            identity="local",
            section=SECTION,
            slots={"path": "/srv/x", "names": ("a", "b"), "empty": ()},
            actions=(Exec((("cp", "-a"), ("tee",))), Write("/srv/x", "é\n"), Ask("look")),
            preview=(Exec((("ls",),)),),
            rollback=(Exec((("rm",),)),),
            needs=("s0",),
            compared="",
        ),
    ),
)
REPORT = Report(
    "plan",
    (Paragraph("a", "strong"), Paragraph("b")),
    "amber",
    (Control("approve", "✅", "Approve"),),
    ALICE,
    (Attachment("out.txt", "x"),),
    {"plan": {"id": "p", "steps": [{"argv": [["a"]], "exit": None}]}},
)
QUESTION = Question(
    "q", "slot", TALK, "Which?", ("a",), draft=Draft("web1", "files/copy", {"n": ("a", "b")})
)
MESSAGE = Message("m", TALK, ALICE, "words", AT, True, False)
VALUES = [
    PLAN,
    SECTION,
    REPORT,
    QUESTION,
    MESSAGE,
    Reaction("r", ALICE, "p", "✅", True, AT),
    Click("c", ALICE, "p", "approve", AT, TALK),
    Look("s1", "text", AT),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_back_and_its_bytes_are_the_same_again(value: object) -> None:
    data = dump(value)
    again = load(type(value), data)
    assert again == value
    assert dump(again) == data
    assert load(type(value), pack(value)) == value


def test_the_bytes_are_canonical() -> None:
    data = dump(PLAN)
    text = data.decode()
    plain = json.loads(text)
    again = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert text == again
    assert dump(Draft("a", "s", {"x": "1", "b": "2"})) == dump(
        Draft("a", "s", {"b": "2", "x": "1"})
    )
    assert b'"at":"2026-11-20T08:00:00.000123Z"' in dump(MESSAGE)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (Action, Write("p", "c")),
        (Action, Ask("t")),
        (Action, Exec((("a",),))),
        (Template, HumanTemplate((Piece("h"),))),
        (tuple[Look, ...], (VALUES[7], VALUES[7])),
        (dict[str, Look], {"s1": VALUES[7]}),
    ],
)
def test_unions_and_containers_find_their_member(shape: type, value: object) -> None:
    assert load(shape, dump(value, shape)) == value


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists))
def test_any_json_survives_in_a_report(value: object) -> None:
    report = Report("answer", (), data={"value": value})
    data = dump(report)
    assert dump(load(Report, data)) == data
    assert load(Report, pack(report)) == load(Report, data)


@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_stored(text: str) -> None:
    message = Message("m", TALK, ALICE, text, AT)
    stored = load(Message, dump(message))
    assert load(Message, pack(message)) == stored
    assert dump(stored) == dump(message)
    if not any("\ud800" <= each <= "\udfff" for each in text):
        assert stored == message


@pytest.mark.parametrize(
    "wrong",
    [
        Message(1, TALK, ALICE, "x", AT),  # type: ignore[arg-type]
        Message("m", TALK, ALICE, "x", "today"),  # type: ignore[arg-type]
        Paragraph("x", "loud"),  # type: ignore[arg-type]
        Report("answer", (), data={"x": object()}),
    ],
)
def test_a_field_of_another_type_is_never_stored(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        dump(wrong)
    with pytest.raises(ValueError, match=r"."):
        pack(wrong)


DEEP = b'{"id":' + b"[" * 10**5
"""Deeper than any stack."""


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"id": 1}', b"\xff", dump(REPORT), DEEP], ids=len
)
def test_bytes_of_something_else_are_a_store_error(data: bytes) -> None:
    with pytest.raises(UnreadableError, match="stored Message"):
        load(Message, data)


def test_nothing_is_guessed() -> None:
    data = dump(MESSAGE).replace(b"true", b'"yes"')
    with pytest.raises(UnreadableError):
        load(Message, data)
