"""Commands on the local target: what they get, what they say, how they end."""

import asyncio
import os
import tracemalloc
from pathlib import Path

import pytest

from adapters.targets.local.settings import PLUGIN
from adapters.targets.local.target import Local
from bot.model.errors import ConfigurationError, TemporaryError
from bot.model.runs import Limits
from bot.model.sections import Ask
from tests.targets.making import Machine, appears, skip_without

KIB = 1024


async def test_a_command_gets_three_variables_an_empty_input_and_its_folder(
    machine: Machine,
) -> None:
    done = await machine.run(("env",))
    names = {line.partition("=")[0] for line in done.output.decode().splitlines()}
    assert names - {"PWD"} == {"PATH", "LANG", "HOME"}
    assert b"LANG=C.UTF-8\n" in done.output
    assert (await machine.run(("cat",))).output == b""
    assert (await machine.run(("pwd",))).output.decode().strip() == str(machine.folder)


async def test_no_word_is_ever_read_by_a_shell(machine: Machine) -> None:
    words = (
        "$(touch PWNED)",
        "`touch PWNED`",
        "; touch PWNED",
        "a b",
        "*",
        "-n",
        "~",
        "\n",
        "\\",
        "'",
    )
    done = await machine.run(("printf", "%s\\0", *words))
    assert tuple(done.output.decode().split("\0")[:-1]) == words
    assert not (machine.folder / "PWNED").exists()


async def test_a_pipeline_is_joined_and_judged_by_every_stage(machine: Machine) -> None:
    assert (await machine.run(("printf", "b\\na\\n"), ("sort",), ("head", "-1"))).output == b"a\n"
    failing = await machine.run(("sh", "-c", "exit 3"), ("true",))
    assert (failing.exit, failing.exits) == (3, (3, 0))
    last = await machine.run(("sh", "-c", "exit 3"), ("sh", "-c", "exit 4"))
    assert (last.exit, last.exits) == (4, (3, 4))


async def test_a_closed_pipe_before_the_last_stage_is_no_failure(machine: Machine) -> None:
    done = await machine.run(("yes",), ("head", "-1"))
    assert (done.exit, done.output, done.exits) == (0, b"y\n", (141, 0))


async def test_both_streams_are_kept_apart_and_may_be_no_text(machine: Machine) -> None:
    done = await machine.shell(r"printf '\377\000\033[31m'; printf bad >&2; exit 7")
    assert (done.exit, done.output, done.errors) == (7, b"\xff\x00\x1b[31m", b"bad")


async def test_a_signal_is_an_exit_code(machine: Machine) -> None:
    assert (await machine.shell("kill -KILL $$")).exit == 137


async def test_a_hundred_megabytes_keep_their_beginning_and_end_in_little_memory(
    machine: Machine,
) -> None:
    size = 100_000_000
    script = f"printf first; head -c {size} /dev/zero; printf last"
    tracemalloc.start()
    done = await machine.shell(script)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert done.output.startswith(b"first\0")
    assert done.output.endswith(b"\0last")
    assert len(done.output) == 64 * KIB + 960 * KIB
    assert done.dropped == size + len("firstlast") - len(done.output)
    assert peak < 12 * 1024 * KIB


async def test_a_missing_program_is_a_sentence_and_nothing_is_started(machine: Machine) -> None:
    done = await machine.run(("touch", "PWNED"), ("no-such-program",))
    assert done.fault == "missing program"
    assert "no-such-program" in done.words
    assert not (machine.folder / "PWNED").exists()


async def test_a_program_that_cannot_be_started_says_why(machine: Machine) -> None:
    script = machine.folder / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    done = await machine.run((str(script),))
    assert done.exit != 0
    assert b"script" in done.errors


async def test_an_argument_that_no_program_can_get_is_refused(machine: Machine) -> None:
    assert (await machine.run(("printf", "a\0b"))).fault == "refused"


async def test_what_a_person_must_do_is_refused(machine: Machine) -> None:
    assert (await machine.do(Ask("press the button"))).fault == "refused"


async def test_a_timeout_ends_the_command_and_keeps_what_it_said(machine: Machine) -> None:
    script = 'trap "echo bye; exit 3" TERM; echo hello; while :; do sleep 0.05; done'
    done = await machine.shell(script, Limits(timeout=0.5, grace=10))
    assert (done.exit, done.fault, done.output) == (None, "timeout", b"hello\nbye\n")
    assert "0.5 s" in done.words


async def test_a_command_that_ignores_sigterm_is_killed_after_its_grace(machine: Machine) -> None:
    script = 'trap "" TERM; while :; do sleep 0.05; done'
    done = await machine.shell(script, Limits(timeout=0.3, grace=0.3))
    assert (done.fault, done.exits) == ("timeout", (137,))


FORKS_AWAY = "setsid sh -c 'echo $$ > pid; sleep 4; echo late > late' >/dev/null 2>&1 & "
WAITS = "while ! test -s pid; do sleep 0.01; done; "


async def test_a_timeout_reaches_what_forked_away(machine: Machine) -> None:
    done = await machine.shell(FORKS_AWAY + "sleep 60", Limits(timeout=0.5, grace=0.2))
    assert done.fault == "timeout"
    await asyncio.sleep(4.3)
    assert not (machine.folder / "late").exists()


async def test_a_cancel_ends_the_command_and_all_it_started(machine: Machine) -> None:
    task = asyncio.create_task(machine.shell(FORKS_AWAY + WAITS + "touch ready; sleep 60"))
    await appears(machine.folder / "ready")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(4.3)
    assert not (machine.folder / "late").exists()


async def test_what_a_finished_command_leaves_stays_unless_it_is_sandboxed(
    machine: Machine,
) -> None:
    done = await machine.shell(FORKS_AWAY + WAITS + "echo over")
    assert (done.exit, done.output) == (0, b"over\n")
    await asyncio.sleep(4.3)
    assert (machine.folder / "late").exists() != machine.sandboxed


async def test_a_daemon_that_holds_the_output_open_holds_nobody_up(machine: Machine) -> None:
    async with asyncio.timeout(20):
        done = await machine.shell("sleep 60 & echo over")
    assert done.output == b"over\n"


async def test_what_became_of_a_command_whose_supervisor_was_killed_is_not_known(
    tmp_path: Path,
) -> None:
    target = Local()("local:", tmp_path)
    machine = Machine(target, tmp_path, tmp_path, sandboxed=False)
    with pytest.raises(TemporaryError, match="may or may not"):
        await machine.shell("kill -KILL $PPID; sleep 60")
    assert (await machine.shell("echo again")).output == b"again\n"
    await target.close()


async def test_a_reaper_that_was_killed_is_started_again(tmp_path: Path) -> None:
    target = Local()("local:", tmp_path)
    machine = Machine(target, tmp_path, tmp_path, sandboxed=False)
    told = await machine.shell("cut -d' ' -f4 /proc/$PPID/stat")
    os.kill(int(told.output), 9)
    assert (await machine.shell("echo again")).output == b"again\n"
    await target.close()


async def test_many_commands_run_side_by_side(machine: Machine) -> None:
    outcomes = await asyncio.gather(*(machine.shell(f"sleep 0.1; echo {n}") for n in range(12)))
    assert [each.output for each in outcomes] == [f"{n}\n".encode() for n in range(12)]


async def test_no_file_descriptor_is_left_behind(machine: Machine) -> None:
    await machine.run(("true",))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        await machine.run(("printf", "a"), ("cat",))
        await machine.shell("sleep 9", Limits(timeout=0.05, grace=0.05))
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_command_inherits_its_three_streams_and_nothing_else(machine: Machine) -> None:
    done = await machine.run(("ls", "-1", "/proc/self/fd"))
    assert done.output.split() == [b"0", b"1", b"2", b"3"], "3 is the folder that ls reads"


async def test_the_sandbox_has_the_system_and_its_root_and_nothing_else(
    machine: Machine, tmp_path: Path
) -> None:
    if not machine.sandboxed:
        pytest.skip("about the sandbox")
    (tmp_path / "secret").write_text("secret")
    assert (await machine.run(("cat", str(tmp_path / "secret")))).exit != 0
    seen = (await machine.run(("ls", "/etc", "/root", "/home", "/var", "/tmp"))).output
    assert seen.decode().split() in ([], ["/etc:", "ssl"]) or b"passwd" not in seen
    assert (await machine.shell("echo x > /usr/x")).exit != 0
    assert (await machine.shell("echo x > here")).exit == 0
    assert (machine.folder / "here").read_text() == "x\n"
    assert (await machine.shell("ls -d /proc/[0-9]* | wc -l")).output.strip() in {b"3", b"4", b"5"}


async def test_without_bubblewrap_a_sandboxed_target_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    url = f"local:{tmp_path}"
    assert "bubblewrap is not installed" in str(Local().probe(url))
    broken = tmp_path / "bin" / "bwrap"
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    assert "No permissions" in str(Local().probe(url))
    target = Local()(url, tmp_path)
    machine = Machine(target, tmp_path, tmp_path, sandboxed=True)
    done = await machine.run(("/bin/touch", str(tmp_path / "PWNED")))
    assert (done.fault, (tmp_path / "PWNED").exists()) == ("refused", False)
    assert "No permissions" in done.words
    await target.close()


async def test_a_root_behind_a_link_is_there_under_both_names(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    skip_without("sandbox", link)
    target = Local()(f"local:{link}", tmp_path)
    machine = Machine(target, real, tmp_path, sandboxed=True)
    assert (await machine.run(("touch", str(link / "a"), str(real / "b")))).exit == 0
    assert (await machine.write(str(link / "c"), "x")).exit == 0
    assert sorted(each.name for each in real.iterdir()) == ["a", "b", "c"]
    await target.close()


@pytest.mark.parametrize("url", ["local:/", "local:relative", "ssh://x", "local"])
def test_a_url_that_is_none_of_ours_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        Local()(url, tmp_path)


def test_a_root_that_is_not_there_is_told_by_the_probe(tmp_path: Path) -> None:
    assert PLUGIN.probe is not None
    assert "is not there" in PLUGIN.probe(f"local:{tmp_path}/missing")
    assert PLUGIN.probe("local:") is None


async def test_the_identity_names_the_folder_and_the_user(machine: Machine) -> None:
    name = await machine.target.identity()
    assert name.startswith(f"local:{machine.folder if machine.sandboxed else ''} as ")


async def test_a_script_does_not_go_on_when_it_is_ended(machine: Machine) -> None:
    """Whatever it runs is not ended before itself: then its next line would still be run."""
    (machine.folder / "0").write_text("touch begun; sleep 60\n")
    for number in range(1, 13):
        (machine.folder / f"{number}").write_text(f"sh {number - 1}; touch late{number}\n")
    for _ in range(5):
        task = asyncio.create_task(machine.shell("sh 12; touch late"))
        await appears(machine.folder / "begun")
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [path.name for path in machine.folder.glob("late*")] == []
        (machine.folder / "begun").unlink()
