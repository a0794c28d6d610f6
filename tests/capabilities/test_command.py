"""`parley capabilities` as a process of its own: its JSON shapes, exit codes and what it says to bad input."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).parent / "nginx_sites_page.md").read_text()
CONFIGURATION = """
[bot]
data = "var"
[capabilities]
paths = ["packs"]
[[agents]]
name = "web1"
target = "local:"
packs = ["nginx"]
level = 2
vars = { prefix = "/opt/nginx" }
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    (folder / "packs").mkdir()
    (folder / "packs" / "nginx.md").write_text(PAGE)
    rows = "| name | type | rule | description |\n|---|---|---|---|\n| names | list of name | example a, b | |\n"
    (folder / "packs" / "lists.md").write_text(
        f"## Parameters\n{rows}\n## How to list several\n```bash\nls {{names...}}\n```\n"
    )
    (folder / "parley.toml").write_text(CONFIGURATION)
    return folder


def parley(place: Path, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    line = [sys.executable, "-m", "bot.cli", "capabilities", *words]
    return subprocess.run(
        line, cwd=place, input=given, capture_output=True, timeout=60, check=False
    )


def objects(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def test_list(place: Path) -> None:
    done = parley(place, "list", "--json")
    assert done.returncode == 0, done.stderr
    found = {each["id"]: each for each in objects(done)}
    section = found["nginx/add-a-reverse-proxy"]
    assert (section["title"], section["pack"], section["risk"], section["level"]) == (
        "add a reverse proxy",
        "nginx",
        "change",
        2,
    )
    assert section["slots"][0] == {
        "name": "prefix",
        "type": "path",
        "rule": "from agent; default /etc/nginx",
        "required": False,
        "from_agent": True,
        "default": "/etc/nginx",
        "example": "/etc/nginx",
    }
    assert section["slots"][2]["example"] == "8080"
    assert b"nginx/add-a-reverse-proxy" in parley(place, "list").stdout


def test_render(place: Path) -> None:
    slots = ("domain=a.example.org", "port=81")
    done = parley(place, "render", "nginx/add-a-reverse-proxy", *slots, "--json")
    [answer] = objects(done)
    assert done.returncode == 0
    assert set(answer) == {"argv", "pipes", "writes"}
    assert answer["argv"][0] == ["test", "!", "-e", "/etc/nginx/sites-available/a.example.org"]
    assert answer["writes"][0]["path"] == "/etc/nginx/sites-available/a.example.org"
    [answer] = objects(
        parley(place, "render", "nginx/add-a-reverse-proxy", *slots, "--agent", "web1", "--json")
    )
    assert answer["argv"][0][3] == "/opt/nginx/sites-available/a.example.org"


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("nginx/add-a-reverse-proxy", "domain=-x", "port=1"), "option"),
        (("nginx/add-a-reverse-proxy", "domain=a.b", "port=x"), "port"),
        (("nginx/add-a-reverse-proxy", "domain=a.b"), "required"),
        (("nginx/add-a-reverse-proxy", "domain=a.b", "port=1", "prefix=/x"), "from agent"),
        (("nginx/nothing",), "unknown section"),
    ],
)
def test_render_refuses(place: Path, words: tuple[str, ...], rule: str) -> None:
    done = parley(place, "render", *words, "--json")
    [answer] = objects(done)
    assert done.returncode == 1
    assert set(answer) == {"refused"}
    assert set(answer["refused"]) == {"slot", "rule", "why"}
    assert answer["refused"]["rule"] == rule
    plain = parley(place, "render", *words)
    assert plain.returncode == 1
    assert not plain.stdout
    assert plain.stderr.count(b"\n") == 1


def test_render_answers_every_line(place: Path) -> None:
    good = b'{"id": "lists/list-several", "slots": {"names": ["a", "b"]}}'
    lines = [
        good,
        b"",
        b"x",
        b"[]",
        b"1",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": 1}',
        b'{"id": "lists/list-several"}',
        b'{"id": "lists/list-several", "slots": []}',
        b'{"id": "lists/list-several", "slots": {"names": "a"}}',
        b'{"id": "lists/list-several", "slots": {"names": [["a"]]}}',
        b'{"id": "lists/list-several", "slots": {"names": ["a", "-b"]}}',
        b'{"id": "lists/list-several", "slots": {"names": null}}',
        b'{"id": "lists/list-several", "slots": {"names": true}}',
        b'{"id": "\\ud800", "slots": {"x": "\\ud800"}}',
        b'{"id": "lists/list-several", "slots": {"names": ' + b"9" * 5000 + b"}}",
        good,
    ]
    done = parley(place, "render", "--stdin", given=b"\n".join(lines) + b"\n")
    assert done.returncode == 0, done.stderr
    answers = objects(done)
    assert len(answers) == len(lines)
    assert answers[0] == answers[-1] == {"argv": [["ls", "a", "b"]], "pipes": [], "writes": []}
    assert all(set(answer) == {"refused"} for answer in answers[1:-1])
    numbers = b'{"id": "nginx/add-a-reverse-proxy", "slots": {"domain": "a.b", "port": 81}}\n'
    [answer] = objects(parley(place, "render", "--stdin", given=numbers))
    assert "127.0.0.1:81;" in answer["writes"][0]["content"]


def test_search(place: Path) -> None:
    [answer] = objects(parley(place, "search", "reverse", "proxy", "-n", "2", "--json"))
    assert answer["query"] == "reverse proxy"
    assert answer["hits"][0]["id"].endswith("add-a-reverse-proxy")
    assert set(answer["hits"][0]) == {"id", "score"}
    assert len(answer["hits"]) <= 2
    answers = objects(
        parley(place, "search", "--stdin", given="reverse proxy\n\nлошадь\n".encode())
    )
    assert [each["query"] for each in answers] == ["reverse proxy", "", "лошадь"]
    assert answers[1]["hits"] == []
    assert all(each["ms"] >= 0 for each in answers)


def test_stdin_is_answered_line_by_line(place: Path) -> None:
    line = [sys.executable, "-m", "bot.cli", "capabilities", "search", "--stdin"]
    with subprocess.Popen(
        line, cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for query in ("proxy", "", "site"):
            process.stdin.write(f"{query}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["query"] == query
        process.stdin.close()
        assert process.wait(30) == 0


def test_show_and_test(place: Path) -> None:
    [section] = objects(parley(place, "show", "nginx/add-a-reverse-proxy", "--json"))
    assert "ls -1 {prefix}/sites-enabled" in section["preview"]
    assert (
        b"rm -f -- {prefix}/sites-enabled/{domain}"
        in parley(place, "show", "nginx/add-a-reverse-proxy").stdout
    )
    [answer] = objects(parley(place, "test", "nginx/add-a-reverse-proxy", "--json"))
    assert answer["slots"] == {"domain": "shop.example.org", "port": "8080"}
    assert answer["argv"]
    done = parley(place, "show", "nginx/add-a-reverse-prxy")
    assert done.returncode == 1
    assert b"Nearest: " in done.stderr


def test_lint(place: Path, tmp_path: Path) -> None:
    assert parley(place, "lint").returncode == 0
    (tmp_path / "bad.md").write_text("## How to x\n```bash\nls; ls\n```\n")
    done = parley(place, "lint", str(tmp_path), "--json")
    assert done.returncode == 1
    [problem] = objects(done)
    assert (problem["file"], problem["line"], problem["severity"]) == (
        str(tmp_path / "bad.md"),
        3,
        "error",
    )
    assert problem["mend"]
    assert f"{tmp_path}/bad.md:3: ".encode() in parley(place, "lint", str(tmp_path)).stdout


@pytest.mark.parametrize(
    "words",
    [("render",), ("render", "x", "novalue"), ("search", "-n", "0", "x"), ("frobnicate",), ()],
)
def test_bad_usage(place: Path, words: tuple[str, ...]) -> None:
    done = parley(place, *words)
    assert done.returncode == 2
    assert done.stderr
