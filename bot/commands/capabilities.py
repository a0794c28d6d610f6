"""`parley capabilities list | show | search | lint | render | test`. Called by `bot.cli`; nothing is run here.

The `--stdin` modes answer one JSON line for every line they read, an empty one too, and flush each.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.clock import SystemClock
from bot.commands import capability_views as views
from bot.config import Configuration
from bot.model.errors import PermanentError
from bot.model.plans import Agent
from bot.model.sections import Refusal, Section, Value
from capabilities.library import Library, built_in
from capabilities.lint import examples, lint
from capabilities.render import SectionRenderer
from capabilities.types import LIST

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: "Commands") -> None:
    """Add `capabilities` and its commands to the command line."""
    parser = commands.add_parser(
        "capabilities", help="list, show, search, lint, render and test what agents can do"
    )
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    verbs.add_parser("list", help="every section").set_defaults(run=listed)
    show = verbs.add_parser("show", help="one section: slots, commands, verification, rollback")
    show.add_argument("id", metavar="ID")
    show.set_defaults(run=shown)
    search = verbs.add_parser("search", help="sections that fit some words")
    search.add_argument("query", metavar="QUERY", nargs="*")
    search.add_argument(
        "-n", dest="limit", type=_count, default=8, metavar="8", help="at most so many"
    )
    search.add_argument(
        "--stdin", action="store_true", help="read a query a line, answer a line each"
    )
    search.set_defaults(run=searched)
    linted_ = verbs.add_parser("lint", help="what is wrong with packs, with file, line and mend")
    linted_.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        type=Path,
        help="folders or files; all configured ones without",
    )
    linted_.set_defaults(run=linted)
    _add_rendering(verbs)


def _add_rendering(verbs: "Commands") -> None:
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


def _count(text: str) -> int:
    number = int(text)
    if not 0 < number <= 1000:
        raise argparse.ArgumentTypeError("give a number from 1 to 1000")
    return number


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is no slot=value")
    return name, value


def listed(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """One line a section."""
    for section in _library(configuration).sections():
        if arguments.json:
            _object(views.summary(section))
        else:
            slots = " ".join(f"{{{slot.name}}}" for slot in section.slots if not slot.from_agent)
            _line(f"{section.id:<48} {section.risk:<8} {section.title} {slots}".rstrip())
    return 0


def shown(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Everything about one section."""
    section = _section(_library(configuration), arguments.id)
    if arguments.json:
        _object(views.whole(section))
        return 0
    for line in views.page(section):
        _line(line)
    return 0


def searched(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """The best sections for a query, or for each line of standard input."""
    library = _library(configuration)
    if arguments.stdin:
        for line in _lines():
            _object(_found(library, line, arguments.limit))
        return 0
    found = _found(library, " ".join(arguments.query), arguments.limit)
    if arguments.json:
        _object(found)
        return 0
    for hit in found["hits"]:
        section = _section(library, hit["id"])
        _line(f"{hit['score']:8.3f}  {section.id:<48} {section.title}")
    return 0


def _found(library: Library, query: str, limit: int) -> dict[str, Any]:
    clock = SystemClock()
    start = clock.monotonic()
    hits = library.search(query, limit)
    ms = round((clock.monotonic() - start) * 1000, 3)
    return {
        "query": query,
        "hits": [{"id": hit.id, "score": round(hit.score, 6)} for hit in hits],
        "ms": ms,
    }


def linted(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Every problem of every page; 1 when one of them is an error."""
    problems = lint(arguments.paths or (built_in(), *configuration.pack_paths))
    for problem in problems:
        if arguments.json:
            _object(views.trouble(problem))
        else:
            _line(f"{problem.severity}: {problem}")
    errors = sum(problem.severity == "error" for problem in problems)
    if not arguments.json:
        _line(f"{errors} errors, {len(problems) - errors} warnings.")
    return 1 if errors else 0


def rendered(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """What a section would run, or why not; with `--stdin` for every line."""
    library, agent = _library(configuration), _agent(arguments.agent, configuration)
    if arguments.stdin:
        for line in _lines():
            _object(_answer(library, agent, line))
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
    library = _library(configuration)
    section = _section(library, arguments.id)
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
        _object(answer)
    elif refused:
        sys.stderr.write(f"parley: {refused['why']}\n")
    else:
        for line in views.answer_lines(answer):
            _line(line)
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


def _library(configuration: Configuration) -> Library:
    return Library(configuration.pack_paths)


def _section(library: Library, id: str) -> Section:
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


def _lines() -> Iterator[str]:
    """Lines of standard input, whatever bytes they are."""
    for raw in sys.stdin.buffer:
        yield raw.decode("utf-8", "replace").rstrip("\r\n")


def _object(value: dict[str, Any]) -> None:
    _line(json.dumps(value))


def _line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
