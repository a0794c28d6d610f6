"""Answers that are too long, broken off, or odd: each is told in one sentence, and no more of it is read than anybody needs."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from adapters.llm.answer import MOST_CALLS, MOST_WORDS
from bot.model.errors import PermanentError, TemporaryError
from bot.model.llm import Piece, Reply
from tests.llm.scenes import (
    KINDS,
    TOOL,
    answer,
    claude,
    event,
    failure,
    opened,
    plain,
    prompt,
    reply,
    said,
    service,
    stream,
)

EVERYTHING = json.dumps({"domain": "a.example", "names": ["x", "ü"]})


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_of_10_megabytes_is_not_read_to_its_end(kind: str) -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        first, *_ = [each for each in answer(kind, "x" * 1_000) if b"xxx" in each]
        for _ in range(10_000):
            taken += len(first)
            yield first

    there = service(lambda: httpx2.Response(200, content=body()))
    found = await said(kind, there)
    error = found[-1]
    assert isinstance(error, PermanentError)
    assert "too long" in error.what
    assert error.reason == "endless", "of the model, and not of the question"
    assert sum(map(len, found[:-1])) <= MOST_WORDS
    assert taken < 2 * MOST_WORDS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("piece", "told"),
    [
        (b": nothing\n\n", "cannot be read"),
        (b": " + b"nothing" * 1_000 + b"\n\n", "too long"),
        (b"data: x", "cannot be read"),
        (b"data:\n", "cannot be read"),
        (b"data: " + b"x" * 1_000 + b"\n", "cannot be read"),
        (b"\n", "cannot be read"),
    ],
)
async def test_nor_are_bytes_without_an_answer(kind: str, piece: bytes, told: str) -> None:
    """Not many short lines, nor a line or an event without end."""
    chunk = piece * (65_536 // len(piece))
    error = await failure(kind, service(stream(*[chunk] * 160)))
    assert told in error.what


@pytest.mark.parametrize("kind", KINDS)
async def test_a_long_refusal_is_not_read_either(kind: str) -> None:
    error = await failure(kind, service(stream(*[b"x" * 65_536] * 160, status=500)))
    assert "too long" in error.what


@pytest.mark.parametrize("kind", KINDS)
async def test_more_picks_than_anybody_makes(kind: str) -> None:
    picks = tuple((f"c{number}", TOOL.name, "{}") for number in range(MOST_CALLS + 1))
    error = await failure(kind, service(stream(*answer(kind, picks=picks))))
    assert "too long" in error.what


@pytest.mark.parametrize("kind", KINDS)
async def test_packed_little_does_not_become_much(kind: str) -> None:
    error = await failure(
        kind, service(stream(b"\x1f\x8b\x08" * 20, **{"content-encoding": "gzip"}))
    )
    assert isinstance(error, PermanentError)
    assert "cannot be read" in error.what


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("left", [1, 2, 3])
async def test_a_stream_that_ends_in_the_middle_is_no_answer(kind: str, left: int) -> None:
    whole = answer(kind, "One", "two", picks=(("c", TOOL.name, EVERYTHING),))
    error = await failure(kind, service(stream(*whole[: -left - 2], b"data: {")))
    assert isinstance(error, TemporaryError)
    assert "broke off" in error.what


@pytest.mark.parametrize("kind", KINDS)
async def test_a_connection_that_breaks_in_the_middle(kind: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        for chunk in answer(kind, "One", "two")[:4]:
            yield chunk
        raise httpx2.RemoteProtocolError("peer closed connection")

    there = service(lambda: httpx2.Response(200, content=body()))
    found = await said(kind, there)
    assert found[0] == "One"
    assert isinstance(found[-1], TemporaryError)
    assert "broke off" in found[-1].what
    assert len(there.asked) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_break_before_the_first_word_is_tried_again(kind: str) -> None:
    picks = (("c", TOOL.name, EVERYTHING),)
    begun = answer(kind, picks=picks)[:3]
    there = service(stream(*begun), stream(*answer(kind, picks=picks)))
    assert isinstance((await said(kind, there))[-1], Reply)
    assert (len(there.asked), there.clock.slept) == (2, [0.5])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"{}",
        b"<html>Please log in</html>",
        b'{"choices": []}\n\n',
        b"data: {not json\n\n",
        b"data: []\n\n",
        b"data: 1\n\n",
        b"\xff\xfe\x00",
        b"data: " + b"[" * 9000 + b"\n\n",
    ],
)
async def test_what_is_no_answer_is_told_in_one_sentence(kind: str, body: bytes) -> None:
    error = await failure(kind, service(stream(body)), tries=1)
    assert error.what in {
        "What it answered cannot be read.",
        "it broke off in the middle of its answer.",
    }
    assert ("broke off" in error.what) == (not body.strip())


ODD: tuple[Any, ...] = (None, 1, "x", [], {}, [None], [[]], [{"index": "x"}], {"type": []})


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["message", "content_block", "delta", "usage", "index", "type"])
async def test_odd_events_of_claude_are_passed_over(name: str, odd: Any) -> None:
    kinds = ("message_start", "content_block_start", "content_block_delta", "message_delta")
    strange = [event({"type": kind, "index": 0, name: odd}) for kind in kinds]
    there = service(stream(*strange, *claude("Well.")))
    assert (await reply("anthropic", there)).text == "Well."


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["choices", "usage", "model", "delta", "tool_calls", "content"])
async def test_odd_events_of_the_chat_endpoint_are_passed_over(name: str, odd: Any) -> None:
    delta = {"choices": [{"delta": {name: odd}}]}
    strange = [event({name: odd}), event({"choices": [{name: odd}]}), event(delta)]
    there = service(stream(*strange, *answer("openai", "Well.")))
    assert (await reply("openai", there)).text.endswith("Well.")


@pytest.mark.parametrize("kind", KINDS)
async def test_who_stops_listening_closes_the_answer(kind: str) -> None:
    class Body(httpx2.AsyncByteStream):
        closed = False

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in answer(kind, "One", "two"):
                yield chunk

        async def aclose(self) -> None:
            self.closed = True

    body = Body()
    there = service(lambda: httpx2.Response(200, stream=body))
    model = opened(kind, there)
    pieces = model.reply(prompt())
    assert await anext(pieces) == Piece("One")
    assert not body.closed
    await pieces.aclose()
    await model.close()
    assert body.closed


async def test_plain_json_in_the_place_of_a_stream() -> None:
    error = await failure(
        "openai", service(plain(200, {"choices": [{"message": {"content": "x"}}]}))
    )
    assert "cannot be read" in error.what
