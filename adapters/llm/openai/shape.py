"""A prompt as messages of the chat endpoint. Used by `adapters.llm.openai.model`. Pure."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from adapters.llm.asking import PICK
from adapters.llm.schemas import strict
from adapters.llm.settings import Settings
from bot.model.errors import PermanentError
from bot.model.llm import Call, Picked, Prompt, Returned, Said, Tool, Turn

MOST_TOOLS = 128
_OWN = (".openai.com", ".openai.azure.com")


def question(prompt: Prompt, settings: Settings, *, forces: bool) -> dict[str, Any]:
    """The arguments of `chat.completions.create`. Raises PermanentError for more tools than the service takes. `forces`: whether the
    model lets itself be made to pick."""
    asked = prompt.must_pick and bool(prompt.tools) and not forces
    words = "\n\n".join(filter(None, (prompt.system, PICK if asked else "")))
    system = [{"role": "system", "content": words}] if words else []
    made: dict[str, Any] = {
        "model": settings.model,
        "messages": [*system, *(each for turn in prompt.turns for each in _turn(turn))],
        "stream_options": {"include_usage": True},
        _longest(settings): prompt.longest + settings.thoughts,
    }
    if prompt.tools:
        made["tools"] = _tools(prompt.tools)
        made["tool_choice"] = "required" if prompt.must_pick and forces else "auto"
        made["parallel_tool_calls"] = prompt.several
    return made


def _longest(settings: Settings) -> str:
    """OpenAI's own models no longer take the name that everybody else knows."""
    own = f".{settings.host}".endswith(_OWN)
    return "max_completion_tokens" if own else "max_tokens"


def _tools(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    if len(tools) > MOST_TOOLS:
        what = (
            f"A question with {len(tools)} tools is more than the {MOST_TOOLS} that a model takes."
        )
        raise PermanentError(what, "Ask for less at once.", reason="schema")
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": strict(tool.parameters, nullable=True),
                "strict": True,
            },
        }
        for tool in tools
    ]


def _turn(turn: Turn) -> Iterator[dict[str, Any]]:
    match turn:
        case Said(role, text):
            yield {"role": role, "content": text}
        case Picked(text, calls):
            picks = {"tool_calls": [_call(each) for each in calls]} if calls else {}
            yield {"role": "assistant", "content": text or None, **picks}
        case Returned(results):
            for id, words, wrong in results:
                said = f"Error: {words}" if wrong else words
                yield {"role": "tool", "tool_call_id": id, "content": said}


def _call(call: Call) -> dict[str, Any]:
    arguments = json.dumps(dict(call.arguments or {}), ensure_ascii=False)
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.tool or "_", "arguments": arguments},
    }
