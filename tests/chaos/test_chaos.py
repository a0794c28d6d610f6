"""A few kills with every test run; `make chaos` does hundreds. What is counted, and how, stands in run.py."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
KILLS = 5


def test_nothing_is_lost_doubled_or_unasked(tmp_path: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "tests.chaos.run",
        "--kills",
        str(KILLS),
        "--folder",
        str(tmp_path),
    ]
    done = subprocess.run(
        argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False
    )
    assert "lost 0 doubled 0 unasked 0" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
