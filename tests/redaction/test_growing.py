"""A text that is still being written: of a secret that is coming nobody sees a part, and what is innocent is shown soon."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.redact import MASK, SecretRedactor
from tests.redaction.planted import plants
from tests.redaction.test_blocks import pem

HELD = "correct horse battery staple"
REDACTOR = SecretRedactor([HELD, "s3cr3t/with+signs="])
PLANTS = [(plant.line, plant.secret) for plant in plants()]
KEY = pem("RSA PRIVATE KEY")
BODY = KEY.split("-----")[2]
MANIFEST = "apiVersion: v1\ndata:\n  a: aGVsbG8gd29ybGQ=\n  b: d29ybGQgaGVsbG8=\nkind: Secret\n"
OTHERS = [
    (f"It says {HELD} in there.", HELD),
    (KEY, BODY),
    (f"{BODY}\n-----END RSA PRIVATE KEY-----\nThat is all.", BODY),
    (MANIFEST, "aGVsbG8gd29ybGQ="),
    (MANIFEST, "d29ybGQgaGVsbG8="),
    ('password="no thanks, really not" is set', "no thanks, really not"),
    ("<password>correcthorse and battery</password>", "correcthorse and battery"),
    ("Somebody ran echo hunterhunter | passwd there.", "hunterhunter"),
]
ALL = [*PLANTS, *OTHERS]
PROSE = st.text("abcdefghij klmnop.,\n", max_size=60)
LEAST = 5
"""Letters of a secret that nobody may see."""


def shown(secret: str, text: str, before: str) -> list[str]:
    """Parts of the secret in a text that are not in what stands around it as well."""
    parts = {secret[at : at + LEAST] for at in range(len(secret) - LEAST + 1)}
    return [part for part in parts if part in text and part not in before]


@pytest.mark.parametrize(("line", "secret"), ALL, ids=range(len(ALL)))
def test_however_far_it_has_come_no_part_of_a_secret_is_shown(line: str, secret: str) -> None:
    around = line.replace(secret, "\n") + MASK
    for end in range(len(line) + 1):
        seen = REDACTOR.settled(line[:end])
        assert not shown(secret, seen, around), (line[:end], seen)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(ALL), min_size=1, max_size=3), PROSE, st.data())
def test_in_the_middle_of_words(
    planted: list[tuple[str, str]], prose: str, data: st.DataObject
) -> None:
    text = "".join(f"{prose} {line}\n" for line, _ in planted) + prose
    around = text
    for _, secret in planted:
        around = around.replace(secret, "\n")
    end = data.draw(st.integers(0, len(text)))
    seen = REDACTOR.settled(text[:end])
    for _, secret in planted:
        assert not shown(secret, seen, around), (text[:end], seen)


@given(
    st.lists(
        st.sampled_from(
            ["the", "disk", "of", "web1", "is", "91%", "full", "(/var/lib)", "since", "14:02."]
        )
    )
)
def test_what_is_innocent_lags_two_words_behind(words: list[str]) -> None:
    text = "The answer is: " + " ".join(words)
    seen = REDACTOR.settled(text)
    assert text.startswith(seen)
    assert len(text[len(seen) :].split()) <= 2


@given(PROSE)
def test_what_was_shown_stays(text: str) -> None:
    before = ""
    for end in range(len(text) + 1):
        seen = REDACTOR.settled(text[:end])
        assert seen.startswith(before)
        before = seen


@pytest.mark.parametrize(
    "said", ["`/var` is full. ", "It doesn't answer. ", 'The "old" one runs. ']
)
def test_quotes_that_are_closed_hold_nothing(said: str) -> None:
    assert REDACTOR.settled(f"Look: {said}") == f"Look: {said}"


def test_the_end_of_a_long_text_costs_little() -> None:
    text = "echo 'a <b \"c` data: " * 5_000
    assert re.match("Look|$", REDACTOR.settled(text))


def test_a_password_of_several_words_in_a_tag_is_masked_whole() -> None:
    text = " <password>correcthorse and battery</password>\n"
    assert REDACTOR.redact(text) == f" <password>{MASK}</password>\n"
    assert REDACTOR.redact("<token>the next word</token>") == "<token>the next word</token>"
