"""Distinct `read` requests answered without a subprocess, beside errbot in memory.

Two kinds, of which each is stored with synchronous=FULL, routed and searched for, and its answer stored and sent; only answers
that were sent count, which is after COMMIT. `capabilities WORDS` is answered with what the search found. A request that nothing
fits goes the longest way: the hub looks for its agent, the planner for slips of the pen, and it is refused with the nearest three.

Like beside like: errbot's chat is in its own memory, and so is ours (`tests.bench.memory`). What the same costs through two pipes, by
the process that people run, stands beside it without an aim. Of three rounds by turns the best counts, for both.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.bench.chat import ROOT, Bot, configure, environment, line, parley, scratch
from tests.bench.floor import floors
from tests.bench.rows import Row
from tests.bench.running import Watch, peer

Text = Callable[[int], str]
Speeds = tuple[float, float]
"""Answers a second: one after another, in a burst."""


def planned(number: int) -> str:
    """Routed and searched; no section fits."""
    return f"ask web1 to frobnicate widget{number}"


def looked_up(number: int) -> str:
    """Answered from search."""
    return f"capabilities disk space of volume{number}"


KINDS: dict[str, Text] = {"answered from search": looked_up, "that nothing fits": planned}
WARM, ROUNDS = 50, 3


def measure(bot: Bot, name: str, text: Text, serial: int, burst: int) -> Speeds:
    """Answers a second: one after another, and `burst` lines written at once. The burst comes first: after it the write-ahead log
    has its size, as it has in a bot that has run for a while, and a commit need not make it longer."""
    for number in range(WARM):
        bot.ask(f"{name}-warm-{number}", text(-1 - number))
    data = b"".join(line(f"{name}-burst-{number}", text(number)) for number in range(burst))
    watch = Watch()
    bot.pour(data, burst)
    together = burst / watch.seconds
    watch = Watch()
    for number in range(serial):
        bot.ask(f"{name}-serial-{number}", text(burst + number))
    return serial / watch.seconds, together


def errbot(messages: int) -> list[Speeds]:
    """Of each of its two ways of running commands, as `measure`; none where it is not installed."""
    found = [peer("errbot", str(messages), mode) for mode in ("pool", "main")]
    return [(each["serial"], each["burst"]) for each in found if each is not None]


def best(measured: Iterable[Speeds]) -> Speeds:
    """Of each: what the disk and the machine's other work took is least in it."""
    alone, together = zip(*measured, strict=True)
    return max(alone), max(together)


def in_memory(configuration: Path, serial: int, burst: int) -> dict[str, Speeds]:
    """By kind, as `measure`."""
    command = [sys.executable, "-m", "tests.bench.memory", configuration, str(serial), str(burst)]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment(), cwd=ROOT, check=True)
    found: dict[str, Speeds] = json.loads(done.stdout)
    return found


def rows(*, quick: bool = False) -> list[Row]:
    serial, burst, rounds = (100, 1000, 1) if quick else (500, 5000, ROUNDS)
    theirs, ours = list[Speeds](), list[dict[str, Speeds]]()
    for _ in range(rounds):  # by turns: what slows the machine down slows down both
        theirs += errbot(burst)
        with scratch() as folder:
            ours.append(in_memory(configure(folder), serial, burst))
    with scratch() as folder:
        floor = floors(folder, serial, burst)
        with parley(configure(folder)) as bot:
            piped = {kind: measure(bot, kind, text, serial, burst) for kind, text in KINDS.items()}
    peers = best(theirs) if theirs else None
    found = {kind: best(each[kind] for each in ours) for kind in KINDS}
    return [
        *(row for kind in KINDS for row in against(kind, found[kind], peers, aimed=True)),
        *(row for kind in KINDS for row in against(f"{kind}, through pipes", piped[kind], peers)),
        *beside_floor("that nothing fits", found["that nothing fits"], floor),
    ]


def against(which: str, ours: Speeds, theirs: Speeds | None, *, aimed: bool = False) -> list[Row]:
    peer_name, note = "errbot in memory", "" if theirs else "errbot is not installed"
    alone, together = (1 / 3, 1.0) if aimed else (None, None)
    serial, burst = theirs or (None, None)
    name = f"requests {which}"
    return [
        Row(
            f"{name}, in a burst", ours[1], "/s", burst, peer_name, together, "more", "ratio", note
        ),
        Row(
            f"{name}, one after another",
            ours[0],
            "/s",
            serial,
            peer_name,
            alone,
            "more",
            "ratio",
            note,
        ),
    ]


def beside_floor(which: str, ours: Speeds, floor: Speeds) -> list[Row]:
    name = "commits alone"
    return [
        Row(f"requests {which}, in a burst", ours[1], "/s", floor[1], name),
        Row(f"requests {which}, one after another", ours[0], "/s", floor[0], name),
    ]
