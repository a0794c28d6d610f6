"""Whatever the text is: never an error, the same the second time, and no mask that grows."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.redact import MASK, RULES, SecretRedactor
from bot.redaction import commands
from bot.redaction.needles import runs
from bot.redaction.rules import Rules, compiled, folded
from tests.redaction.planted import plants

REDACTOR = SecretRedactor(["hunter2hunter2", "s3cr3t/with+signs="])
WORDS = sorted({keyword for rule in RULES for keyword in rule.keywords})
SIGNS = [
    "=",
    ":",
    ": ",
    " ",
    "\n",
    '"',
    "'",
    "\\",
    '\\"',
    "@",
    "/",
    ";",
    ",",
    "&",
    "•",
    MASK,
    "-",
    "-p ",
    "--",
    "%3D",
    "{",
    "}",
    "\\n",
    "İ",
    "ſ",
    "K",
]
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(SIGNS),
    st.sampled_from([plant.secret for plant in plants()]),
    st.sampled_from([plant.line for plant in plants()]),
    st.text(max_size=8),
    st.text("abcXYZ019_-+/=.", min_size=1, max_size=70),
    st.sampled_from(
        [
            "hunter2hunter2",
            "-----BEGIN PRIVATE KEY-----",
            "-----END RSA PRIVATE KEY-----",
            "kind: Secret\ndata:\n  a: ",
        ]
    ),
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)


@settings(max_examples=600)
@given(TEXTS)
def test_the_second_time_changes_nothing(text: str) -> None:
    clean = REDACTOR.redact(text)
    assert REDACTOR.redact(clean) == clean


@settings(max_examples=300)
@given(TEXTS)
def test_no_mask_grows(text: str) -> None:
    longest = max(map(len, re.findall("•+", text)), default=0)
    assert max(map(len, re.findall("•+", REDACTOR.redact(text))), default=0) <= max(
        longest, len(MASK)
    )


@given(st.text())
def test_small_letters_keep_their_places(text: str) -> None:
    assert len(folded(text)) == len(text)


def test_no_letter_changes_its_length() -> None:
    assert not [code for code in range(0x110000) if len(folded(chr(code))) != 1]


def test_every_rule_is_well_formed() -> None:
    for rule in RULES:
        compiled(rule.pattern, rule.folded)
        assert rule.keywords or rule.what == "Discord"
        assert not rule.folded or all(keyword == keyword.lower() for keyword in rule.keywords)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_a_short_text_is_searched_for_as_much_as_a_long_one(text: str) -> None:
    small, tried = folded(text), Rules(RULES)
    there = runs(small)
    assert sorted(tried.found(text, small, there)) == sorted(tried.found(text, small, None))
    assert sorted(commands.spans(text, there)) == sorted(commands.spans(text, None))
