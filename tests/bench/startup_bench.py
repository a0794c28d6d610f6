"""When `parley chat --json` is ready and how much memory it has taken; which imports cost most.

Ready: from exec to the first answer on an empty data folder. The CPU time beside it is what a quiet machine would need.
The second start on the same data is measured, as every start but the first is one.
"""

import os
import re
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.bench.chat import ROOT, configure, environment, line, parley, scratch
from tests.bench.pages_bench import peak, spent
from tests.bench.rows import Row
from tests.bench.running import Watch

TOP = 14
AIM, FLOOR = 0.9, 0.46
"""Seconds until ready, on the machine on which `import sqlmodel` took that long: their proportion holds on any."""
_TIMED = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s*(\S+)")


def start(configuration: Path) -> tuple[float, float, float]:
    """Seconds until the first answer, seconds of CPU until then, and megabytes at most."""
    watch = Watch()
    with parley(configuration) as bot:
        ready = watch.seconds
        return ready, spent(bot.process.pid), peak(bot.process.pid)


def sqlmodel() -> float:
    """Seconds for a Python that imports SQLModel and ends: the floor."""
    watch = Watch()
    subprocess.run([sys.executable, "-c", "import sqlmodel"], env=environment(), check=True)
    return watch.seconds


def imports() -> str:
    """The packages that cost most to import, as text; the least of three runs for each module."""
    least: dict[str, int] = {}
    for _ in range(3):
        for name, cost in timed().items():
            least[name] = min(cost, least.get(name, cost))
    groups: Counter[str] = Counter()
    for name, cost in least.items():
        groups[group(name)] += cost
    lines = [f"imports of `parley chat --json`: {len(least)} modules, ms by package:"]
    lines += [f"  {cost / 1e3:6.1f}  {name}" for name, cost in groups.most_common(TOP)]
    return "\n".join(lines)


def timed() -> dict[str, int]:
    """Microseconds that each module itself took, in a second start."""
    with scratch() as folder:
        configuration = configure(folder)
        for number in (1, 2):
            done = subprocess.run(
                [sys.executable, "-X", "importtime", "-m", "bot.cli", "-c", configuration, "chat", "--json"],
                input=line(f"m{number}", "status"),
                capture_output=True,
                env=environment(),
                cwd=ROOT,
                check=True,
            )  # fmt: skip
    return {name: int(own) for own, _, name in _TIMED.findall(done.stderr.decode())}


def group(name: str) -> str:
    """Our own packages by room, sqlalchemy by part, everybody else's as a whole."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in {"bot", "sqlalchemy"} else parts[0]


def rows(*, quick: bool = False) -> list[Row]:
    with scratch() as folder:
        configuration = configure(folder)
        starts = [start(configuration) for _ in range(4 if quick else 8)][1:]
        floor = statistics.median(sqlmodel() for _ in range(3 if quick else 5))
    ready, cpu, size = (statistics.median(column) for column in zip(*starts, strict=True))
    load = f"load {os.getloadavg()[0]:.1f}"
    name = "import sqlmodel"
    return [
        Row("`parley chat --json` ready", ready, "s", floor, name, AIM, note=load),
        Row("the same, in proportion", ready, "s", floor, name, AIM / FLOOR, of="ratio"),
        Row("CPU time until ready", cpu, "s"),
        Row("memory of `parley chat --json`", size, "MB", aim=100.0),
    ]


if __name__ == "__main__":
    sys.stdout.write(imports() + "\n")
