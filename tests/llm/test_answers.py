"""What comes back: words as they come, picks, why it ended, and what it took."""

import json
from typing import Any

import pytest

from bot.model.llm import Call, Usage
from tests.llm.scenes import (
    KINDS,
    TOOL,
    answer,
    claude,
    event,
    reply,
    said,
    service,
    stream,
)

EVERYTHING = json.dumps({"domain": "a.example", "names": ["x", "ü"]})


@pytest.mark.parametrize("kind", KINDS)
async def test_words_come_piece_by_piece_and_then_the_whole(kind: str) -> None:
    found = await said(kind, service(stream(*answer(kind, "Hello", ", ", "wörld"))))
    assert found[:-1] == ["Hello", ", ", "wörld"]
    whole = found[-1]
    assert (whole.text, whole.calls, whole.end) == ("Hello, wörld", (), "said")
    assert whole.model == ("claude-sonnet-5-5" if kind == "anthropic" else "gpt-4o-mini")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_however_the_bytes_are_cut(kind: str, size: int) -> None:
    raw = b"".join(answer(kind, "Héllo", "!", picks=(("c1", TOOL.name, EVERYTHING),)))
    chunks = [raw[at : at + size] for at in range(0, len(raw), size)]
    whole = await reply(kind, service(stream(*chunks)))
    assert whole.text == "Héllo!"
    assert whole.calls == (Call("c1", TOOL.name, json.loads(EVERYTHING)),)


@pytest.mark.parametrize("kind", KINDS)
async def test_several_picks_keep_their_order_and_ids(kind: str) -> None:
    picks = (("toolu_1", TOOL.name, EVERYTHING), ("toolu_2", "ask_the_person", '{"question": "?"}'))
    whole = await reply(kind, service(stream(*answer(kind, "I plan.", picks=picks))))
    assert [(call.id, call.tool) for call in whole.calls] == [
        ("toolu_1", TOOL.name),
        ("toolu_2", "ask_the_person"),
    ]
    assert (whole.text, whole.end) == ("I plan.", "picked")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ids", [("", ""), ("same", "same"), ("no id!", "x" * 65), ("pick-1", "")])
async def test_every_pick_has_an_id_of_its_own(kind: str, ids: tuple[str, str]) -> None:
    picks = tuple((id, TOOL.name, EVERYTHING) for id in ids)
    whole = await reply(kind, service(stream(*answer(kind, picks=picks))))
    found = [call.id for call in whole.calls]
    assert len(set(found)) == 2
    assert all(each.replace("-", "").replace("_", "").isalnum() for each in found)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_optional_slot_that_is_null_is_left_out(kind: str) -> None:
    given = '{"domain": null, "port": null, "mode": null, "names": [null], "more": null}'
    whole = await reply(kind, service(stream(*answer(kind, picks=(("c", TOOL.name, given),)))))
    assert whole.calls[0].arguments == {"domain": None, "names": [None], "more": None}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "given",
    [
        "[]",
        '"text"',
        "null",
        "{",
        '{"a": NaN}',
        '{"a": ' + "[" * 50 + "]" * 50 + "}",
        "[" * 5000,
        '{"a": ' + "9" * 5000 + "}",
    ],
)
async def test_arguments_that_are_no_object_are_none(kind: str, given: str) -> None:
    whole = await reply(kind, service(stream(*answer(kind, picks=(("c", TOOL.name, given),)))))
    assert whole.calls == (Call("c", TOOL.name, None),)


@pytest.mark.parametrize("kind", KINDS)
async def test_halves_of_characters_do_not_come_through(kind: str) -> None:
    there = service(
        stream(*answer(kind, "a\ud83d", picks=(("c", TOOL.name, '{"domain": "\\ud83d"}'),)))
    )
    whole = await reply(kind, there)
    assert whole.text == "a?"
    assert whole.calls[0].arguments == {"domain": "?"}


@pytest.mark.parametrize("kind", KINDS)
async def test_no_arguments_are_an_empty_object(kind: str) -> None:
    whole = await reply(kind, service(stream(*answer(kind, picks=(("c", TOOL.name, ""),)))))
    assert whole.calls[0].arguments == {}


@pytest.mark.parametrize(
    ("kind", "stop", "end"),
    [
        ("anthropic", "end_turn", "said"),
        ("anthropic", "stop_sequence", "said"),
        ("anthropic", "tool_use", "said"),
        ("anthropic", "refusal", "refused"),
        ("anthropic", "max_tokens", "cut"),
        ("anthropic", "model_context_window_exceeded", "cut"),
        ("anthropic", "pause_turn", "cut"),
        ("anthropic", "something new", "cut"),
        ("openai", "stop", "said"),
        ("openai", "length", "cut"),
        ("openai", "content_filter", "refused"),
        ("openai", "something new", "cut"),
        ("ollama", "stop", "said"),
    ],
)
async def test_why_it_ended(kind: str, stop: str, end: str) -> None:
    assert (await reply(kind, service(stream(*answer(kind, "So.", stop=stop))))).end == end


@pytest.mark.parametrize(
    ("kind", "stop", "end"),
    [
        ("anthropic", "end_turn", "picked"),
        ("openai", "stop", "picked"),
        ("openai", "length", "cut"),
    ],
)
async def test_what_was_picked_counts_more_than_what_is_said_of_it(
    kind: str, stop: str, end: str
) -> None:
    chunks = answer(kind, picks=(("c", TOOL.name, EVERYTHING),), stop=stop)
    assert (await reply(kind, service(stream(*chunks)))).end == end


async def test_a_refusal_of_the_chat_endpoint() -> None:
    refusal = {"choices": [{"delta": {"refusal": "I will not."}}]}
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    assert (await reply("openai", service(stream(event(refusal), event(end))))).end == "refused"


COUNTS = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 50,
    "cache_read_input_tokens": 2_000,
    "output_tokens": 1,
}


async def test_what_claude_took() -> None:
    whole = await reply("anthropic", service(stream(*claude("Hi.", usage=COUNTS))))
    # 10 at 2 $, 50 at 2.5 $, 2000 at 0.1 $ and 5 at 10 $ for a million.
    assert whole.usage == Usage(60, 2_000, 5, pytest.approx(0.000_395))


async def test_what_the_chat_endpoint_took() -> None:
    counts = {
        "prompt_tokens": 100,
        "completion_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 40},
    }
    there = service(stream(*answer("openai", "Hi.", usage=counts)))
    # 60 at 0.15 $, 40 at 0.075 $ and 30 at 0.6 $ for a million.
    assert (await reply("openai", there)).usage == Usage(60, 40, 30, pytest.approx(0.000_03))


@pytest.mark.parametrize("kind", KINDS)
async def test_at_home_it_costs_nothing(kind: str) -> None:
    there = service(stream(*answer(kind, "Hi.")))
    whole = await reply(kind, there, base_url="http://192.168.1.7:8000")
    assert whole.usage == Usage(7, 0, 5, 0.0)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("anthropic", {"model": "claude-of-tomorrow"}),
        ("openai", {"base_url": "https://llm.example.org/v1"}),
    ],
)
async def test_a_price_that_is_not_known_is_none(kind: str, more: dict[str, Any]) -> None:
    chunks = answer(kind, "Hi.")
    if kind == "anthropic":
        chunks[0] = chunks[0].replace(b"claude-sonnet-5-5", b"claude-of-tomorrow")
    assert (await reply(kind, service(stream(*chunks)), **more)).usage == Usage(7, 0, 5, None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("odd", [-5, "many", 1.5, True, None, [1], 10**30, {"a": 1}])
async def test_odd_counts_are_no_counts(kind: str, odd: Any) -> None:
    name = "input_tokens" if kind == "anthropic" else "prompt_tokens"
    there = service(stream(*answer(kind, "Hi.", usage={name: odd})))
    usage = (await reply(kind, there)).usage
    assert 0 <= usage.fresh <= 1_000_000_000
    assert usage.dollars is None or usage.dollars >= 0
