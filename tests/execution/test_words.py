"""Text that leaves the room: output made safe, comparisons, verdicts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.execution import judge, words
from bot.execution.look import changes, compared
from bot.execution.output import clean, told
from bot.model.runs import Outcome
from bot.model.sections import Ask, Exec, Preview, Verify, Write
from capabilities.filling import StepOutputs
from capabilities.guard import StepGuard
from tests.execution.making import SECRET, Masks

OUTPUTS = StepOutputs(StepGuard())


@given(st.binary(max_size=300))
def test_whatever_a_command_says_nothing_controls_a_terminal(data: bytes) -> None:
    text = clean(data)
    assert all(
        letter in "\n\t"
        or unicodedata.category(letter) not in {"Cc", "Cf", "Zl", "Zp"}
        or letter in "\u00ad"
        or ord(letter) > 0x2070
        for letter in text
    )
    assert "\x1b" not in text
    assert not any(
        letter in text for letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert clean(text.encode()) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07after", "after"),
        (b"\x1b]8;;http://evil\x1b\\link", "link"),
        (b"10%\r20%\r\ndone", "10%\n20%\ndone"),
        (b"a\x00b", "a<U+0000>b"),
        ("a\u202egpj.exe".encode(), "a<U+202E>gpj.exe"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_sequences_go_and_controls_are_seen(raw: bytes, shown: str) -> None:
    assert clean(raw) == shown


@given(st.integers(0, len(SECRET)))
def test_a_sequence_inside_a_secret_hides_nothing(position: int) -> None:
    raw = f"{SECRET[:position]}\x1b[31m{SECRET[position:]}"
    assert told(Outcome(0, raw.encode()), Masks()) == "•••"


def test_errors_follow_the_output_on_a_line_of_their_own() -> None:
    assert told(Outcome(0, b"out", b"bad"), Masks()) == "out\nbad"
    assert told(Outcome(0, b"out\n", b"bad"), Masks()) == "out\nbad"


@pytest.mark.parametrize(
    ("way", "text", "seen"),
    [
        ("", "a", None),
        ("lines", "b  \na\n", "b\na"),
        ("exit", "whatever", "0"),
        ("regex `v(\\d+)`", "v1 v22", "1\n22"),
        ("regex \\w+", "a b", "a\nb"),
        ("json $.a[1].b", '{"a": [0, {"b": [2, 1]}]}', "[2, 1]"),
        ("json `$.a.c`", '{"a": {"b": 1}}', "null"),
        ("json $.a", "no json", "null"),
        ("json $", '{"b": 1, "a": 2}', '{"a": 2, "b": 1}'),
    ],
)
async def test_the_part_of_a_preview_that_must_stay(way: str, text: str, seen: str | None) -> None:
    assert await compared(Preview((), way), [Outcome(0)], text, OUTPUTS) == seen


def test_changes_are_named_and_counted() -> None:
    assert changes("a\nb", "a\nc") == "- b, + c"
    assert changes("", "1\n2\n3\n4\n5").endswith("and 2 more") or "and" in changes(
        "", "1\n2\n3\n4\n5"
    )


@pytest.mark.parametrize(
    ("exits", "good", "verdict"),
    [
        ((0,), (0,), True),
        ((1,), (0,), False),
        ((3,), (0, 3), True),
        ((0,), (3,), False),
        ((141, 0), (0,), True),
        ((0, 141), (0,), False),
        ((1, 0), (0,), False),
        ((0, 1), (1,), True),
        ((2, 0), (0, 2), True),
    ],
)
def test_every_stage_is_judged(
    exits: tuple[int, ...], good: tuple[int, ...], verdict: bool
) -> None:
    assert judge.good(Outcome(exits[-1], exits=exits), good) is verdict


def test_a_fault_is_never_good() -> None:
    assert not judge.good(Outcome(0, fault="timeout"), (0,))
    assert not judge.good(Outcome(None), (0,))


@pytest.mark.parametrize(
    ("outcome", "expect", "verdict"),
    [
        (Outcome(0, b"200"), r"^[234]\d\d$", True),
        (Outcome(0, b"500"), r"^[234]\d\d$", False),
        (Outcome(0, b"x\n200\n"), r"^[234]\d\d$", False),  # ^ and $ are the ends of the whole
        (Outcome(7, b"200"), r"^[234]\d\d$", False),
        (Outcome(0, b""), None, True),
    ],
)
async def test_verify_searches_the_raw_output(
    outcome: Outcome, expect: str | None, verdict: bool
) -> None:
    assert await judge.proves(outcome, Verify((), expect), OUTPUTS) is verdict


def test_actions_are_one_line() -> None:
    assert words.command(Exec((("printf", "a b\n"), ("cat",)))) == "printf 'a b ' | cat"
    assert words.command(Write("/etc/a b", "x")) == "write '/etc/a b'"
    assert words.command(Ask("Turn\nthe key.")) == "Turn the key."
    assert len(words.command(Ask("x" * 1000))) == words.LONGEST
