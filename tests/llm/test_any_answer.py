"""Whatever a service sends, there comes a reply or a sentence, never another exception."""

import asyncio
import json
from typing import Any

import httpx2
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.llm.answer import MOST_WORDS
from bot.model.errors import ParleyError
from bot.model.llm import Reply
from tests.llm.scenes import KINDS, TOOL, answer, event, said, service, stream

NAMES = st.sampled_from(
    [
        "type",
        "index",
        "delta",
        "text",
        "usage",
        "message",
        "choices",
        "content",
        "tool_calls",
        "function",
        "arguments",
        "name",
        "id",
        "stop_reason",
        "finish_reason",
        "error",
        "model",
        "content_block",
        "thinking",
        "signature",
        "data",
        "partial_json",
        "input",
        "input_tokens",
        "prompt_tokens",
        "output_tokens",
    ]
)
TYPES = st.sampled_from(
    [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "message_delta",
        "error",
        "text",
        "text_delta",
        "thinking",
        "redacted_thinking",
        "thinking_delta",
        "signature_delta",
        "input_json_delta",
        "tool_use",
        "end_turn",
        "stop",
        TOOL.name,
        '{"domain": 1}',
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | TYPES
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5)
)
STATUS = st.sampled_from([200, 200, 200, 201, 204, 206, 302, 400, 401, 404, 429, 500, 529, 600])


def settled(kind: str, *chunks: bytes, status: int = 200) -> Reply | ParleyError:
    """What came of it. Anything that is no ParleyError comes through."""
    found = asyncio.run(said(kind, service(stream(*chunks, status=status)), tries=1))
    last = found[-1]
    assert isinstance(last, (Reply, ParleyError))
    if isinstance(last, ParleyError):
        assert last.what
        assert last.mend
        return last
    assert "".join(found[:-1]) == last.text
    assert len(last.text) <= MOST_WORDS
    json.dumps([last.text, *(call.arguments for call in last.calls)], ensure_ascii=False).encode()
    assert len({call.id for call in last.calls}) == len(last.calls)
    usage = last.usage
    assert min(usage.fresh, usage.kept, usage.written, usage.dollars or 0) >= 0
    return last


@given(st.sampled_from(KINDS), st.lists(st.binary(), max_size=5), STATUS)
def test_any_bytes(kind: str, chunks: list[bytes], status: int) -> None:
    settled(kind, *chunks, status=status)


@given(st.sampled_from(KINDS), st.lists(JSON, max_size=6), STATUS)
def test_any_events(kind: str, events: list[Any], status: int) -> None:
    settled(kind, *map(event, events), status=status)


@settings(max_examples=200)
@given(st.sampled_from(KINDS), st.data())
def test_a_good_answer_with_something_changed(kind: str, data: st.DataObject) -> None:
    raw = bytearray(b"".join(answer(kind, "Hello", picks=(("c", TOOL.name, '{"domain": "a"}'),))))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=5))
    settled(kind, bytes(raw))


@settings(max_examples=200)
@given(st.sampled_from(KINDS), st.data())
def test_an_answer_cut_anywhere_is_never_taken_for_a_whole_one(
    kind: str, data: st.DataObject
) -> None:
    whole = b"".join(answer(kind, "Hello", picks=(("c", TOOL.name, '{"domain": "a"}'),)))
    found = settled(kind, whole[: data.draw(st.integers(0, len(whole)))])
    if isinstance(found, Reply):
        assert found.calls[0].arguments == {"domain": "a"}


@given(st.sampled_from(KINDS), JSON)
def test_any_arguments(kind: str, arguments: Any) -> None:
    found = settled(kind, *answer(kind, picks=(("c", TOOL.name, json.dumps(arguments)),)))
    assert isinstance(found, Reply)
    given = found.calls[0].arguments
    assert given is None or isinstance(arguments, dict)


@given(st.dictionaries(st.sampled_from(["retry-after", "content-type", "x"]), st.text(max_size=20)))
def test_any_headers(headers: dict[str, str]) -> None:
    clean = {name: value.encode("ascii", "ignore").decode() for name, value in headers.items()}
    printable = {name: "".join(filter(str.isprintable, value)) for name, value in clean.items()}
    there = service(lambda: httpx2.Response(429, headers=printable))
    assert isinstance(asyncio.run(said("openai", there, tries=1))[-1], ParleyError)
