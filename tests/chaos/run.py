"""kill -9 at random points: `python -m tests.chaos.run --kills N [--folder DIR] [--seed S]`. Called by `make chaos` and CI.

Counts by what is on disk: every command first appends its id to `begun`, and its effect appends it to `effects`, some
a second after the command itself ended. Lost: a command of a run that is `done` without its effect. Doubled: an effect
that is there twice. Unasked: a command that was begun again although nobody was asked about it. Exit 1 unless all are 0.
"""

import argparse
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

HOST = Path(__file__).with_name("host.py")
REPOSITORY = Path(__file__).parents[2]
LAST_EFFECT = 2.5
"""Seconds after which even a late effect is there."""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=300)
    arguments.add_argument("--folder", type=Path)
    arguments.add_argument("--seed", type=int, default=None)
    given = arguments.parse_args()
    random.seed(given.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for done in range(1, given.kills + 1):
            _one_life(folder)
            if done % 25 == 0:
                say(f"{done} kills, {len(_lines(folder, 'effects'))} effects")
        (folder / "enough").touch()
        if not _last_life(folder):
            return 1
        return _report(folder, given.kills)


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    environment = {"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    return subprocess.Popen([sys.executable, str(HOST), str(folder)], env=environment)


def _one_life(folder: Path) -> None:
    """Up to a random moment after it has begun to work."""
    seen = len(_lines(folder, "begun"))
    with _start(folder) as process:
        patience = time.monotonic() + 60
        while len(_lines(folder, "begun")) == seen and process.poll() is None:
            if time.monotonic() > patience:
                break
            time.sleep(0.005)
        time.sleep(random.choice((0, 0.01, 0.05, 0.2, 0.5, 1.2)) * random.random())
        process.kill()


def _last_life(folder: Path) -> bool:
    with _start(folder) as process:
        try:
            ended = process.wait(300)
        except subprocess.TimeoutExpired:
            process.kill()
            say("The last process did not come to an end.")
            return False
    time.sleep(LAST_EFFECT)
    return ended == 0


def _lines(folder: Path, name: str) -> list[str]:
    path = folder / name
    return path.read_text().splitlines() if path.exists() else []


def _report(folder: Path, kills: int) -> int:
    effects = Counter(_lines(folder, "effects"))
    begun = Counter(_lines(folder, "begun"))
    questions = {tuple(line.split(" ", 2)) for line in _lines(folder, "asked")}
    again = Counter(name for _, name, answer in questions if answer != "done")
    runs, wanted = _wanted(folder)
    lost = [name for name in wanted if not effects[name]]
    doubled = [name for name, count in effects.items() if count > 1]
    unasked = [name for name, count in begun.items() if count - 1 > again[name]]
    say(
        f"kills {kills} runs {runs} commands {len(wanted)} begun {begun.total()} questions {len(questions)}"
    )
    say(f"lost {len(lost)} doubled {len(doubled)} unasked {len(unasked)}")
    for name in (*lost, *doubled, *unasked):
        say(f"  {name}: begun {begun[name]} effects {effects[name]} asked {again[name]}")
    return 1 if lost or doubled or unasked or not wanted else 0


def _wanted(folder: Path) -> tuple[int, list[str]]:
    """How many runs there were (all must have ended well), and the ids of all their commands."""
    with closing(sqlite3.connect(f"file:{folder}/parley.db?mode=ro", uri=True)) as connection:
        states = Counter(state for (state,) in connection.execute("SELECT state FROM runs"))
        actions = [text for (text,) in connection.execute("SELECT document FROM plans")]
    if set(states) != {"done"}:
        raise SystemExit(f"Not every run came to its end: {dict(states)}")
    return states.total(), [name for text in actions for name in _names(bytes(text).decode())]


def _names(plan: str) -> list[str]:
    return [part.split()[0] for part in plan.split('"echo ')[1:]]


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what `make chaos` shows


if __name__ == "__main__":
    sys.exit(main())
