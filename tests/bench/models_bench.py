"""What the bot itself costs around a model, without the time that the model took.

Once in one process, from the request to its plan on the disk: search, prompt, validation, store. Once through the real process,
from the line to the card. The plan has no Preview, which would be a process. The model is a loopback server that answers at
once; beside the card stands the provider's SDK alone, asking the same question.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

from adapters.llm.openai.model import open_model
from adapters.llm.openai.settings import Settings
from bot import app, config, flow
from bot.clock import SystemClock
from bot.house import House
from bot.model.events import Message
from bot.model.llm import Model, Piece, Prompt, Reply, Said
from bot.model.people import Account, Conversation
from bot.model.plans import Agent
from bot.model.ports import Request
from bot.planner.prompt import prompt, tokens
from bot.store import plans
from capabilities.library import Library
from tests.bench import approval_bench
from tests.bench.chat import Bot, configure, parley, scratch
from tests.bench.rows import Row
from tests.servers.scripted_model import ScriptedModel, asking, serving, step

OWN = 15.0
"""Milliseconds of search, prompt, validation and store that a planned request may cost."""


class Clocked:
    """A model, and the seconds that it and its SDK took."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.took = 0.0

    async def reply(self, prompt: Prompt) -> AsyncIterator[Piece | Reply]:
        begun = time.perf_counter()
        async for piece in self._model.reply(prompt):
            self.took += time.perf_counter() - begun
            yield piece
            begun = time.perf_counter()

    async def close(self) -> None:
        await self._model.close()


async def stored(path: Path, model: ScriptedModel, times: int) -> float:
    """Milliseconds, the median, from a request to its plan on the disk, in one process and without the model and its SDK."""
    async with app.open_house(config.load(path)) as house:
        if house.models is None:
            raise RuntimeError("no model is configured")
        (provider,) = house.models.router.providers
        provider.model = clocked = Clocked(provider.model)
        before = await _plans(house)
        found = [await _stored(house, model, clocked, number) for number in range(times)]
        came = await _plans(house) - before
    if came != times:
        raise RuntimeError(f"of {times} requests {came} came to a plan")
    return statistics.median(found)


async def _plans(house: House) -> int:
    return await house.store.read(lambda connection: len(plans.in_state(connection, "pending")))


async def _stored(house: House, model: ScriptedModel, clocked: Clocked, number: int) -> float:
    model.script[:] = []
    model.says(step("marks/leave-a-mark", name=f"stored{number}"))
    asked, where = house.clock.now(), Conversation("console", "console", f"stored{number}")
    text = f"would you leave a mark for me, named stored{number}"
    event = Message(f"s{number}", where, Account("console", "alice"), text, asked, addressed=True)
    clocked.took = 0.0
    begun = time.perf_counter()
    await house.store.write(await flow.handle(house, event))
    return (time.perf_counter() - begun - clocked.took) * 1e3


def planned(bot: Bot, model: ScriptedModel, number: int) -> float:
    """Milliseconds from a request to its card, the model's own time apart."""
    model.script[:] = []
    model.says(step("marks/leave-a-mark", name=f"mark{number}"))
    begun = time.perf_counter()
    card = bot.ask(f"plan{number}", f"would you leave a mark for me, named mark{number}")
    passed = time.perf_counter() - begun
    if card["report"]["kind"] != "plan":
        raise RuntimeError(f"no plan came, but: {card['text']}")
    return (passed - model.took[-1]) * 1e3


async def sdk(model: ScriptedModel, times: int) -> float:
    """The same for the adapter and its SDK alone, warm."""
    settings = Settings(model="scripted", base_url=model.url)
    opened = open_model("openai", settings, SystemClock())
    section = next(each for each in Library().sections(("demo-site",)))
    agent = Agent("web1", "local:", ("demo-site",))
    question, _ = prompt(Request("put up a page named hello", (agent,)), [section])
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        await _whole(opened, question)
        found.append(time.perf_counter() - begun - model.took[-1])
    await opened.close()
    return statistics.median(found) * 1e3


async def _whole(opened: object, question: Prompt) -> None:
    async for piece in opened.reply(question):  # type: ignore[attr-defined]  # a Model
        if isinstance(piece, Reply):
            return


def told(folder: Path) -> int:
    """Tokens of capability text in a question, where there are 6,000 pages."""
    pages = folder / "many"
    pages.mkdir()
    for number in range(300):
        sections = "\n".join(_section(number * 20 + each) for each in range(20))
        (pages / f"pack{number}.md").write_text(f"# Pack {number}\n{sections}")
    library = Library([pages])
    packs = tuple(library.packs) or tuple(f"pack{number}" for number in range(300))
    agent = Agent("web1", "local:", packs, 3)
    request = Request("rotate the logs of the thing", (agent,), turns=(Said("user", "hello"),))
    hits = library.search(request.text, 8, packs)
    sections = [section for hit in hits if (section := library.section(hit.id))]
    asked, offered = prompt(request, sections)
    return sum(tokens(tool) for tool in asked.tools if tool.name in offered.sections)


def _section(number: int) -> str:
    words = " ".join(f"word{number}x{each}" for each in range(60))
    slots = "\n".join(f"| s{each} | name | | {words} |" for each in range(6))
    names = ", ".join(f"s{each}" for each in range(6))
    holes = " ".join(f"{{s{each}}}" for each in range(6))
    return f"""
## How to rotate the logs of thing {number}
- Aliases: rotate logs {number}, {words}
- Risk: change
- Parameters: {names}

```bash
logrotate -- {holes}
```

## Parameters
| name | type | rule | description |
|------|------|------|-------------|
{slots}
"""


def rows(*, quick: bool = False) -> list[Row]:
    times = 15 if quick else 60
    with scratch() as folder, serving(ScriptedModel()) as model:
        approval_bench.page(folder)
        path = configure(folder, ["marks", "linux-facts"], "pages")
        path.write_text(path.read_text() + asking(model))
        with parley(path) as bot:
            waits = [planned(bot, model, number) for number in range(times)][5:]
        kept = asyncio.run(stored(path, model, times))
        alone = asyncio.run(sdk(model, times))
        pages = told(folder)
    own = statistics.median(waits)
    return [
        Row("search, prompt, validation, store of a plan, p50", kept, "ms", aim=OWN),
        Row("its card, by a model that takes no time, p50", own, "ms", alone, "its SDK alone"),
        Row("the same without its SDK, p50", own - alone, "ms"),
        Row("capability text told, 6,000 pages", pages, "tokens", aim=2_500),
    ]
