"""A text that is still being written: of a secret that is coming nobody sees a part, and what is innocent is shown soon."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.redact import MASK, SecretRedactor
from tests.redaction.planted import plants
from tests.redaction.test_blocks import LINES, pem

HELD = "correct horse battery staple"
REDACTOR = SecretRedactor([HELD, "s3cr3t/with+signs="])
PLANTS = [(plant.line, plant.secret) for plant in plants()]
KEY = pem("RSA PRIVATE KEY")
BODY = KEY.split("-----")[2]
HEX = "\n".join(hashlib.md5(bytes([n]), usedforsecurity=False).hexdigest() for n in range(16))
ESCAPED = "\\r\\n ".join(LINES)
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
    # Their mark is behind them, and is not all in capitals.
    (f"Here:\n{HEX}\n-----END OpenVPN Static key V1-----\nok", HEX),
    (f"Here:\n{HEX}\n-----END OpenVPN tls-crypt-v2 client key-----\nok", HEX),
    # One line, whose breaks are written out and may be half there.
    (f"{ESCAPED}\\r\\n -----END RSA PRIVATE KEY-----\n ok", ESCAPED),
    # The quotes are no pairs: one before them is none, or one in them is escaped.
    (r"IDENTIFIED BY 'ab\' cd7Z efgh ijkl' ok", r"ab\' cd7Z efgh ijkl"),
    ("'tis IDENTIFIED BY 'two words 7Z' ok", "two words 7Z"),
    ("Rock 'n roll: PASSWORD 'two words 7Z' ok", "two words 7Z"),
    (r"{\"token\": \"none shall pass 7Z\", \"x\": 1} ok", "none shall pass 7Z"),
    # A word that ends as a program's name may be one, and so may one behind a break that is written out.
    ("myecho hunter27 | sudo -S x", "hunter27"),
    (r"first\necho hunter27 | passwd", "hunter27"),
    ("echo -n 'hunter27'  | sudo -kS x", "hunter27"),
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
    "said",
    [
        "`/var` is full. ",
        "It doesn't answer. ",
        'The "old" one runs. ',
        "Its password 'policy' is that of web1. ",
        r"{\"user\": \"alice\", \"age\": 7} is there. ",
    ],
)
def test_quotes_that_are_closed_hold_nothing(said: str) -> None:
    assert REDACTOR.settled(f"Look: {said}") == f"Look: {said}"


@pytest.mark.parametrize(
    "said",
    [
        "They echo each other, and printf is one word of many. ",
        "Run echo hello and look whether it comes back. ",
        "The password is older than its policy says, and identified by nobody. ",
        "It has been full since Monday.\n-----\nThe rest is empty. ",
        "averyverylongnameofaservice\n-----\nThat is its name. ",
    ],
)
def test_words_that_only_look_like_the_beginning_of_a_secret_hold_nothing(said: str) -> None:
    for end in [at for at, letter in enumerate(said, 1) if letter in " \n"]:
        held = said[len(REDACTOR.settled(said[:end])) : end]
        assert len(held.split()) <= 3, (said[:end], held)
    assert REDACTOR.settled(said) == said


@pytest.mark.parametrize("said", ["a password 'old one", r"a token=\"none of", "they echo it"])
def test_what_is_held_begins_behind_what_was_shown(said: str) -> None:
    before = ""
    for end in range(len(said) + 1):
        seen = REDACTOR.settled(said[:end])
        assert seen.startswith(before)
        before = seen


def test_the_end_of_a_long_text_costs_little() -> None:
    text = "echo 'a <b \"c` data: " * 5_000
    assert REDACTOR.settled(text) == "echo 'a ", "the first tag is still to be closed"


def test_a_password_of_several_words_in_a_tag_is_masked_whole() -> None:
    text = " <password>correcthorse and battery</password>\n"
    assert REDACTOR.redact(text) == f" <password>{MASK}</password>\n"
    assert REDACTOR.redact("<token>the next word</token>") == "<token>the next word</token>"
