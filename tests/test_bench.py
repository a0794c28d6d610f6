"""The benches in their short form: each comes to its table. No time is looked at here; that is `make bench`."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["requests", "approval"])
def test_a_bench_comes_to_its_table(name: str) -> None:
    """Whether a peer is installed or not."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick", name],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    heads, *rows = done.stdout.partition("\n\n")[0].splitlines()
    assert heads.split() == ["what", "ours", "beside", "it", "ratio", "aim"]
    found = [re.search(r"  (\d[\d,.]*)(?: |$)", row) for row in rows]
    assert all(found), done.stdout
    assert any(figure and float(figure[1].replace(",", "")) for figure in found), done.stdout
