"""The shipped packs, two agents, and planners that say what they are told to."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.evaluation.ask import Asking, Outcome
from bot.evaluation.requests import Reader, Requests
from bot.model.plans import Agent
from bot.model.ports import Idea, Request
from capabilities.library import Library
from capabilities.render import SectionRenderer

LIBRARY = Library()
RENDERER = SectionRenderer()
WEB1 = Agent("web1", "local:", ("linux-facts", "nginx-sites"), 3, vars={"listen": "8081"})
DEMO1 = Agent("demo1", "local:", ("linux-facts", "demo-site"), 3)
READER = Reader(LIBRARY, RENDERER, (WEB1, DEMO1))


class Scripted:
    """A planner that answers every request with the same idea, or raises."""

    def __init__(self, idea: Idea | Exception) -> None:
        self._idea = idea
        self.heard: list[Request] = []

    async def plan(self, request: Request) -> Idea:
        self.heard.append(request)
        if isinstance(self._idea, Exception):
            raise self._idea
        return self._idea


@pytest.fixture
def requests(tmp_path: Path) -> Callable[..., Requests]:
    """Reads a file of these lines."""

    def read(*lines: str) -> Requests:
        path = tmp_path / "requests.jsonl"
        path.write_text("\n".join(lines), encoding="utf8")
        return READER.read(path)

    return read


@pytest.fixture
def reader() -> Reader:
    return READER


@pytest.fixture
def scripted() -> Callable[[Idea], tuple[Scripted, Asking]]:
    """A planner with this idea for everything, and what asks it."""

    def made(idea: Idea) -> tuple[Scripted, Asking]:
        planner = Scripted(idea)
        return planner, Asking(planner, LIBRARY, RENDERER, SystemClock())

    return made


@pytest.fixture
def ask(requests: Callable[..., Requests]) -> Callable[..., Outcome]:
    """What comes of one line when the planner has this idea."""

    async def one(line: str, idea: Idea | Exception, provider: str = "") -> Outcome:
        asked = requests(line)
        asking = Asking(Scripted(idea), LIBRARY, RENDERER, SystemClock(), provider)
        return await asking.one(asked.cases[0], asked)

    return one
