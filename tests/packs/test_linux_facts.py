"""The pack linux-facts, every section, on this machine. Where a tool is missing, the test of its section is skipped."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.execution import judge
from tests.packs.machine import Machine
from tests.servers.nginx import end

BOOTED = Path("/run/systemd/system").is_dir()


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listening socket on a port of the kernel's choice."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


async def test_disk_space_and_inodes(machine: Machine) -> None:
    space = await machine.ready("linux-facts/show-the-disk-space").answer()
    assert space.splitlines()[0].split()[:3] == ["Filesystem", "Type", "Size"]
    assert any(line.split()[-1] == "/" for line in space.splitlines())
    inodes = await machine.ready("linux-facts/show-the-free-inodes").answer()
    assert "IFree" in inodes.splitlines()[0]


async def test_what_uses_the_disk_puts_the_biggest_first(machine: Machine, tmp_path: Path) -> None:
    root = tmp_path / "much"
    for name, size in (("small", 10_000), ("big", 3_000_000), ("middle", 400_000)):
        (root / name).mkdir(parents=True)
        (root / name / "file").write_bytes(os.urandom(size))
    ready = machine.ready("linux-facts/show-what-uses-the-disk", folder=str(root), count="3")
    lines = (await ready.answer()).splitlines()
    assert lines[0] == str(root)
    assert [line.split()[1] for line in lines[1:]] == [str(root), f"{root}/big", f"{root}/middle"]


async def test_what_uses_a_folder_that_is_not_there_is_an_error(
    machine: Machine, tmp_path: Path
) -> None:
    ready = machine.ready("linux-facts/show-what-uses-the-disk", folder=f"{tmp_path}/none")
    (outcome,) = await ready.do()
    assert outcome.exit == 2
    assert b"No such file" in outcome.errors


async def test_a_folder_that_may_not_be_read_does_not_hide_the_rest(
    machine: Machine, tmp_path: Path
) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read every folder")
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "open").mkdir()
    ready = machine.ready("linux-facts/show-what-uses-the-disk", folder=str(tmp_path))
    assert f"{tmp_path}/open" in await ready.answer()


@needs("free", "uptime", "ps")
async def test_memory_load_uptime_and_system(machine: Machine) -> None:
    assert "Mem:" in await machine.ready("linux-facts/show-the-memory").answer()
    load = (await machine.ready("linux-facts/show-the-load").answer()).splitlines()
    assert "load average:" in load[0]
    assert int(load[1]) >= 1
    up = (await machine.ready("linux-facts/show-the-uptime").answer()).splitlines()
    assert up[0].startswith("up ")
    assert up[1][:2] == "20"
    system = await machine.ready("linux-facts/show-the-operating-system").answer()
    assert system.startswith("Linux ")
    assert "PRETTY_NAME=" in system


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of a name that no other has, with an argument that nobody should see."""
    program = tmp_path / "parley-sleeper"
    shutil.copy(shutil.which("sleep") or "", program)
    process = subprocess.Popen([program, "987654321"])
    yield process
    end(process)


@needs("ps", "pgrep")
async def test_processes_are_named_without_their_arguments(
    machine: Machine, sleeper: subprocess.Popen[bytes]
) -> None:
    find = machine.ready("linux-facts/find-a-process", process="parley-sleeper")
    assert await find.answer() == f"{sleeper.pid} parley-sleeper\n"
    for section in ("show-the-processes", "show-the-processes-that-use-the-memory"):
        text = await machine.ready(f"linux-facts/{section}", count="200").answer()
        assert text.split()[:2] == ["PID", "USER"]
        assert "987654321" not in text
        assert f"{sleeper.pid} " in text
    end(sleeper)
    assert await find.answer() == ""


@needs("ps")
async def test_as_many_processes_as_asked_for(machine: Machine) -> None:
    few = await machine.ready("linux-facts/show-the-processes", count="2").answer()
    assert len(few.splitlines()) == 2


@needs("ss")
async def test_open_ports(machine: Machine, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    everything = await machine.ready("linux-facts/show-the-open-ports").answer()
    assert f"127.0.0.1:{port} " in everything
    ready = machine.ready("linux-facts/show-what-listens-on-a-port", port=str(port))
    heading, line = (await ready.answer()).splitlines()
    assert f"127.0.0.1:{port} " in line
    listener.close()
    (alone,) = (await ready.answer()).splitlines()
    assert alone.split() == heading.split()


@needs("systemctl")
@pytest.mark.parametrize(
    ("section", "slots"),
    [
        ("show-the-services", {}),
        ("show-the-failed-services", {}),
        ("show-the-status-of-a-service", {"service": "dbus"}),
    ],
)
async def test_services_or_the_clear_error_of_systemd(
    machine: Machine, section: str, slots: dict[str, str]
) -> None:
    ready = machine.ready(f"linux-facts/{section}", **slots)
    (outcome,) = await ready.do()
    if BOOTED:
        assert judge.good(outcome, ready.section.exits)
        assert outcome.output
        return
    assert outcome.exit == 1
    assert b"systemd" in outcome.errors or b"bus" in outcome.errors
    assert not judge.good(outcome, ready.section.exits)


@needs("journalctl")
@pytest.mark.parametrize(
    ("section", "slots"),
    [
        ("show-the-system-log", {"lines": "5"}),
        ("show-the-errors-in-the-system-log", {"lines": "5"}),
        ("show-the-log-of-a-service", {"lines": "5", "service": "nginx"}),
    ],
)
async def test_logs(machine: Machine, section: str, slots: dict[str, str]) -> None:
    ready = machine.ready(f"linux-facts/{section}", **slots)
    (outcome,) = await ready.do()
    assert outcome.fault == ""
    assert outcome.output or outcome.errors
    assert len(outcome.output.splitlines()) <= 5 or b"--" in outcome.output
    if outcome.exit:
        assert b"journal" in outcome.errors
