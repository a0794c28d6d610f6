"""A pick of a tool that says something comes piece by piece, as it is being written."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SystemClock
from bot.model.errors import ParleyError
from bot.model.llm import Piece, Prompt, Reply, Said, Tool
from tests.llm.scenes import (
    KINDS,
    PLUGINS,
    TOOL,
    answer,
    plain,
    prompt,
    reply,
    said,
    service,
    settings,
    stream,
)
from tests.servers import aimock

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
TELL = Tool("tell", "Answer.", SCHEMA, says="answer")
WRITTEN = json.dumps({"answer": "The disk is full, and nothing else is wrong."})
ASKED = prompt(tools=(TOOL, TELL), must_pick=True)


def pieces(found: list[Any]) -> list[Piece]:
    return [each for each in found if isinstance(each, Piece)]


def cut(kind: str) -> list[bytes]:
    """An answer that ends in the middle of its pick."""
    chunks = answer(kind, picks=(("c1", "tell", WRITTEN),))
    at = max(place for place, each in enumerate(chunks) if WRITTEN[-20:-4].encode() in each)
    return chunks[:at]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pick_begins_and_grows(kind: str) -> None:
    found = await said(
        kind, service(stream(*answer(kind, picks=(("c1", "tell", WRITTEN),)))), ASKED
    )
    first, *rest = pieces(found)
    assert first == Piece("", "tell")
    assert len(rest) == 2
    assert all(each.tool == "tell" and each.text for each in rest)
    assert "".join(each.text for each in rest) == WRITTEN
    assert found[-1].calls[0].arguments == json.loads(WRITTEN)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pick_that_says_nothing_is_only_whole(kind: str) -> None:
    picks = (("c1", TOOL.name, '{"domain": "a.example"}'), ("c2", "tell", WRITTEN))
    found = await said(kind, service(stream(*answer(kind, picks=picks))), ASKED)
    assert {each.tool for each in pieces(found)} == {"tell"}
    assert len(found[-1].calls) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pick_that_breaks_off_is_asked_for_again_and_begins_anew(kind: str) -> None:
    whole = answer(kind, picks=(("c1", "tell", WRITTEN),))
    there = service(stream(*cut(kind)), stream(*whole))
    found = pieces(await said(kind, there, ASKED))
    begun = [place for place, each in enumerate(found) if not each.text]
    assert len(begun) == len(there.asked) == 2
    assert "".join(each.text for each in found[begun[1] :]) == WRITTEN


@pytest.mark.parametrize("kind", KINDS)
async def test_words_before_it_are_not_said_twice(kind: str) -> None:
    begun = answer(kind, "Let me see.", picks=(("c1", "tell", WRITTEN),))[:-4]
    there = service(stream(*begun))
    assert isinstance((await said(kind, there, ASKED))[-1], ParleyError)
    assert len(there.asked) == 1


async def test_claude_is_asked_for_the_arguments_of_what_says_something_at_once() -> None:
    there = service(stream(*answer("anthropic", "Well.")))
    await reply("anthropic", there, ASKED)
    eager = {each["name"]: each.get("eager_input_streaming") for each in there.body["tools"]}
    assert eager == {TOOL.name: None, "tell": True}
    assert all(each["strict"] for each in there.body["tools"])


async def test_servers_that_only_speak_like_it_are_not() -> None:
    there = service(stream(*answer("anthropic", "Well.")))
    await reply("anthropic", there, ASKED, base_url="https://gateway.example.org")
    assert not [each for each in there.body["tools"] if "eager_input_streaming" in each]


async def test_where_it_is_refused_it_is_left_out_and_then_the_picking_too() -> None:
    no = plain(400, {"error": {"type": "invalid_request_error", "message": "no"}})
    there = service(no, no, stream(*answer("anthropic", "Well.")))
    await reply("anthropic", there, ASKED)
    bodies = [json.loads(request.content) for request in there.asked]
    eager = [any("eager_input_streaming" in each for each in body["tools"]) for body in bodies]
    assert eager == [True, False, False]
    assert [body["tool_choice"]["type"] for body in bodies] == ["any", "any", "auto"]


@pytest.mark.parametrize("kind", KINDS)
async def test_against_a_server_that_others_wrote(kind: str, tmp_path: Path) -> None:
    if aimock.absent():
        pytest.skip(aimock.absent())
    call = {"name": "tell", "arguments": WRITTEN}
    fixture = {"match": {"userMessage": "why"}, "response": {"toolCalls": [call]}}
    path = tmp_path / "all.json"
    path.write_text(json.dumps({"fixtures": [fixture]}))
    with aimock.serving(path, "--chunk-size", "6", "--latency", "5") as url:
        made = settings(kind, base_url=url if kind == "anthropic" else f"{url}/v1")
        model = PLUGINS[kind].load()("it", made, SystemClock())
        question = Prompt("You answer.", (TELL,), (Said("user", "why"),), must_pick=True)
        found = [each async for each in model.reply(question)]
        await model.close()
    first, *rest = pieces(found)
    assert first == Piece("", "tell")
    assert len(rest) > 5
    assert json.loads("".join(each.text for each in rest)) == json.loads(WRITTEN)
    assert isinstance(found[-1], Reply)
