"""A model that says nothing: whoever asked gets what the planner without a model can do, and does not wait for ever."""

import asyncio
from collections.abc import AsyncIterator

from bot.model.llm import Prompt, Reply
from bot.model.ports import Idea, Request, Wanted
from bot.planner.model import SECONDS, ModelPlanner
from bot.planner.offline import OfflinePlanner
from bot.planner.router import Provider, Router
from capabilities.library import Library
from capabilities.render import SectionRenderer
from tests.planner.conftest import WEB1
from tests.planner.test_router import Nobody, Watch

LIBRARY, RENDERER = Library(), SectionRenderer()


class Ahead(asyncio.SelectorEventLoop):
    """A loop whose time is moved on by `ahead`, in seconds."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


class Silent:
    """A model that is asked and does not answer."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def reply(self, prompt: Prompt) -> AsyncIterator[str | Reply]:
        self.asked.set()
        try:
            await asyncio.Event().wait()
            yield ""
        finally:
            self.left.set()

    async def close(self) -> None: ...


async def planned(loop: Ahead, silent: Silent) -> Idea:
    router = Router([Provider("silent", silent), Provider("second", Nobody())], Watch())
    planner = ModelPlanner(LIBRARY, RENDERER, router, OfflinePlanner(LIBRARY, RENDERER), Watch())
    task = loop.create_task(planner.plan(Request("show the disk space", (WEB1,))))
    await silent.asked.wait()
    loop.ahead = SECONDS - 10
    done, _ = await asyncio.wait({task}, timeout=0)
    assert not done, "it may think for as long as that"
    loop.ahead = SECONDS + 10
    return await asyncio.wait_for(task, 20)


def test_nobody_waits_for_ever() -> None:
    silent = Silent()
    with asyncio.Runner(loop_factory=Ahead) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, Ahead)
        idea = runner.run(planned(loop, silent))
    assert isinstance(idea, Wanted), "planned without it, and nobody else was asked"
    assert idea.thought.note == f"silent took more than {SECONDS:.0f} s over it."
    assert silent.left.is_set(), "nothing more is heard of it"
