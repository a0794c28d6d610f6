"""What a message costs with 10 and with 6,000 pages of capabilities; opsdroid beside, with 1 and with 1,000 commands.

A third of the messages is refused with the nearest three, a third is answered from search, a third is planned up to the
question for a missing slot. Two costs: the median time until the answer is there, which the disk's commits share, and
the process's own CPU time for a message in a burst, which they do not.
"""

import os
import random
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.chat import Bot, configure, line, parley, scratch
from tests.bench.rows import Row
from tests.bench.running import Watch, peer
from tests.bench.search_bench import KINDS, NOUNS, VERBS

FEW, MANY = 10, 6000
PAGE = """\
# {tool}

## Aliases
- {tool}

## How to {verb} a {noun} of {tool}
- Aliases: {other} the {noun} {kind}, {tool} {noun}
- Risk: read

```bash
cat -- /srv/{{name}}/{tool}.txt
```
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """`ready` until the first answer, in seconds; the others per message, in milliseconds; `size` in MB."""

    ready: float
    median: float
    cpu: float
    size: float


def write(folder: Path, pages: int) -> list[str]:
    """Bare pages in `folder/pages`; returns their packs."""
    home = folder / "pages"
    home.mkdir()
    chance = random.Random(pages)
    packs = [f"tool{number}" for number in range(pages)]
    for tool in packs:
        verb, other = chance.sample([words[0] for words in VERBS], 2)
        text = PAGE.format(
            tool=tool,
            verb=verb,
            other=other,
            noun=chance.choice(NOUNS)[0],
            kind=chance.choice(KINDS),
        )
        (home / f"{tool}.md").write_text(text)
    return packs


def asked(pages: int, number: int) -> str:
    """The message with that number: no two are alike."""
    tool = f"tool{number * 7 % pages}"
    match number % 3:
        case 0:
            return f"ask web1 to frobnicate widget{number}"
        case 1:
            return f"capabilities {tool} window{number}"
        case _:
            return f"ask web1 about the {tool} please, request number {number}"


def cost(pages: int, serial: int, burst: int) -> Cost:
    """A process with so many pages, measured."""
    with scratch() as folder:
        packs = write(folder, pages)
        watch = Watch()
        with parley(configure(folder, packs, "pages")) as bot:
            ready = watch.seconds
            median = statistics.median(times(bot, pages, serial)) * 1e3
            cpu = cpu_of(bot, pages, serial, burst)
            return Cost(ready, median, cpu, peak(bot.process.pid))


def times(bot: Bot, pages: int, serial: int) -> list[float]:
    """Seconds of each message, the first ones apart."""
    found = []
    for number in range(serial + 9):
        begun = time.perf_counter()
        bot.ask(f"s{number}", asked(pages, number))
        found.append(time.perf_counter() - begun)
    return found[9:]


def cpu_of(bot: Bot, pages: int, first: int, burst: int) -> float:
    """Milliseconds of CPU a message, in a burst."""
    data = b"".join(line(f"b{n}", asked(pages, first + 9 + n)) for n in range(burst))
    before = spent(bot.process.pid)
    bot.pour(data, burst)
    return (spent(bot.process.pid) - before) / burst * 1e3


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
    serial, burst = (60, 600) if quick else (240, 2400)
    theirs = opsdroid(20 if quick else 60)
    few, many = cost(FEW, serial, burst), cost(MANY, serial, burst)
    wall, cpu, told = many.median / few.median, many.cpu / few.cpu, "opsdroid, 1 to 1,000"
    note = f"{few.median:.2f} to {many.median:.2f} ms"
    note_cpu = f"{few.cpu:.2f} to {many.cpu:.2f} ms"
    name = f"from {FEW} to {MANY:,} pages"
    return [
        Row(f"a message's median time, {name}", wall, "x", theirs, told, 2.0, note=note),
        Row(f"a message's CPU time, {name}", cpu, "x", theirs, told, 2.0, note=note_cpu),
        Row(f"ready with {MANY:,} pages", many.ready, "s"),
        Row(f"memory with {MANY:,} pages", many.size, "MB"),
    ]
