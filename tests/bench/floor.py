"""The least that durability costs: only the commits of a stored and answered request, on the same disk. Used by `requests_bench` and `approval_bench`.

One request is one transaction with synchronous=FULL: an inbox row, and an answer in the outbox. In a burst many requests
share a commit, as our writer's batches do.
"""

import sqlite3
import statistics
from pathlib import Path

from tests.bench.running import Watch

BATCH = 500
TEXT = "x" * 300
"""About what an event and an answer take as JSON."""


def open_base(folder: Path) -> sqlite3.Connection:
    base = sqlite3.connect(folder / "floor.db", isolation_level=None)
    base.execute("PRAGMA journal_mode = WAL")
    base.execute("PRAGMA synchronous = FULL")
    base.execute("CREATE TABLE inbox (id INTEGER PRIMARY KEY, key TEXT UNIQUE, event TEXT, done)")
    base.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, key TEXT UNIQUE, report TEXT)")
    return base


def commit(base: sqlite3.Connection, first: int, count: int) -> None:
    """Accept and answer `count` requests in one transaction."""
    numbers = range(first, first + count)
    base.execute("BEGIN IMMEDIATE")
    base.executemany(
        "INSERT INTO inbox VALUES (?, ?, ?, 1)", [(n, f"console/{n}", TEXT) for n in numbers]
    )
    base.executemany("INSERT INTO outbox VALUES (?, ?, ?)", [(n, f"a/{n}", TEXT) for n in numbers])
    base.execute("COMMIT")


def floors(folder: Path, serial: int, burst: int) -> tuple[float, float]:
    """Requests a second: one after another, and in batches."""
    base = open_base(folder)
    watch = Watch()
    for number in range(serial):
        commit(base, number, 1)
    alone = serial / watch.seconds
    watch = Watch()
    for first in range(serial, serial + burst, BATCH):
        commit(base, first, BATCH)
    together = burst / watch.seconds
    base.close()
    return alone, together


def commits(folder: Path, count: int) -> float:
    """Milliseconds that `count` small commits in a row take, the median of many tries."""
    base = open_base(folder)
    found = []
    for first in range(0, 60 * count, count):
        watch = Watch()
        for number in range(first, first + count):
            base.execute("INSERT INTO inbox VALUES (?, ?, ?, 0)", (number, f"m/{number}", TEXT))
        found.append(watch.seconds * 1e3)
    base.close()
    return statistics.median(found)
