"""One test for each class of attack that quoting does not stop: types and places do. Nothing is ever run here but a
recorder, and no attack leaves its marker."""

import stat
import subprocess
from pathlib import Path

import pytest

from bot.model.plans import Agent
from bot.model.sections import Exec, Refusal
from capabilities.render import SectionRenderer
from tests.capabilities.making import HERE, how_to, page, section

ATTACKS = {
    "option injection": ("tar -cf /x -- {x}", "name", "--checkpoint-action=exec=touch PWNED"),
    "option injection by text": ("echo -- {x}", "text", "-e"),
    "find primaries": ("find {x} -name y", "path", "-delete"),
    "find primaries after a path": ("find {x}", "path", "/x -exec touch PWNED ;"),
    "a second command": ("ls {x}", "name", "a; touch PWNED"),
    "a substitution": ("ls {x}", "name", "$(touch PWNED)"),
    "backticks": ("ls {x}", "name", "`touch PWNED`"),
    "a second line": ("ls {x}", "name", "a\ntouch PWNED"),
    "a NUL": ("ls {x}", "name", "a\x00b"),
    "path traversal": ("cat /srv/{x}", "name", "../../etc/passwd"),
    "path traversal in a path": ("cat {x}", "path", "/srv/../etc/passwd"),
    "file URLs": ("curl {x}", "url", "file:///etc/passwd"),
    "metadata URLs": ("curl {x}", "url", "http://169.254.169.254/latest/meta-data/"),
    "URLs with a password": ("curl {x}", "url", "http://good.org@evil.org/"),
    "curl globbing": ("curl {x}", "url", "http://x/{a,b}[1-9]"),
    "sub-options": ("unheard-of net0=name=eth0,ip={x}", "ip", "10.0.0.1,bridge=vmbr1"),
    "sub-options by name": ("unheard-of net0=name={x}", "name", "eth0,bridge=vmbr1"),
    "homoglyphs": ("ls {x}", "fqdn", "exаmple.org"),
    "full-width digits": ("ls {x}", "port", "８０８０"),
    "bidi overrides": ("echo -- {x}", "text", "a\u202eb"),
    "terminal escapes": ("echo -- {x}", "text", "a\x1b[2Jb"),
    "configuration injection": (
        "cat > /srv/x <<'END'\nserver_name {x};\nEND",
        "fqdn",
        "a.b; include /etc/passwd",
    ),
    "a heredoc's end": ("cat > /srv/x <<'END'\n{x}\nEND", "name", "a\nEND\ntouch PWNED"),
    "a secret in the open": ("ls {x}", "secret", "hunter2"),
}


@pytest.mark.parametrize(("block", "type_", "value"), ATTACKS.values(), ids=ATTACKS.keys())
def test_the_value_is_refused(block: str, type_: str, value: str) -> None:
    made = section(block, rows=f"| x | {type_} | | |")
    result = SectionRenderer().render(made, {"x": value}, HERE)
    assert isinstance(result, Refusal)
    assert result.slot == "x"
    assert result.why.endswith(".")


def test_confinement_is_by_folder_not_by_prefix() -> None:
    made = section("cat {x}", rows="| x | path | under /srv | |")
    assert isinstance(SectionRenderer().render(made, {"x": "/srv-private/key"}, HERE), Refusal)


@pytest.mark.parametrize(
    "block",
    ["sed 's/{x}/y/' /a", "awk '{x}' /a", "find / -exec {x}", "sh -c {x}", "python3 -c {x}"],
)
def test_programs_made_of_slots_do_not_load(block: str) -> None:
    assert not page(how_to(block, rows="| x | name | | |")).sections


def test_what_looks_like_shell_arrives_as_it_is(tmp_path: Path) -> None:
    program = tmp_path / "record"
    program.write_text('#!/bin/sh\nprintf "%s\\0" "$@" > "$OUT"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    made = section("record -- {x}", rows="| x | text | | |")
    attack = "$(touch PWNED) `touch PWNED` ; touch PWNED & | > PWNED 'x' \"y\" \\ * ~ {a,b} !!"
    result = SectionRenderer().render(made, {"x": attack}, Agent("a", "local:", ("pack",)))
    assert not isinstance(result, Refusal)
    [action] = result[1].actions
    assert isinstance(action, Exec)
    environment = {"PATH": str(tmp_path), "OUT": str(tmp_path / "out")}
    argv = [str(program), *action.stages[0][1:]]
    subprocess.run(
        argv, shell=False, env=environment, cwd=tmp_path, check=True, stdin=subprocess.DEVNULL
    )
    assert (tmp_path / "out").read_bytes() == b"--\0" + attack.encode() + b"\0"
    assert not (tmp_path / "PWNED").exists()
