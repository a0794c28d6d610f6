"""`make bench`: every bench in turn, then one table. `--quick` for a short form; names of benches for a part.

Peers and floors run in the same minutes on the same machine; nothing here asserts a time. Say nothing about speed from a
machine that does something else: the load is printed with the table.
"""

import argparse
import os
import sys
from types import ModuleType

from tests.bench import (
    approval_bench,
    discord_bench,
    idle_bench,
    models_bench,
    pages_bench,
    redaction,
    requests_bench,
    search_bench,
    slack_bench,
    startup_bench,
)
from tests.bench import where_it_goes as profiler
from tests.bench.rows import Row, table
from tests.bench.running import Watch

BENCHES: dict[str, ModuleType] = {
    "requests": requests_bench,
    "pages": pages_bench,
    "search": search_bench,
    "approval": approval_bench,
    "startup": startup_bench,
    "slack": slack_bench,
    "discord": discord_bench,
    "redaction": redaction,
    "models": models_bench,
    "idle": idle_bench,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="BENCH", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, no profile")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - BENCHES.keys())
    if unknown:
        parser.error(f"no bench is called {unknown[0]}; there are {', '.join(BENCHES)}")
    watch, rows = Watch(), list[Row]()
    for name in given.names or BENCHES:
        sys.stderr.write(f"{name} …\n")
        rows += BENCHES[name].rows(quick=given.quick)
    sys.stdout.write(table(rows) + "\n")
    if not (given.quick or given.names):
        sys.stdout.write(f"\n{profiler.report(3000)}\n\n{startup_bench.imports()}\n")
    sys.stdout.write(
        f"\n{watch.seconds:.0f} s, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
