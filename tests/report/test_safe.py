"""No text from outside can obey, hide, reorder or break out, wherever it enters a report."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.model.questions import Question
from bot.model.sections import Exec
from bot.report import refusal
from bot.report.answer import answer
from bot.report.plan import plan_card
from bot.report.question import late, question
from bot.report.result import result
from bot.report.safe import line, plain, span
from tests.report.making import (
    NOW,
    ROOM,
    STEP,
    attempt,
    ended_run,
    plan_of,
    run_of,
    view_of,
    vote,
)

NASTY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x1b\x9b\x07\r\n\t\x00\u202e\u2066\u200b\u00ad\ufeff\u3164`[]m;\\\ud800"),
    ),
    max_size=40,
)


def assert_harmless(text):
    for character in set(text):
        if character == "\n":
            continue
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}, repr(text)


def test_every_character_that_is_not_seen_is_shown_or_dropped():
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    assert_harmless(plain(everything))
    assert "\u3164" not in plain("a\u3164b")


@pytest.mark.parametrize(
    ("outside", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x9b31mred", "red"),
        ("a\rb\r\nc", "a\nb\nc"),
        ("to \u202egro.elpmaxe", "to <U+202E>gro.elpmaxe"),
        ("col1\tcol2", "col1    col2"),
        ("grüße 👀 ↩️", "grüße 👀 ↩️"),
        ("\x1bcreset", "reset"),
        ("half\x1b", "half"),
    ],
)
def test_plain(outside, shown):
    assert plain(outside) == shown


@pytest.mark.parametrize("piece", ["\x9d", "\x1b]", "\x1b ", "\x9b1", "\x1b[1", "\x1b]0;x"])
def test_a_megabyte_of_half_escapes_does_not_explode(piece):
    # Scanned for again from every start, this would take minutes.
    assert_harmless(plain(piece * (1_000_000 // len(piece))))


@given(NASTY)
def test_nothing_leaves_a_code_span(text):
    shown = span(text)
    assert shown.count("`") == 2
    assert shown[0] == shown[-1] == "`"
    assert "\n" not in shown
    assert_harmless(shown)


@given(NASTY)
def test_running_words_are_one_line_without_code_spans(text):
    shown = line(text)
    assert "\n" not in shown
    assert "`" not in shown
    assert_harmless(shown)


@given(NASTY)
def test_no_report_carries_a_control_or_bidi_character(text):
    step = replace(
        STEP, slots={"domain": text}, actions=(Exec((("echo", text),)), *STEP.actions[1:])
    )
    plan = plan_of(step, request=text, requesters=(text or "x",))
    failed = ended_run(
        "failed", attempt(3, state="failed", output=text, words=text), words=text, step="failed"
    )
    votes = (vote(text), vote(text, "reject", text))
    views = [
        view_of("pending", plan, looks={"1": text}, needed=(text,), votes=votes),
        view_of("running", plan, run=run_of(doing=text), decided_by=text),
        view_of("rejected", plan, votes=votes),
        view_of("stale", plan, words=text),
        view_of("failed", plan, run=failed, words=text),
        view_of("waiting", plan, run=run_of("waiting", words=text)),
    ]
    reports = [plan_card(view) for view in views]
    done = ended_run("done", attempt(0, output=text))
    reports += [
        result(view_of("failed", plan, run=failed)),
        answer(view_of("done", plan, run=done)),
        question(Question("q", "slot", ROOM, text, choices=(text,))),
        question(Question("q", "in_doubt", ROOM, f"stopped\n   {text}", choices=("done",))),
        question(Question("q", "wanted", ROOM, late(text, NOW, NOW))),
        refusal.refusal(text, (text,), text),
        refusal.error(text, text),
    ]
    for report in reports:
        assert_harmless(report.text)
        assert all(
            character == "\n" or unicodedata.category(character) != "Cc"
            for each in report.attachments
            for character in each.text
        )


@given(st.text(st.sampled_from("ab\n1. w·"), max_size=30))
def test_a_value_cannot_fake_a_line_of_the_card(value):
    step = replace(STEP, actions=(Exec((("echo", value),)),), slots={"port": value})
    text = plan_card(view_of(plan=plan_of(step))).text
    assert len(text.splitlines()) == len(
        plan_card(
            view_of(plan=plan_of(replace(step, actions=(Exec((("true",),)),), slots={"port": "1"})))
        ).text.splitlines()
    )


def test_a_secret_slot_shows_its_reference():
    step = replace(STEP, slots={"token": "secret:cloudflare-token"})
    text = plan_card(view_of(plan=plan_of(step))).text
    assert re.search(r"token secret:cloudflare-token", text)
