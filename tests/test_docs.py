"""The documents are true: what README shows is what happens, and what example.toml holds is every setting."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from adapters.chat.console.settings import Settings as Console
from adapters.chat.discord.settings import Settings as Discord
from adapters.chat.matrix.settings import Settings as Matrix
from adapters.chat.slack.settings import Settings as Slack
from bot.config import build
from bot.settings import File
from capabilities.lint import lint

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf8")
EXAMPLE = tomllib.loads((ROOT / "deploy/example.toml").read_text(encoding="utf8"))
NO_SECRETS = dict.fromkeys(
    (
        "MATRIX_PASSWORD",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "DISCORD_TOKEN",
        "SPEECH_KEY",
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
    ),
    "not-a-secret",
)


def blocks(language: str) -> list[str]:
    """The fenced blocks of README in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def plainly(transcript: str) -> str:
    """A story without what differs from one telling to the next: ids, times, ports, sizes, where it is."""
    text = re.sub(r"~?(/[^\s/]+)+/var/demo", "~/parley/var/demo", transcript)
    text = re.sub(r"[Pp]lan [0-9a-f]{4}", "plan 7f3a", text)
    text = re.sub(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d UTC", "14:02 UTC", text)
    text = re.sub(r"\b\d+(\.\d+)? m?s\b", "1 s", text)
    text = re.sub(r"127\.0\.0\.1(:| port )\d+|\bport \d+", "127.0.0.1:8080", text)
    lines = [line.rstrip() for line in text.splitlines()]
    # How often the bar is seen on its way, and what df says, is this machine's business.
    passing = re.compile(r"… .*(UTC$| · running | · failed, rolling back )|\d+%| Filesystem")
    kept = [line for line in lines if not passing.search(line)]
    return "\n".join(kept).strip()


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone of what is committed, with nothing prepared."""
    folder = tmp_path_factory.mktemp("clone") / "parley"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True, timeout=60)
    return folder


def test_make_demo_in_a_fresh_clone_tells_the_story_of_the_readme(clone: Path) -> None:
    told = subprocess.run(
        ["make", "--no-print-directory", "demo"],
        cwd=clone,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("VIRTUAL_ENV", "MAKE"))
        },
    )
    assert told.returncode == 0, told.stderr[-2000:]
    story = told.stdout[told.stdout.index("alice: ") :]
    assert plainly(story) == plainly(blocks("text")[0])


def test_every_command_of_the_readme_exists() -> None:
    commands = [
        line[2:].split("#")[0].strip() for block in blocks("console") for line in block.splitlines()
    ]
    assert len(commands) >= 6
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf8"), re.MULTILINE)
    for command in commands:
        program, *words = command.split()
        if program == "make":
            assert words[0] in targets, command
        elif program.endswith("parley"):
            helped = subprocess.run(
                [Path(sys.executable).with_name("parley"), words[0], "--help"],
                capture_output=True,
                check=False,
            )
            assert helped.returncode == 0, command
        else:
            assert (program, *words) == ("cp", "deploy/example.toml", "parley.toml")


def test_the_configuration_in_the_readme_loads(tmp_path: Path) -> None:
    prompt = tmp_path / "roles" / "infra" / "AGENT.md"
    prompt.parent.mkdir(parents=True)
    prompt.write_text("Knows our machines.", encoding="utf8")
    first, thinking, team, running = (
        build(tomllib.loads(block), None, tmp_path, NO_SECRETS) for block in blocks("toml")
    )
    assert [agent.name for agent in first.agents] == ["web1"]
    assert first.secrets == ("not-a-secret",)
    assert [each.name for each in thinking.llm.providers] == ["anthropic", "ollama"]
    assert [(role.name, role.agents, role.about) for role in team.roles] == [
        ("infra", ("pve1",), "Knows our machines.")
    ]
    assert running.listen
    assert running.operators
    assert running.approval_rooms


def test_the_ability_in_the_readme_has_no_problem(tmp_path: Path) -> None:
    page = re.search(r"^````markdown\n(.*?)^````$", README, re.DOTALL | re.MULTILINE)
    assert page is not None
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "cache.md").write_text(page[1], encoding="utf8")
    assert [str(problem) for problem in lint([tmp_path])] == []


def test_example_toml_loads(tmp_path: Path) -> None:
    configuration = build(EXAMPLE, None, tmp_path, NO_SECRETS)
    assert {chat.instance for chat in configuration.chats} == {
        "console",
        "matrix",
        "slack",
        "discord",
    }


def names(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


def plain(table: dict[str, Any]) -> dict[str, Any]:
    """A table without the tables inside it, which are an adapter's."""
    return {name: value for name, value in table.items() if not isinstance(value, dict)}


@pytest.mark.parametrize(
    ("model", "table"),
    [
        (File, EXAMPLE),
        *(
            (File.model_fields[name].annotation, plain(EXAMPLE[name]))
            for name in ("bot", "store", "bus", "capabilities", "llm", "approvals")
        ),
        (Console, EXAMPLE["chat"]["console"]),
    ],
)
def test_example_toml_shows_every_setting(model: Any, table: dict[str, Any]) -> None:
    assert names(model) == set(table)


def test_example_toml_shows_every_setting_of_agents_people_and_matrix() -> None:
    from bot.settings import AgentTable, PersonTable

    assert names(AgentTable) == set(EXAMPLE["agents"][0])
    assert names(PersonTable) <= set(EXAMPLE["people"][0])
    # A token instead of the password is shown as a comment beside it.
    assert names(Matrix) - {"token"} == set(EXAMPLE["chat"]["matrix"]) - {"kind"}
    assert names(Discord) == set(EXAMPLE["chat"]["discord"]) - {"kind"}
    http = {"signing_secret", "listen"}
    assert names(Slack) - http == set(EXAMPLE["chat"]["slack"]) - {"kind"}


def test_the_changelog_is_about_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"][
        "version"
    ]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf8")
