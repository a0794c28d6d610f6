"""From the approving reaction to the first process, through the real process; and what the guard and the planner cost alone.

Each plan's one command, which has no Preview, touches a file: the file's own time says when the command ran.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bot.model.plans import Agent, Step
from bot.model.ports import Request
from bot.model.sections import Refusal
from bot.planner.offline import OfflinePlanner
from capabilities.guard import StepGuard
from capabilities.library import Library
from capabilities.render import SectionRenderer
from tests.bench.chat import Bot, configure, parley, scratch
from tests.bench.floor import commits
from tests.bench.rows import Row

COMMITS = 4
"""Between a ✅ and its process: the vote accepted, its effect with the queued run, the run claimed, the attempt opened."""
PAGE = """\
# Marks

## Aliases
- mark

## How to leave a mark
- Aliases: leave mark
- Risk: change
- Example: leave the mark first

```bash
touch {folder}/{{name}}
```
"""


def page(folder: Path) -> None:
    """The pack `marks`, and the folder in which its command leaves marks."""
    (folder / "pages").mkdir()
    (folder / "marks").mkdir()
    (folder / "pages" / "marks.md").write_text(PAGE.format(folder=folder / "marks"))


def approve(bot: Bot, folder: Path, number: int) -> float:
    """Milliseconds from the written ✅ to the mark of the command that it starts."""
    card = bot.ask(f"plan{number}", f"ask web1 to leave a mark called mark{number}")
    if card["report"]["kind"] != "plan":
        raise RuntimeError(f"no plan came, but: {card['text']}")
    begun = time.time_ns()
    bot.write((json.dumps({"as": "bob", "react": "✅", "to": card["message"]}) + "\n").encode())
    while (said := bot.post())["report"]["kind"] != "result":
        pass
    mark = folder / "marks" / f"mark{number}"
    if not mark.exists():
        raise RuntimeError(f"the plan did not run: {said['text']}")
    return (mark.stat().st_mtime_ns - begun) / 1e6


def alone(folder: Path, times: int) -> tuple[float, float]:
    """Milliseconds of one guard check and of one `plan()`, medians, without the rest of the bot."""
    library, renderer = Library([folder / "pages"]), SectionRenderer()
    agent = Agent(name="web1", target="local:", packs=("marks", "linux-facts"), level=3)
    planner, guard = OfflinePlanner(library, renderer), StepGuard(())
    section = library.section("marks/leave-a-mark")
    if section is None:
        raise RuntimeError("the marks did not load")
    rendered = renderer.render(section, {"name": "first"}, agent)
    if isinstance(rendered, Refusal):
        raise RuntimeError(rendered.why)  # noqa: TRY004 - a refusal is a value, not a wrong type
    slots, written = rendered
    step = Step("s1", agent, "here", section, slots, written.actions)
    checking = median(lambda _: guard.check(step), times)

    def plan(number: int) -> object:
        try:
            planner.plan(Request(f"leave a mark called mark{number}", (agent,))).send(None)
        except StopIteration as done:
            return done.value
        raise RuntimeError("the offline planner waits for nothing")

    return checking, median(plan, times)


def median(work: Callable[[int], object], times: int) -> float:
    found = []
    for number in range(times):
        begun = time.perf_counter()
        work(number)
        found.append(time.perf_counter() - begun)
    return statistics.median(found) * 1e3


def rows(*, quick: bool = False) -> list[Row]:
    times = 15 if quick else 60
    with scratch() as folder:
        page(folder)
        with parley(configure(folder, ["marks"], "pages")) as bot:
            waits = [approve(bot, folder, number) for number in range(times)][5:]
        checking, planning = alone(folder, times * 20)
        floor = commits(folder, COMMITS)
    return [
        Row(
            "approval to first process, p50",
            statistics.median(waits),
            "ms",
            floor,
            f"its {COMMITS} commits alone",
            20.0,
        ),
        Row("guard, one step", checking, "ms", aim=1.0),
        Row("plan(), one request", planning, "ms"),
    ]
