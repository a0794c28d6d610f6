"""The slash commands: what is registered, and what each means in words. Used by `answers`; pure.

Every command becomes the sentence that a mention would be, so that there is one way to ask and not two.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]
Suggest = Callable[[str], Sequence[str]]
"""`suggest("agents")` and `suggest("capabilities")`: every name there is."""

OFFERED = 25
_SUB, _STRING = 1, 3
_WORDS = {
    "status": "What runs, what waits, what is wrong",
    "plans": "The newest plans",
    "approvals": "Plans that wait for approval",
    "agents": "Who can do something here",
    "audit": "Who did what lately",
    "help": "What you may ask for here",
    "stop": "Start nothing new, anywhere",
    "resume": "Go on after a stop",
}


def registered(name: str) -> list[Json]:
    """The body that registers the commands of a bot of this name."""
    agent = _option("agent", "Which machine or service", required=False, offered=True)
    wanted = _option("request", "What shall be done", required=True, offered=True)
    options = [
        _command("ask", "Ask a question", [_option("question", "What you want to know"), agent]),
        _command("do", "Have something done", [wanted, agent]),
        _command("capabilities", "What can be done here", [
            _option("query", "Words to look for", required=False, offered=True)
        ]),
        *(_command(word, what, []) for word, what in _WORDS.items()),
    ]  # fmt: skip
    return [
        {
            "name": name,
            "type": 1,
            "description": "Infrastructure as conversation",
            "options": options,
            "contexts": [0, 1],
            "integration_types": [0],
        }
    ]


def _command(name: str, what: str, options: list[Json]) -> Json:
    return {"type": _SUB, "name": name, "description": what, "options": options}


def _option(name: str, what: str, *, required: bool = True, offered: bool = False) -> Json:
    return {
        "type": _STRING,
        "name": name,
        "description": what,
        "required": required,
        "autocomplete": offered,
        "max_length": 1500,
    }


def sentence(data: Mapping[str, Any]) -> str:
    """A command's interaction data as the words of a request; "" for a command that is not ours."""
    command = _leaf(data)
    given = {str(each.get("name")): str(each.get("value", "")) for each in _options(command)}
    agent = " ".join(given.get("agent", "").split())
    match command.get("name"):
        case "ask":
            question = given.get("question", "")
            return f"ask {agent} {question}" if agent else question
        case "do":
            request = given.get("request", "")
            return f"{request} on {agent}" if agent else request
        case "capabilities":
            return f"capabilities {given.get('query', '')}".strip()
        case str(word) if word in _WORDS:
            return word
        case _:
            return ""


def choices(data: Mapping[str, Any], suggest: Suggest | None) -> list[Json]:
    """What is offered while somebody types: names that have what is typed in them, those that begin with it first."""
    typed = next((each for each in _options(_leaf(data)) if each.get("focused")), None)
    if suggest is None or typed is None:
        return []
    names = suggest("agents" if typed.get("name") == "agent" else "capabilities")
    part = str(typed.get("value", "")).casefold()
    fitting = [name for name in dict.fromkeys(names) if part in name.casefold() and name]
    fitting.sort(key=lambda name: (not name.casefold().startswith(part), name.casefold()))
    return [{"name": name[:100], "value": name[:100]} for name in fitting[:OFFERED]]


def _leaf(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((each for each in _options(data) if each.get("type") == _SUB), {})


def _options(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = data.get("options")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
