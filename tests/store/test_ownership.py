"""One process, one data folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.model.errors import OwnedError, StoreError
from bot.store.ownership import Ownership

HOLD = """
import sys
from pathlib import Path
from bot.store.ownership import Ownership
with Ownership(Path(sys.argv[1])):
    print("mine", flush=True)
    sys.stdin.read()
"""


def hold(data: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    return process


def test_a_second_process_is_told_whose_it_is_until_that_one_ends(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    with hold(data) as other:
        with pytest.raises(OwnedError, match=rf"belongs to process {other.pid}\."):
            Ownership(data).__enter__()
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    with Ownership(data):
        assert (data / "owner.lock").read_text() == f"{os.getpid()}\n"


def test_an_end_in_order_frees_it(tmp_path: Path) -> None:
    with Ownership(tmp_path), pytest.raises(OwnedError, match=str(os.getpid())):
        Ownership(tmp_path).__enter__()
    with Ownership(tmp_path):
        pass


def test_a_child_that_lives_on_does_not_keep_it(tmp_path: Path) -> None:
    with Ownership(tmp_path):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with Ownership(tmp_path):
            pass
    finally:
        child.kill()
        child.wait()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be used"):
        Ownership(tmp_path / "file").__enter__()
