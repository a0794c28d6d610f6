"""Where the time of a request goes: those of `requests_bench` under a profiler, shares by module.

Run as `python -m tests.bench.where_it_goes`; also printed below the table. A host process runs the real command line with
a profiler in every thread that counts the thread's own CPU time; what a built-in takes goes to the module that called it,
except SQLite and JSON, which are named. The profiler slows short functions more than long ones: read shares, not speeds.
"""

import cProfile
import pstats
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.bench.chat import ROOT, Bot, configure, environment, line, scratch
from tests.bench.requests_bench import planned

TOP = 16
BUILT_IN = "~"
NAMED = {"sqlite3.": "SQLite itself", "json": "json", "_json": "json"}


def host(configuration: str, stats: str) -> None:
    """`parley chat --json` with a profiler in every thread. Ends through the end of the input."""
    profiles: list[cProfile.Profile] = []

    def begin(*_: Any) -> None:
        sys.setprofile(None)
        profiles.append(cProfile.Profile(time.thread_time))
        profiles[-1].enable()

    threading.setprofile(begin)
    from bot.cli import main  # not before the threads are watched

    profiles.append(cProfile.Profile(time.thread_time))
    profiles[0].runcall(main, ["-c", configuration, "chat", "--json"])
    merged = pstats.Stats(profiles[0])
    for profile in profiles[1:]:
        profile.create_stats()
        if profile.stats:
            merged.add(profile)
    merged.dump_stats(stats)


def profile(requests: int, *, serial: bool) -> pstats.Stats:
    """So many requests through the host, one after another or in a burst."""
    with scratch() as folder:
        stats = folder / "stats"
        process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, str(configure(folder)), str(stats)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            cwd=ROOT,
        )
        bot = Bot(process)
        bot.ask("ready", "status")
        if serial:
            for number in range(requests):
                bot.ask(f"m{number}", planned(number))
        else:
            bot.pour(b"".join(line(f"m{n}", planned(n)) for n in range(requests)), requests)
        bot.end()
        return pstats.Stats(str(stats))


def shares(stats: pstats.Stats) -> Counter[str]:
    """CPU seconds by module."""
    spent: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, callers) in stats.stats.items():  # type: ignore[attr-defined]  # no public name
        named = next((label for part, label in NAMED.items() if part in name), None)
        if file != BUILT_IN:
            spent[module(file)] += own
        elif named:
            spent[named] += own
        else:
            for (caller, _, _), each in callers.items():
                spent[module(caller)] += each[2]
    return spent


def module(file: str) -> str:
    """`bot.store.inbox` for our own files, the package for everybody else's."""
    path = Path(file)
    if path.is_relative_to(ROOT) and ".venv" not in path.parts:
        return ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for folder in ("site-packages", f"python{sys.version_info.major}.{sys.version_info.minor}"):
        if folder in path.parts:
            return path.parts[path.parts.index(folder) + 1].removesuffix(".py")
    return "built-in" if file == BUILT_IN else path.stem


def report(requests: int) -> str:
    """The top shares of a burst and, beside it, of a quarter as many requests one after another, as text."""
    return f"{_listed(requests, serial=False)}\n\n{_listed(requests // 4, serial=True)}"


def _listed(requests: int, *, serial: bool) -> str:
    spent = shares(profile(requests, serial=serial))
    whole = sum(spent.values())
    how = "one after another" if serial else "in a burst"
    lines = [
        f"where {requests} requests {how} go (CPU by module, under the profiler, start included):"
    ]
    lines += [f"  {seconds / whole:6.1%}  {name}" for name, seconds in spent.most_common(TOP)]
    return "\n".join(lines)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        host(*sys.argv[1:])
    else:
        sys.stdout.write(report(2000) + "\n")
