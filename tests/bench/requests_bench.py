"""Distinct `read` requests answered without a subprocess, through the real process, beside errbot in memory.

Two kinds, of which each is stored with synchronous=FULL, routed and searched for, and its answer stored and printed; only printed
answers count. `capabilities WORDS` is answered with what the search found. A request that nothing fits goes the longest way: the
hub looks for its agent, the planner for slips of the pen, and it is refused with the nearest three.
"""

from collections.abc import Callable

from tests.bench.chat import Bot, configure, line, parley, scratch
from tests.bench.floor import floors
from tests.bench.rows import Row
from tests.bench.running import Watch, peer

Text = Callable[[int], str]


def planned(number: int) -> str:
    """Routed and searched; no section fits."""
    return f"ask web1 to frobnicate widget{number}"


def looked_up(number: int) -> str:
    """Answered from search."""
    return f"capabilities disk space of volume{number}"


def measure(bot: Bot, name: str, text: Text, serial: int, burst: int) -> tuple[float, float]:
    """Answers a second: one after another, and `burst` lines written at once. The burst comes first: after it the write-ahead log
    has its size, as it has in a bot that has run for a while, and a commit need not make it longer."""
    for number in range(50):
        bot.ask(f"{name}-warm-{number}", text(-1 - number))
    data = b"".join(line(f"{name}-burst-{number}", text(number)) for number in range(burst))
    watch = Watch()
    bot.pour(data, burst)
    together = burst / watch.seconds
    watch = Watch()
    for number in range(serial):
        bot.ask(f"{name}-serial-{number}", text(burst + number))
    return serial / watch.seconds, together


def errbot(messages: int) -> tuple[float | None, float | None]:
    """The better of its two ways of running commands, for each of the two."""
    found = [peer("errbot", str(messages), mode) for mode in ("pool", "main")]
    measured = [each for each in found if each is not None]
    if not measured:
        return None, None
    return max(each["serial"] for each in measured), max(each["burst"] for each in measured)


def rows(*, quick: bool = False) -> list[Row]:
    serial, burst = (100, 1000) if quick else (500, 5000)
    theirs = errbot(burst)
    with scratch() as folder:
        floor = floors(folder, serial, burst)
        with parley(configure(folder)) as bot:
            ours = measure(bot, "plan", planned, serial, burst)
            found = measure(bot, "look", looked_up, serial, burst)
    return [
        *against("answered from search", found, theirs),
        *against("that nothing fits", ours, theirs),
        *beside_floor("that nothing fits", ours, floor),
    ]


def against(
    which: str, ours: tuple[float, float], theirs: tuple[float | None, float | None]
) -> list[Row]:
    peer_name, note = "errbot in memory", "" if theirs[0] else "errbot is not installed"
    burst, serial = f"requests {which}, in a burst", f"requests {which}, one after another"
    return [
        Row(burst, ours[1], "/s", theirs[1], peer_name, 1.0, "more", "ratio", note),
        Row(serial, ours[0], "/s", theirs[0], peer_name, 1 / 3, "more", "ratio", note),
    ]


def beside_floor(which: str, ours: tuple[float, float], floor: tuple[float, float]) -> list[Row]:
    name = "commits alone"
    return [
        Row(f"requests {which}, in a burst", ours[1], "/s", floor[1], name),
        Row(f"requests {which}, one after another", ours[0], "/s", floor[0], name),
    ]
