"""A command dies with the bot, with everything it started; what a finished command left may stay, once that is on record."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.targets.local.target import Local
from tests.targets.making import appears, skip_without, url_of

OWNER = Path(__file__).with_name("owner.py")
REPOSITORY = Path(__file__).parents[2]
LATE = "echo $$ > {name}.pid; while ! test -e go; do sleep 0.02; done; echo late > {name}.late"
GONE = 1.0
"""Seconds in which whatever is to be ended is ended; then `go` lets what is left write."""


@contextmanager
def owner(url: str, data: Path, attempt: str, script: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that performs the script; killed at the end whatever happens."""
    argv = [sys.executable, str(OWNER), url, str(data), attempt, script]
    environment = {"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


async def let_go(folder: Path) -> None:
    """Time for the end to come, then the signal to write, then time to write."""
    await asyncio.sleep(GONE)
    (folder / "go").touch()
    await asyncio.sleep(GONE / 2)


def late(name: str) -> str:
    return LATE.format(name=name)


ESCAPES = {
    "child": late("a"),
    "subshell": f"( {late('a')} ) & wait",
    "background": f"( {late('a')} ) & sleep 60",
    "own session": f"setsid sh -c '{late('a')}' & sleep 60",
    "own session, waited for": f"setsid -w sh -c '{late('a')}'",
    "double fork": f"( setsid sh -c '( {late('a')} ) & exit 0' & ) ; sleep 60",
    "nohup": f"nohup sh -c '{late('a')}' >/dev/null 2>&1 & sleep 60",
    "ignores": f"trap '' TERM HUP INT; ( {late('a')} ) & wait",
}


@pytest.mark.parametrize("escape", ESCAPES)
async def test_nothing_is_written_after_the_bot_was_killed(
    kind: str, folders: Callable[[str], tuple[Path, Path]], escape: str
) -> None:
    folder, data = folders(kind)
    skip_without(kind, folder)
    with owner(url_of(kind, folder), data, "a1", ESCAPES[escape]) as process:
        await appears(folder / "a.pid")
        process.send_signal(signal.SIGKILL)
        await let_go(folder)
    assert not (folder / "a.late").exists()


async def test_the_late_writer_does_write_when_nobody_is_killed(tmp_path: Path) -> None:
    """So that the tests above can fail."""
    with owner("local:", tmp_path, "a1", ESCAPES["double fork"]):
        await appears(tmp_path / "a.pid")
        await let_go(tmp_path)
        await appears(tmp_path / "a.late")


async def test_a_daemon_of_a_finished_command_survives_and_is_on_record(tmp_path: Path) -> None:
    script = f"setsid sh -c '{late('a')}' >/dev/null 2>&1 & while ! test -s a.pid; do sleep 0.01; done; exit 3"
    with owner("local:", tmp_path, "a1", script) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "ended 3\n"
        process.send_signal(signal.SIGKILL)
        await let_go(tmp_path)
        await appears(tmp_path / "a.late")
    recalled = await Local()("local:", tmp_path).recall("a1")
    assert recalled is not None
    assert (recalled.exit, recalled.exits) == (3, (3,))


async def test_recall_waits_until_nothing_changes_any_more(tmp_path: Path) -> None:
    """A supervisor that is slow to end what it must end: stopped here, as on a machine that hangs."""
    script = f"cut -d' ' -f4 /proc/$$/stat > supervisor; {late('a')}"
    with owner("local:", tmp_path, "a1", script) as process:
        await appears(tmp_path / "a.pid")
        supervisor = int((tmp_path / "supervisor").read_text())
        os.kill(supervisor, signal.SIGSTOP)
        process.kill()
        recalled = asyncio.create_task(Local()("local:", tmp_path).recall("a1"))
        await asyncio.sleep(0.3)
        assert not recalled.done()
        os.kill(supervisor, signal.SIGCONT)
        assert await recalled is None
    (tmp_path / "go").touch()
    await asyncio.sleep(GONE / 2)
    assert not (tmp_path / "a.late").exists()


async def test_a_command_that_ended_leaving_nothing_has_no_record(tmp_path: Path) -> None:
    with owner("local:", tmp_path, "a1", "true") as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == "ended 0\n"
    assert await Local()("local:", tmp_path).recall("a1") is None
