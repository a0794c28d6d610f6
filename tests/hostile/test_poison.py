"""A message that ends the process each time it is thought about is left after a few times, and holds nobody else up."""

import signal
import subprocess
import sys
from pathlib import Path

from bot.store.inbox import MOST

HOST = Path(__file__).with_name("poisoned.py")
LONGEST = 60.0
"""Seconds after which a start counts as hanging."""


def start(folder: Path) -> int:
    return subprocess.run(
        [sys.executable, HOST, folder], stderr=subprocess.DEVNULL, timeout=LONGEST, check=False
    ).returncode


def test_it_is_counted_though_it_was_answered_before_it_was_stored(tmp_path: Path) -> None:
    ends = []
    while not ends or ends[-1]:
        ends.append(start(tmp_path))
        assert len(ends) < 9, ends
    # The first time nobody knew; then it is stored first, and its attempts are counted.
    assert ends == [-signal.SIGKILL] * (1 + MOST) + [0]
    assert (tmp_path / "m1").read_text().startswith(f"I was ended {MOST} times")
    assert (tmp_path / "m2").read_text() == "It is harmless."
