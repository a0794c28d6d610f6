"""`parley capabilities render | test`. Added to the command line by `bot.commands.capabilities`; nothing is run here."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.commands import capability_views as views
from bot.commands.lines import read, say, say_object
from bot.config import Configuration
from bot.model.errors import PermanentError
from bot.model.plans import Agent
from bot.model.sections import Refusal, Section, Value
from capabilities.library import Library
from capabilities.lint import examples
from capabilities.render import SectionRenderer
from capabilities.types import LIST

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(verbs: "Commands") -> None:
    """Add both to the commands of `capabilities`."""
    render = verbs.add_parser("render", help="what would run, with slots filled")
    render.add_argument("id", metavar="ID", nargs="?")
    render.add_argument("slots", metavar="slot=value", nargs="*", type=_pair)
    render.add_argument(
        "--stdin", action="store_true", help='read {"id", "slots"} a line, answer a line each'
    )
    render.add_argument(
        "--agent", metavar="NAME", help="whose vars fill the slots that come from the agent"
    )
    render.set_defaults(run=rendered)
    test = verbs.add_parser("test", help="render a section with its own examples")
    test.add_argument("id", metavar="ID")
    test.add_argument(
        "--agent", metavar="NAME", help="also run its Preview there, twice: is it stable?"
    )
    test.set_defaults(run=tested)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is no slot=value")
    return name, value


def rendered(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """What a section would run, or why not; with `--stdin` for every line."""
    library, agent = Library(configuration.pack_paths), _agent(arguments.agent, configuration)
    if arguments.stdin:
        for line in read():
            say_object(_answer(library, agent, line))
        return 0
    if arguments.id is None:
        sys.stderr.write("parley: name a section, or give --stdin.\n")
        return 2
    section = library.section(arguments.id)
    slots = _slots(section, arguments.slots)
    return _said(_rendering(library, agent, arguments.id, slots), as_json=arguments.json)


def _slots(section: Section | None, pairs: list[tuple[str, str]]) -> dict[str, Value]:
    """Slots of the command line: a list's items stand between commas."""
    slots: dict[str, Value] = {}
    for name, text in pairs:
        declared = section.slot(name) if section else None
        slots[name] = tuple(text.split(",")) if declared and declared.type == LIST else text
    return slots


def tested(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """What a section would run with its own examples; with an agent, whether its Preview is stable there."""
    library = Library(configuration.pack_paths)
    section = section_of(library, arguments.id)
    agent = _agent(arguments.agent, configuration)
    slots = examples(section)
    if arguments.agent:
        slots = {name: value for name, value in slots.items() if not _of_agent(section, name)}
    answer = _rendering(library, agent, section.id, slots)
    if "refused" not in answer:
        answer = {"id": section.id, "slots": slots, **answer}
    code = _said(answer, as_json=arguments.json)
    if code or not arguments.agent:
        return code
    # Only who asks for it pays for opening targets.
    from bot.commands.preview import previewed

    return previewed(section, slots, agent, configuration)


def _of_agent(section: Section, name: str) -> bool:
    slot = section.slot(name)
    return slot is not None and slot.from_agent


def _said(answer: dict[str, Any], *, as_json: bool) -> int:
    refused = answer.get("refused")
    if as_json:
        say_object(answer)
    elif refused:
        sys.stderr.write(f"parley: {refused['why']}\n")
    else:
        for line in views.answer_lines(answer):
            say(line)
    return 1 if refused else 0


def _rendering(
    library: Library, agent: Agent, id: str, slots: Mapping[str, Value]
) -> dict[str, Any]:
    section = library.section(id)
    if section is None:
        return views.refused(
            Refusal(
                "unknown section", f"There is no section {ascii(id)[:80]}; see 'capabilities list'."
            )
        )
    result = SectionRenderer().render(section, slots, agent)
    return views.refused(result) if isinstance(result, Refusal) else views.answer(result[1])


def _answer(library: Library, agent: Agent, line: str) -> dict[str, Any]:
    """One line of `render --stdin`. Whatever it is, there is an answer."""
    try:
        request = json.loads(line)
        id, slots = request["id"], request.get("slots", {})
        values = {name: _value(value) for name, value in slots.items()}
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return views.refused(
            Refusal("request", 'That is no {"id": …, "slots": {…}}; give one a line.')
        )
    if not isinstance(id, str):
        return views.refused(
            Refusal("request", "The id is no text; give one of 'capabilities list'.")
        )
    return _rendering(library, agent, id, values)


def _value(value: object) -> Value:
    """A slot's value from JSON. Raises TypeError for what can be none."""
    if isinstance(value, list):
        return tuple(_text(item) for item in value)
    return _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TypeError
    return str(value)


def section_of(library: Library, id: str) -> Section:
    """Raises PermanentError with what is nearest."""
    section = library.section(id)
    if section is None:
        near = ", ".join(
            hit.id for hit in library.search(id.replace("/", " ").replace("-", " "), 3)
        )
        mend = f"Nearest: {near}." if near else "See 'parley capabilities list'."
        raise PermanentError(f"There is no section {id!r}.", mend)
    return section


def _agent(name: str | None, configuration: Configuration) -> Agent:
    if name is None:
        return Agent("here", "local:", ())
    for agent in configuration.agents:
        if agent.name == name:
            return agent
    there = ", ".join(agent.name for agent in configuration.agents)
    raise PermanentError(f"There is no agent {name!r}.", f"Configured: {there}.")
