"""What a message costs with 10 and with 6,000 pages of capabilities; opsdroid beside, with 1 and with 1,000 commands.

Three kinds of message: refused with the nearest three, answered from search, planned up to the question for a missing
slot. Two costs: the median time until the answer is there, which the disk's commits share, and
the process's own CPU time for a message in a burst, which they do not.
"""

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.chat import Bot, configure, line, parley, scratch
from tests.bench.rows import Row
from tests.bench.running import Watch, peer
from tests.bench.search_bench import KINDS, NOUNS, VERBS

FEW, MANY = 10, 6000
BUDGET = 8.0
"""Seconds for one kind of message; a bot that is slow is measured by fewer."""
PAGE = """\
# {tool}

## Aliases
- {tool}

## How to {verb} a {noun} of {tool}
- Aliases: {other} the {noun} {kind}, {noun} of {tool}
- Risk: read

```bash
cat -- /srv/{{name}}/{tool}.txt
```
"""


KINDS_ASKED = ("refused", "looked up", "asked back")


@dataclass(frozen=True, slots=True)
class Cost:
    """`ready` until the first answer, in seconds; `size` in MB; of each kind of message the median time until its answer
    and the CPU time, in milliseconds."""

    ready: float
    size: float
    median: dict[str, float]
    cpu: dict[str, float]


def write(folder: Path, pages: int) -> list[str]:
    """Bare pages in `folder/pages`; returns their packs."""
    home = folder / "pages"
    home.mkdir()
    packs = [f"tool{number}" for number in range(pages)]
    for number, tool in enumerate(packs):
        text = PAGE.format(
            tool=tool,
            verb=VERBS[number % len(VERBS)][0],
            other=VERBS[(number + 7) % len(VERBS)][0],
            noun=noun(number),
            kind=KINDS[number % len(KINDS)],
        )
        (home / f"{tool}.md").write_text(text)
    return packs


def noun(number: int) -> str:
    """What the page with that number is about."""
    return NOUNS[number % len(NOUNS)][0]


def asked(kind: str, pages: int, number: int) -> str:
    """The message of a kind with that number: no two are alike."""
    page = number * 7 % pages
    tool = f"tool{page}"
    if kind == "refused":
        return f"ask web1 to frobnicate widget{number}"
    if kind == "looked up":
        return f"capabilities {tool} window{number}"
    return f"ask web1 about the {noun(page)} of {tool}, number {number}"


def cost(pages: int, messages: int) -> Cost:
    """A process with so many pages, measured."""
    with scratch() as folder:
        packs = write(folder, pages)
        watch = Watch()
        with parley(configure(folder, packs, "pages")) as bot:
            ready = watch.seconds
            found = {kind: measure(bot, kind, pages, messages) for kind in KINDS_ASKED}
            size = peak(bot.process.pid)
    median = {kind: each[0] for kind, each in found.items()}
    return Cost(ready, size, median, {kind: each[1] for kind, each in found.items()})


def measure(bot: Bot, kind: str, pages: int, messages: int) -> tuple[float, float]:
    """Milliseconds of a message: the median one after another, and its CPU time in a burst. Ends early when it is slow."""
    times, watch = [], Watch()
    for number in range(messages):
        begun = time.perf_counter()
        bot.ask(f"{kind}{number}", asked(kind, pages, number))
        times.append(time.perf_counter() - begun)
        if watch.seconds > BUDGET:
            break
    median = statistics.median(times[len(times) // 10 :])
    burst = max(1, min(messages * 5, int(BUDGET / median)))
    lines = [line(f"burst {kind}{n}", asked(kind, pages, messages + n)) for n in range(burst)]
    before = spent(bot.process.pid)
    bot.pour(b"".join(lines), burst)
    return median * 1e3, (spent(bot.process.pid) - before) / burst * 1e3


def spent(pid: int) -> float:
    """Seconds of CPU that a process has used, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak(pid: int) -> float:
    """Megabytes of memory that a process has had at most."""
    for each in Path(f"/proc/{pid}/status").read_text().splitlines():
        if each.startswith("VmHWM:"):
            return int(each.split()[1]) / 1024
    raise RuntimeError("the kernel does not say how much memory a process had")


def opsdroid(messages: int) -> float | None:
    """How often as much a message costs with 1,000 commands as with one."""
    few, many = (peer("opsdroid", commands, str(messages)) for commands in ("1", "1000"))
    return None if few is None or many is None else many["median_ms"] / few["median_ms"]


def rows(*, quick: bool = False) -> list[Row]:
    messages = 40 if quick else 150
    theirs = opsdroid(20 if quick else 60)
    few, many = cost(FEW, messages), cost(MANY, messages)
    told = "opsdroid, 1 to 1,000"
    found = [
        Row(
            f"a message {kind}: {what}, {FEW} to {MANY:,} pages",
            large[kind] / small[kind],
            "x",
            theirs,
            told,
            2.0,
            note=f"{small[kind]:.2f} to {large[kind]:.2f} ms",
        )
        for what, small, large in (
            ("p50", few.median, many.median),
            ("CPU", few.cpu, many.cpu),
        )
        for kind in KINDS_ASKED
    ]
    return [
        *found,
        Row(f"ready with {MANY:,} pages", many.ready, "s"),
        Row(f"memory with {MANY:,} pages", many.size, "MB"),
    ]
