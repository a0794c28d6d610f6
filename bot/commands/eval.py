"""`parley eval`: how well a planner understands a file of requests. Called by `bot.cli`; nothing is run and no target is opened."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bot.clock import SystemClock
from bot.commands.lines import say
from bot.config import Configuration
from bot.evaluation import words
from bot.evaluation.ask import Asking, Outcome
from bot.evaluation.requests import Reader, Requests, shipped
from bot.evaluation.score import DEVELOPED, HELD_OUT, half, table
from bot.llm import Models, open_models
from bot.model.errors import ConfigurationError
from bot.model.ports import Catalogue, Clock, Renderer
from bot.planner.offline import OfflinePlanner
from bot.providers import OFFLINE
from capabilities.library import Library
from capabilities.render import SectionRenderer

if TYPE_CHECKING:
    # argparse has no public name for what `add_subparsers` returns.
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_HALVES = {"developed": DEVELOPED, "held-out": HELD_OUT}


def add(commands: "Commands") -> None:
    """Add `eval` to the command line."""
    parser = commands.add_parser("eval", help="how well a planner understands a file of requests")
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        type=Path,
        help="requests with what is expected of each, one JSON object a line; without it those that come with the bot",
    )
    parser.add_argument(
        "--planner", metavar="NAME", default="", help="who is asked; the first of [llm] order"
    )
    parser.add_argument(
        "--half",
        choices=tuple(_HALVES),
        help="only the half to improve a planner with, or the other",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, configuration: Configuration) -> int:
    """Print every outcome that is not right, then the scores; 1 when somebody could not be asked."""
    library, renderer, clock = Library(configuration.pack_paths), SectionRenderer(), SystemClock()
    reader = Reader(library, renderer, configuration.agents)
    requests = _half(reader.read(arguments.file or shipped()), arguments.half)
    name = arguments.planner or next((each.name for each in configuration.llm.providers), OFFLINE)
    models = _models(name, configuration, library, renderer, clock)
    planner = models.planner if models else OfflinePlanner(library, renderer)
    asking = Asking(planner, library, renderer, clock)
    if models:
        asking = replace(asking, provider=name, pause=_pause(models, clock))
    outcomes = asyncio.run(_asked(asking, requests, models, as_json=arguments.json))
    scores = table(outcomes)
    left = len(requests.cases) - len(outcomes)
    if left:
        sys.stderr.write(f"parley: {left} requests were not asked: {name} does not answer.\n")
    if arguments.json:
        say(words.text_of(words.summary(name, scores)))
    else:
        for line in words.lines(name, scores):
            say(line)
    return 1 if scores.all.broken else 0


def _models(
    name: str, configuration: Configuration, catalogue: Catalogue, renderer: Renderer, clock: Clock
) -> Models | None:
    """The model of that name alone; None for the offline planner. Raises ConfigurationError."""
    if name == OFFLINE:
        return None
    known = {each.name: each for each in configuration.llm.providers}
    if name not in known:
        mend = f"Known here: {', '.join((*known, OFFLINE))}. Others need a place in [llm] order."
        raise ConfigurationError(f"There is no planner {name!r}.", mend)
    alone = replace(configuration.llm, providers=(known[name],))
    return open_models(alone, catalogue, renderer, OfflinePlanner(catalogue, renderer), clock)


def _pause(models: Models, clock: Clock) -> Callable[[], float]:
    """Seconds until the only provider may be asked again."""
    provider = models.router.providers[0]
    return lambda: provider.shut_until - clock.monotonic()


def _half(requests: Requests, wanted: str | None) -> Requests:
    if wanted is None:
        return requests
    cases = tuple(case for case in requests.cases if half(case) == _HALVES[wanted])
    return Requests(requests.agents, cases)


async def _asked(
    asking: Asking, requests: Requests, models: Models | None, *, as_json: bool
) -> list[Outcome]:
    """Every outcome, each shown as it comes."""
    outcomes: list[Outcome] = []
    try:
        async for outcome in asking.all(requests):
            outcomes.append(outcome)
            _show(outcome, len(outcomes), len(requests.cases), as_json=as_json)
    finally:
        if models is not None:
            await models.close()
    return outcomes


def _show(outcome: Outcome, place: int, of: int, *, as_json: bool) -> None:
    """How far it is goes to a terminal's stderr: a line that the next one writes over."""
    counts = not as_json and sys.stderr.isatty()
    if as_json:
        say(words.text_of(words.object_of(outcome)))
    elif outcome.verdict != "right":
        say(words.line(outcome))
    if counts:
        sys.stderr.write(f"{place}/{of}\r" if place < of else " " * 12 + "\r")
        sys.stderr.flush()
