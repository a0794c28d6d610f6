"""The whole adapter against a Slack that others wrote, in Socket and in HTTP mode: `alone.py`, in a network of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.slack_local import INSIDE, ROOT, absent, wrap

CASES = Path(__file__).with_name("alone.py")


@pytest.mark.parametrize("mode", ["socket", "events"])
def test_against_local_slack(mode: str, tmp_path: Path) -> None:
    if why := absent():
        pytest.skip(why)
    options = ["-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'inside'}"]
    command = wrap([sys.executable, "-m", "pytest", *options, str(CASES)])
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, INSIDE: mode},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said
    assert "skipped" not in said, said
    assert " passed" in said, said
