"""Models that think first: they cannot be made to pick, and want their thoughts back as they were."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.llm.anthropic.echo import MOST_KEPT
from adapters.llm.asking import PICK
from bot.model.errors import PermanentError
from bot.model.llm import Call, Picked, Reply, Returned
from tests.llm.scenes import (
    KINDS,
    TOOL,
    Service,
    answer,
    event,
    failure,
    opened,
    plain,
    prompt,
    service,
    stream,
)

GIVEN = '{"domain": "a.example", "port": null}'


async def ask(model: Any, question: Any) -> Reply:
    last = [piece async for piece in model.reply(question)][-1]
    assert isinstance(last, Reply)
    return last


def choice(body: dict[str, Any]) -> str:
    chosen = body["tool_choice"]
    return chosen["type"] if isinstance(chosen, dict) else chosen


@pytest.mark.parametrize("kind", KINDS)
async def test_who_cannot_be_made_to_pick_is_asked_to(kind: str) -> None:
    good = answer(kind, picks=(("c", TOOL.name, "{}"),))
    there = service(plain(400), *(stream(*good) for _ in range(2)))
    model = opened(kind, there)
    for _ in range(2):
        assert (await ask(model, prompt(must_pick=True))).end == "picked"
    forced, first, second = (json.loads(request.content) for request in there.asked)
    assert choice(forced) in {"any", "required"}
    assert PICK not in json.dumps(forced)
    assert (choice(first), choice(second)) == ("auto", "auto")
    assert PICK in json.dumps(first.get("system") or first["messages"][0])
    assert there.clock.slept == []
    await model.close()


async def test_what_is_kept_stands_before_that() -> None:
    there = service(plain(400), stream(*answer("anthropic", "Well.")))
    model = opened("anthropic", there)
    await ask(model, prompt(must_pick=True))
    first, second = there.body["system"]
    assert first["cache_control"] == {"type": "ephemeral"}
    assert second == {"type": "text", "text": PICK}
    await model.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_question_that_is_refused_twice_is_refused(kind: str) -> None:
    there = service(plain(400))
    error = await failure(kind, there, prompt(must_pick=True))
    assert isinstance(error, PermanentError)
    assert "cannot make sense of the question (400)" in error.what
    assert len(there.asked) == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [401, 403, 404, 413])
async def test_no_other_refusal_is_put_down_to_it(kind: str, status: int) -> None:
    there = service(plain(status))
    await failure(kind, there, prompt(must_pick=True))
    assert len(there.asked) == 1


def thought(*extra: dict[str, Any]) -> list[bytes]:
    """An answer of Claude with thoughts before its pick."""
    made: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"model": "claude-sonnet-5-5"}},
        begun(0, {"type": "thinking", "thinking": "", "signature": ""}),
        part(0, {"type": "thinking_delta", "thinking": "The domain "}),
        part(0, {"type": "thinking_delta", "thinking": "is said."}),
        part(0, {"type": "signature_delta", "signature": "c2lnbmVk"}),
        begun(1, {"type": "redacted_thinking", "data": "aGlkZGVu"}),
        begun(2, {"type": "text", "text": ""}),
        part(2, {"type": "text_delta", "text": "I add it."}),
        begun(3, {"type": "tool_use", "id": "toolu_1", "name": TOOL.name, "input": {}}),
        part(3, {"type": "input_json_delta", "partial_json": GIVEN[:9]}),
        part(3, {"type": "input_json_delta", "partial_json": GIVEN[9:]}),
        *extra,
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
    ]
    return [event(each) for each in made]


def begun(index: int, block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def part(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


WHOLE = [
    {"type": "thinking", "thinking": "The domain is said.", "signature": "c2lnbmVk"},
    {"type": "redacted_thinking", "data": "aGlkZGVu"},
    {"type": "text", "text": "I add it."},
    {
        "type": "tool_use",
        "id": "toolu_1",
        "name": TOOL.name,
        "input": {"domain": "a.example", "port": None},
    },
]
PLAIN = [WHOLE[2], {**WHOLE[3], "input": {"domain": "a.example"}}]


async def corrected(there: Service, model: Any, **changes: Any) -> list[dict[str, Any]]:
    """What Claude is sent of its own first answer when it is told what was wrong with it."""
    first = prompt()
    reply = await ask(model, first)
    assert reply.text == "I add it."
    assert reply.calls == (Call("toolu_1", TOOL.name, {"domain": "a.example"}),)
    told = (Picked(reply.text, reply.calls), Returned((("toolu_1", "port is missing.", True),)))
    await ask(model, replace(first, turns=(*first.turns, *told), **changes))
    content: list[dict[str, Any]] = there.body["messages"][1]["content"]
    return content


async def test_thoughts_go_back_as_they_were() -> None:
    there = service(stream(*thought()), stream(*answer("anthropic", "Well.")))
    model = opened("anthropic", there)
    assert await corrected(there, model) == WHOLE
    await model.close()


@pytest.mark.parametrize(
    "changes", [{"system": "Another."}, {"tools": (TOOL, replace(TOOL, name="x"))}]
)
async def test_thoughts_stay_behind_where_something_before_them_has_changed(changes: Any) -> None:
    there = service(stream(*thought()), stream(*answer("anthropic", "Well.")))
    model = opened("anthropic", there)
    assert await corrected(there, model, **changes) == PLAIN
    await model.close()


@pytest.mark.parametrize(
    "odd",
    [
        begun(4, {"type": "something new"}),
        begun(3, {"type": "text"}),
        begun(4, {"type": "thinking", "thinking": 7}),
        part(0, {"type": "something new"}),
        part(9, {"type": "thinking_delta", "thinking": "?"}),
        part(0, {"type": "thinking_delta", "thinking": None}),
        part(0, {"type": "thinking_delta", "thinking": "x" * 300_000}),
    ],
)
async def test_what_is_not_understood_is_not_sent_back(odd: dict[str, Any]) -> None:
    there = service(stream(*thought(odd)), stream(*answer("anthropic", "Well.")))
    model = opened("anthropic", there)
    assert await corrected(there, model) == PLAIN
    await model.close()


async def test_without_thoughts_nothing_is_kept() -> None:
    picks = (("toolu_1", TOOL.name, GIVEN),)
    there = service(
        stream(*answer("anthropic", "I add it.", picks=picks)),
        stream(*answer("anthropic", "Well.")),
    )
    model = opened("anthropic", there)
    assert await corrected(there, model) == PLAIN
    await model.close()


async def test_thoughts_are_not_kept_for_ever() -> None:
    there = service(stream(*thought()))
    model = opened("anthropic", there)
    first = prompt("the first")
    reply = await ask(model, first)
    for number in range(MOST_KEPT):
        await ask(model, prompt(f"another {number}"))
    told = (Picked(reply.text, reply.calls), Returned((("toolu_1", "Wrong.", True),)))
    await ask(model, replace(first, turns=(*first.turns, *told)))
    assert there.body["messages"][1]["content"] == PLAIN
    await model.close()
