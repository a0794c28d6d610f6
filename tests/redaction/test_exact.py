"""The secrets that the bot holds, in every form in which they may come back."""

import base64
import html
import json
import shlex
from re import sub
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redact import MASK, SecretRedactor

SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_categories=["Cc", "Zs", "Cf"]),
    min_size=4,
    max_size=40,
)
LONG = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=10, max_size=40)


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_as_it_is(secret: str, before: str, after: str) -> None:
    clean = SecretRedactor([secret]).redact(f"{before} {secret} {after}")
    assert secret not in clean
    assert MASK in clean


@given(SECRETS)
def test_in_a_url_in_json_in_html(secret: str) -> None:
    redactor = SecretRedactor([secret])
    lower = sub("%..", lambda match: match[0].lower(), quote(secret, safe=""))
    forms = (
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        lower,
        json.dumps(secret)[1:-1],
        html.escape(secret),
    )
    for form in forms:
        assert form not in redactor.redact(f"<{form}>")


@given(LONG, st.binary(max_size=30), st.binary(max_size=30))
def test_inside_a_longer_base64(secret: str, before: bytes, after: bytes) -> None:
    """What is left of it tells no byte of the secret, at any of the three places in a group."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(before + secret.encode() + after).decode()
        clean = SecretRedactor([secret]).redact(text)
        assert MASK in clean
        left, _, right = clean.partition(MASK)
        assert len(left) * 6 <= len(before) * 8 + 7
        assert len(right.replace("=", "")) * 6 <= len(after) * 8 + 7


@given(st.tuples(LONG, LONG).map("'".join))
def test_in_a_shells_quotes(secret: str) -> None:
    assert shlex.quote(secret)[1:-1] not in SecretRedactor([secret]).redact(
        f"run {shlex.quote(secret)}"
    )


def test_a_basic_header() -> None:
    encoded = base64.b64encode(b"parley:the-rooms-own").decode()
    redactor = SecretRedactor(["the-rooms-own"])
    assert redactor.redact(f"sent {encoded} twice").startswith("sent ")
    assert base64.b64encode(b"the-room").decode()[:8] not in redactor.redact(f"sent {encoded}")


def test_the_lines_of_a_key() -> None:
    key = "first line of it\nsecond line of it\nend"
    redactor = SecretRedactor([key])
    assert redactor.redact("saw second line of it here") == f"saw {MASK} here"
    assert redactor.redact("the end") == "the end"


def test_overlapping_ones() -> None:
    redactor = SecretRedactor(["abcdefgh", "efghijkl"])
    assert redactor.redact("x abcdefghijkl y") == f"x {MASK} y"


def test_a_token_with_a_secret_in_it_goes_whole() -> None:
    redactor = SecretRedactor(["midd1e"])
    token = "ghp_" + "a" * 15 + "midd1e" + "b" * 15
    assert redactor.redact(f"x {token} y") == f"x {MASK} y"


@pytest.mark.parametrize("short", ["", "abc", "   ", "\n\n\n\n"])
def test_short_ones_blot_out_nothing(short: str) -> None:
    text = "abc   \n\n\n\n abc"
    assert SecretRedactor([short]).redact(text) == text
