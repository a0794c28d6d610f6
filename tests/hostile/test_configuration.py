"""What is wrong with a configuration is one sentence with its mend, and exit code 1."""

import subprocess
from pathlib import Path

import pytest

from tests.acceptance.conftest import PARLEY

MATRIX = '[chat.matrix]\nhomeserver = "http://127.0.0.1:9"\nuser = "@a:b"\npassword = "{}"\n'
WRONG = {
    "no TOML": "a = = 1",
    "an endless number": f"a = {'9' * 5000}",
    "nested for ever": f"a = {'[' * 20_000}{']' * 20_000}",
    "an unknown key": '[bot]\nnmae = "x"',
    "a literal secret": MATRIX.format("hunter2"),
    "a secret that is not there": MATRIX.format("env:PARLEY_TEST_IS_NOT_SET"),
    "a secret's file that is not there": MATRIX.format("file:no-such-file"),
    "a secret's file that is empty": MATRIX.format("file:empty"),
    "two agents of one name": '[[agents]]\nname = "a"\npacks = []\n[[agents]]\nname = "A"\npacks = []',
    "two people of one name": '[[people]]\nname = "a"\n[[people]]\nname = "a"',
    "a duration without end": '[approvals]\nexpires = "99999999999999d"',
    "the home of nobody": '[bot]\ndata = "~no-such-user-here/x"',
    "half a path": '[bot]\ndata = "a\\u0000b"',
    "data that is a file": '[bot]\ndata = "parley.toml"',
    "an unknown target": '[[agents]]\nname = "a"\ntarget = "ssh://x"\npacks = []',
    "an unknown chat": '[chat.foo]\nkind = "nope"',
    "an approvals room of no chat": '[chat.console]\n[approvals]\nrooms = ["consol:ops"]',
    "an approvals room that is none": '[chat.console]\n[approvals]\nrooms = ["console"]',
    "operators in no chat": '[bot]\noperators = "console:ops"',
    "the role of nobody": '[[agents]]\nname = "a"\npacks = []\nrole = "data"\n[roles.dta]',
    "a prompt that is not there": '[[agents]]\nname = "a"\npacks = []\nrole = "data"\n[roles.data]\nprompt = "x.md"',
    "a prompt that is a folder": '[[agents]]\nname = "a"\npacks = []\nrole = "data"\n[roles.data]\nprompt = "."',
    "half a prompt": '[[agents]]\nname = "a"\npacks = []\nrole = "data"\n[roles.data]\nprompt = "a\\u0000b"',
    "an address without a port": '[bot]\nlisten = "127.0.0.1"',
    "a port that there is not": '[bot]\nlisten = "127.0.0.1:99999"',
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_one_sentence_and_exit_1(tmp_path: Path, text: str) -> None:
    (tmp_path / "parley.toml").write_text(text, encoding="utf8")
    (tmp_path / "empty").touch()
    done = subprocess.run(
        [PARLEY, "-c", tmp_path / "parley.toml", "chat", "--json"],
        input="",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("parley: ")
    assert "hunter2" not in done.stderr
