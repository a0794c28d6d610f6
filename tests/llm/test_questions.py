"""What is sent: strict tools, the choice of them, what is kept, whose words are whose, and where it goes."""

from typing import Any

import pytest
from msgspec.structs import replace

from bot.model.errors import PermanentError
from bot.model.llm import Call, Picked, Prompt, Returned, Said, Tool
from tests.llm.scenes import (
    KEY,
    KINDS,
    TOOL,
    Service,
    answer,
    failure,
    prompt,
    reply,
    service,
    settings,
    stream,
)

EVER = {"type": "ephemeral"}


async def asked(kind: str, question: Prompt, **more: Any) -> Service:
    there = service(stream(*answer(kind, "Good.")))
    await reply(kind, there, question, **more)
    return there


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("anthropic", "https://api.anthropic.com/v1/messages"),
        ("openai", "https://api.openai.com/v1/chat/completions"),
        ("ollama", "http://127.0.0.1:11434/v1/chat/completions"),
    ],
)
async def test_where_it_goes_and_with_which_key(kind: str, url: str) -> None:
    there = await asked(kind, prompt())
    request = there.asked[-1]
    assert str(request.url) == url
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert ("anthropic-version" in request.headers) == (kind == "anthropic")
    assert there.body["stream"] is True


@pytest.mark.parametrize("kind", KINDS)
async def test_another_server_and_no_key(kind: str) -> None:
    there = await asked(kind, prompt(), api_key=None, base_url="http://llm.internal:8080/deep/v1/")
    request = there.asked[-1]
    path = "messages" if kind == "anthropic" else "chat/completions"
    assert str(request.url) == f"http://llm.internal:8080/deep/v1/{path}"
    assert "Authorization" not in request.headers
    assert "X-Api-Key" not in request.headers


async def test_claude_takes_strict_tools_with_optional_slots() -> None:
    there = await asked("anthropic", prompt(must_pick=True, several=False))
    (tool,) = there.body["tools"]
    assert tool["strict"] is True
    schema = tool["input_schema"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["domain"]
    assert schema["properties"] == TOOL.parameters["properties"]
    assert there.body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert there.body["max_tokens"] == 2_000 + 16_000
    assert there.body["system"] == [
        {"type": "text", "text": "You plan work.", "cache_control": EVER}
    ]
    assert "output_config" not in there.body
    assert not {"temperature", "top_p", "top_k"} & there.body.keys()


async def test_claude_keeps_the_tools_where_there_is_no_system() -> None:
    other = replace(TOOL, name="other")
    there = await asked("anthropic", replace(prompt(tools=(TOOL, other)), system=""))
    assert "system" not in there.body
    assert [tool.get("cache_control") for tool in there.body["tools"]] == [None, EVER]


async def test_claude_may_say_words_and_pick_several() -> None:
    there = await asked("anthropic", prompt(longest=99), effort="low", thoughts=1)
    assert there.body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": False}
    assert there.body["output_config"] == {"effort": "low"}
    assert there.body["max_tokens"] == 100


@pytest.mark.parametrize("kind", ["openai", "ollama"])
async def test_the_chat_endpoint_has_every_slot_required(kind: str) -> None:
    there = await asked(kind, prompt(must_pick=True, several=False))
    (tool,) = there.body["tools"]
    function = tool["function"]
    assert (tool["type"], function["strict"], function["name"]) == ("function", True, TOOL.name)
    schema = function["parameters"]
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["domain", "port", "mode", "names"]
    assert schema["properties"]["domain"] == {"type": "string"}
    assert schema["properties"]["port"] == {"type": ["string", "null"]}
    assert schema["properties"]["mode"]["enum"] == ["http", "https", None]
    assert schema["properties"]["names"]["type"] == ["array", "null"]
    assert there.body["tool_choice"] == "required"
    assert there.body["parallel_tool_calls"] is False
    assert there.body["stream_options"] == {"include_usage": True}
    own = {"max_completion_tokens": 10_000} if kind == "openai" else {"max_tokens": 4_000}
    assert {name: there.body[name] for name in there.body if name.startswith("max")} == own
    assert there.body["messages"][0] == {"role": "system", "content": "You plan work."}


@pytest.mark.parametrize("kind", KINDS)
async def test_without_tools_there_is_no_choice(kind: str) -> None:
    there = await asked(kind, prompt(tools=(), must_pick=True))
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & there.body.keys()


TURNS = (
    Said("user", "add a site"),
    Picked(
        "I try.", (Call("c1", TOOL.name, {"domain": "ü.example"}), Call("c2", "no tool!", None))
    ),
    Returned((("c1", "Good.", False), ("c2", "There is no such tool.", True))),
    Said("user", "and?"),
)


async def test_turns_as_claude_knows_them() -> None:
    there = await asked("anthropic", replace(prompt(), turns=TURNS))
    first, picked, returned, last = there.body["messages"]
    assert (first, last) == (
        {"role": "user", "content": "add a site"},
        {"role": "user", "content": "and?"},
    )
    words, one, two = picked["content"]
    assert (picked["role"], words) == ("assistant", {"type": "text", "text": "I try."})
    assert one == {
        "type": "tool_use",
        "id": "c1",
        "name": TOOL.name,
        "input": {"domain": "ü.example"},
    }
    assert (two["name"], two["input"]) == ("no_tool_", {})
    assert returned["role"] == "user"
    results = [
        (each["type"], each["tool_use_id"], each["content"], each["is_error"])
        for each in returned["content"]
    ]
    assert results == [
        ("tool_result", "c1", "Good.", False),
        ("tool_result", "c2", "There is no such tool.", True),
    ]


async def test_claude_gets_no_words_that_are_none() -> None:
    turns = (
        Said("user", " "),
        Picked("", (Call("c", TOOL.name, {}),)),
        Returned((("c", "", False),)),
    )
    there = await asked("anthropic", replace(prompt(), turns=turns))
    first, picked, returned = there.body["messages"]
    assert first["content"] == "…"
    assert [each["type"] for each in picked["content"]] == ["tool_use"]
    assert returned["content"][0]["content"] == "…"


async def test_turns_as_the_chat_endpoint_knows_them() -> None:
    there = await asked("openai", replace(prompt(), turns=TURNS))
    _, _, picked, one, two, last = there.body["messages"]
    assert (picked["role"], picked["content"]) == ("assistant", "I try.")
    assert picked["tool_calls"][0] == {
        "id": "c1",
        "type": "function",
        "function": {"name": TOOL.name, "arguments": '{"domain": "ü.example"}'},
    }
    assert picked["tool_calls"][1]["function"]["arguments"] == "{}"
    assert one == {"role": "tool", "tool_call_id": "c1", "content": "Good."}
    assert two == {"role": "tool", "tool_call_id": "c2", "content": "Error: There is no such tool."}
    assert last["role"] == "user"


def many(
    count: int, properties: dict[str, Any], required: tuple[str, ...] = ()
) -> tuple[Tool, ...]:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return tuple(Tool(f"tool{number:02}", "d", schema) for number in range(count))


@pytest.mark.parametrize(
    ("tools", "told"),
    [
        (many(21, {}), "21 tools"),
        (many(5, {name: {"type": "string"} for name in "abcde"}), "25 optional slots"),
        (many(17, {"a": {"type": ["string", "null"]}}, ("a",)), "17 slots of several types"),
        (many(1, {"a": {"$ref": "#"}}, ("a",)), "refers to another"),
    ],
)
async def test_what_claude_does_not_take_is_never_sent(tools: tuple[Tool, ...], told: str) -> None:
    there = service(stream(*answer("anthropic", "Good.")))
    error = await failure("anthropic", there, prompt(tools=tools))
    assert isinstance(error, PermanentError)
    assert told in error.what
    assert there.asked == []


async def test_what_claude_just_takes_is_sent() -> None:
    fit = many(20, {"a": {"type": "string"}})
    there = await asked("anthropic", prompt(tools=fit))
    assert len(there.body["tools"]) == 20


def test_a_key_is_in_no_words() -> None:
    assert KEY not in repr(settings("anthropic"))
