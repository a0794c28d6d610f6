"""What reads outside data: spoken orders, lengths of sounds, answers of a service. Nothing raises but what is promised."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.speech.openai import _words, refused
from bot import words
from bot.cases.spoken import is_order
from bot.model.errors import ParleyError, PermanentError, TemporaryError
from bot.report import heard
from bot.speech import length_of
from tests.servers.speech import NOTE

ORDERS = [
    "approve",
    "reject",
    "approve 7f3a",
    "cancel",
    "hold",
    "stop",
    "resume",
    "undo",
    "retry",
    "done",
    "roll back",
    "try again",
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "said",
    [
        "{}",
        "{}.",
        "Infra, {}!",
        "@infra {}",
        "please {}",
        "Okay, infra: {}",
        "“{}”",
        "{}, please.",
        "Yes. {}",
    ],
)
def test_an_order_is_one_however_it_is_written_down(order: str, said: str) -> None:
    assert is_order(said.format(order).capitalize(), "infra")


@pytest.mark.parametrize(
    "said",
    [
        "stop nginx on web1",
        "approve the invoice workflow on web1",
        "plans",
        "help",
        "",
        "restart nginx",
    ],
)
def test_requests_are_no_orders(said: str) -> None:
    addressed = words.parse(said, addressed=True)
    assert addressed is None or isinstance(addressed, words.Show)
    if "approve" not in said:
        assert not is_order(said, "infra")


@given(st.text())
def test_whatever_is_a_command_when_typed_is_an_order_when_spoken(said: str) -> None:
    typed = words.parse(said, addressed=True)
    if typed is not None and not isinstance(typed, words.Show):
        assert is_order(said, "infra")
    else:
        is_order(said, "infra")


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_have_a_length_or_none(data: bytes, page: bool) -> None:
    found = length_of(b"OggS" + bytes(24) + b"OpusHead" + data + b"OggS" + data if page else data)
    assert found is None or found >= 0


def test_the_length_of_a_real_voice_note() -> None:
    if not NOTE.exists():
        pytest.skip("the voice note of ../shared/data is not here")
    seconds = length_of(NOTE.read_bytes())
    assert seconds is not None
    assert 2 < seconds < 8


@given(st.floats(0, 1e6))
def test_the_last_page_says_how_long_it_is(seconds: float) -> None:
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, 2, 0, 1, 0, 0, 1) + b"OpusHead"
    last = struct.pack("<4sBBqIIIB", b"OggS", 0, 4, int(seconds * 48_000), 1, 1, 0, 1)
    assert length_of(head + last) == pytest.approx(seconds, abs=0.001)


@given(st.binary(max_size=300))
def test_any_answer_is_words_or_an_error(raw: bytes) -> None:
    with contextlib.suppress(PermanentError):
        assert isinstance(_words(raw), str)


@given(st.integers(100, 599), st.text(st.characters(codec="latin-1")))
def test_any_refusal_is_a_sentence_with_its_mend(status: int, after: str) -> None:
    error = refused(status, {"Retry-After": after})
    assert isinstance(error, ParleyError)
    assert error.what.endswith(".")
    assert error.mend.endswith(".")
    assert isinstance(error, TemporaryError) == (status >= 500 or status in {408, 429})


@given(st.text(max_size=300))
def test_a_quote_gives_back_what_was_heard(said: str) -> None:
    assert heard.transcript(heard.quote(said)) == said
