"""Distinct `read` requests answered without a subprocess, through the real process, beside errbot in memory.

Each is stored with synchronous=FULL, routed by the hub, searched for by the planner, refused with the nearest three and
printed; only printed answers count. A second kind, `capabilities WORDS`, is answered from search.
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
    """Answers a second: one after another, then `burst` lines written at once."""
    for number in range(50):
        bot.ask(f"{name}-warm-{number}", text(-1 - number))
    watch = Watch()
    for number in range(serial):
        bot.ask(f"{name}-serial-{number}", text(number))
    alone = serial / watch.seconds
    data = b"".join(
        line(f"{name}-burst-{number}", text(serial + number)) for number in range(burst)
    )
    watch = Watch()
    bot.pour(data, burst)
    return alone, burst / watch.seconds


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
    return [*against(ours, theirs, floor), *plain(found)]


def against(
    ours: tuple[float, float],
    theirs: tuple[float | None, float | None],
    floor: tuple[float, float],
) -> list[Row]:
    serial, burst = "requests, one after another", "requests, in a burst"
    peer_name, floor_name = "errbot in memory", "commits alone"
    note = "" if theirs[0] else "errbot is not installed"
    return [
        Row(burst, ours[1], "/s", theirs[1], peer_name, 1.0, "more", "ratio", note),
        Row(serial, ours[0], "/s", theirs[0], peer_name, 1 / 3, "more", "ratio", note),
        Row(burst, ours[1], "/s", floor[1], floor_name),
        Row(serial, ours[0], "/s", floor[0], floor_name),
    ]


def plain(found: tuple[float, float]) -> list[Row]:
    return [
        Row("`capabilities WORDS`, in a burst", found[1], "/s"),
        Row("`capabilities WORDS`, one after another", found[0], "/s"),
    ]
