"""`parley capabilities list | show | search | lint`, and by `bot.commands.rendering` `render | test`. Called by `bot.cli`; nothing is run here.

The `--stdin` modes answer one JSON line for every line they read, an empty one too, and flush each.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.clock import SystemClock
from bot.commands import capability_views as views
from bot.commands import rendering
from bot.commands.lines import read, say, say_object
from bot.commands.rendering import section_of
from bot.config import Configuration
from capabilities.library import Library, built_in
from capabilities.lint import lint

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
    rendering.add(verbs)


def _count(text: str) -> int:
    number = int(text)
    if not 0 < number <= 1000:
        raise argparse.ArgumentTypeError("give a number from 1 to 1000")
    return number


def listed(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """One line a section."""
    for section in Library(configuration.pack_paths).sections():
        if arguments.json:
            say_object(views.summary(section))
        else:
            slots = " ".join(f"{{{slot.name}}}" for slot in section.slots if not slot.from_agent)
            say(f"{section.id:<48} {section.risk:<8} {section.title} {slots}".rstrip())
    return 0


def shown(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Everything about one section."""
    section = section_of(Library(configuration.pack_paths), arguments.id)
    if arguments.json:
        say_object(views.whole(section))
        return 0
    for line in views.page(section):
        say(line)
    return 0


def searched(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """The best sections for a query, or for each line of standard input."""
    library = Library(configuration.pack_paths)
    if arguments.stdin:
        for line in read():
            say_object(_found(library, line, arguments.limit))
        return 0
    found = _found(library, " ".join(arguments.query), arguments.limit)
    if arguments.json:
        say_object(found)
        return 0
    for hit in found["hits"]:
        section = section_of(library, hit["id"])
        say(f"{hit['score']:8.3f}  {section.id:<48} {section.title}")
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
            say_object(views.trouble(problem))
        else:
            say(f"{problem.severity}: {problem}")
    errors = sum(problem.severity == "error" for problem in problems)
    if not arguments.json:
        say(f"{errors} errors, {len(problems) - errors} warnings.")
    return 1 if errors else 0
