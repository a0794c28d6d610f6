"""A message that ends the process each time it is thought about is left after a few times, and holds nobody else up."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.store.inbox import MOST

HOST = Path(__file__).with_name("poisoned.py")
LONGEST = 60.0
"""Seconds after which a start counts as hanging."""


def start(folder: Path, how: str) -> int:
    return subprocess.run(
        [sys.executable, HOST, folder, how], stderr=subprocess.DEVNULL, timeout=LONGEST, check=False
    ).returncode


@pytest.mark.parametrize(
    ("how", "deaths"),
    [
        ("stored first", MOST),
        # Both are under way each time; one alone is counted for it.
        ("together", MOST),
        # The first time nobody knew; then it is stored first, and its attempts are counted.
        ("at once", 1 + MOST),
    ],
)
def test_it_is_counted_also_where_it_is_answered_before_it_is_stored(
    tmp_path: Path, how: str, deaths: int
) -> None:
    ends = []
    while not ends or ends[-1]:
        ends.append(start(tmp_path, how))
        assert len(ends) < 9, ends
    assert ends == [-signal.SIGKILL] * deaths + [0]
    assert (tmp_path / "m1").read_text().startswith(f"I was ended {MOST} times")
    assert (tmp_path / "m2").read_text() == "It is harmless."
