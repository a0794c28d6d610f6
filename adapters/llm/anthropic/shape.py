"""A prompt as Anthropic's messages. Used by `adapters.llm.anthropic.model`. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.llm.anthropic.echo import Echoes
from adapters.llm.anthropic.settings import Settings
from adapters.llm.asking import PICK
from adapters.llm.schemas import optional, strict, unions
from bot.model.errors import PermanentError
from bot.model.llm import Call, Picked, Prompt, Returned, Said, Tool, Turn

MOST_TOOLS, MOST_OPTIONAL, MOST_UNIONS = 20, 24, 16
"""What the service takes strictly, over all tools of a question."""
_KEEP = {"cache_control": {"type": "ephemeral"}}
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")


def question(
    prompt: Prompt, settings: Settings, echoes: Echoes, *, forces: bool, eager: bool
) -> dict[str, Any]:
    """The arguments of `messages.create`. Raises PermanentError for more than the service takes strictly. `forces`: whether the
    model lets itself be made to pick; `eager`: whether the service gives the arguments of a pick while they are being written."""
    made: dict[str, Any] = {
        "model": settings.model,
        "max_tokens": prompt.longest + settings.thoughts,
    }
    tools = _tools(prompt.tools, eager=eager)
    if tools:
        kind = "any" if prompt.must_pick and forces else "auto"
        made["tool_choice"] = {"type": kind, "disable_parallel_tool_use": not prompt.several}
        made["tools"] = tools
    if prompt.system:
        # What stands before it, the tools, is kept with it.
        made["system"] = [{"type": "text", "text": prompt.system, **_KEEP}]
    elif tools:
        tools[-1] |= _KEEP
    if tools and prompt.must_pick and not forces:
        made["system"] = [*made.get("system", ()), {"type": "text", "text": PICK}]
    if settings.effort is not None:
        made["output_config"] = {"effort": settings.effort}
    made["messages"] = _messages(prompt.turns, made, echoes)
    return made


def _messages(
    turns: Sequence[Turn], question: Mapping[str, Any], echoes: Echoes
) -> list[dict[str, Any]]:
    """The turns; an answer of which the thoughts are known is sent back whole."""
    made: list[dict[str, Any]] = []
    for turn in turns:
        message = _turn(turn)
        if isinstance(turn, Picked):
            echo = echoes.of(question, made, [call.id for call in turn.calls])
            message["content"] = echo or message["content"]
        made.append(message)
    return made


def _tools(tools: Sequence[Tool], *, eager: bool) -> list[dict[str, Any]]:
    schemas = [strict(tool.parameters, nullable=False) for tool in tools]
    counts = (
        ("tools", len(schemas), MOST_TOOLS),
        ("optional slots", sum(map(optional, schemas)), MOST_OPTIONAL),
        ("slots of several types", sum(map(unions, schemas)), MOST_UNIONS),
    )
    for what, count, most in counts:
        if count > most:
            words = f"A question with {count} {what} is more than the {most} that Claude takes strictly."
            raise PermanentError(words, "Ask for less at once.", reason="schema")
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "input_schema": schema,
            "strict": True,
            **({"eager_input_streaming": True} if eager and tool.says else {}),
        }
        for tool, schema in zip(tools, schemas, strict=True)
    ]


def _turn(turn: Turn) -> dict[str, Any]:
    match turn:
        case Said(role, text):
            return {"role": role, "content": _text(text)}
        case Picked(text, calls):
            said = [{"type": "text", "text": text}] if text.strip() else []
            return {"role": "assistant", "content": [*said, *map(_call, calls)]}
        case Returned(results):
            return {"role": "user", "content": [_result(*each) for each in results]}


def _call(call: Call) -> dict[str, Any]:
    arguments: Mapping[str, Any] = call.arguments or {}
    # A name that the model made up may be none that the service takes back.
    name = _NO_NAME.sub("_", call.tool) or "_"
    return {"type": "tool_use", "id": call.id, "name": name, "input": dict(arguments)}


def _result(id: str, words: str, wrong: bool) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": _text(words), "is_error": wrong}


def _text(text: str) -> str:
    """The service refuses words that are none."""
    return text if text.strip() else "…"
