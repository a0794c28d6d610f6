"""What a start imports, and what it must not: SDKs of platforms and models stay out unless they are configured."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SDKS = ("nio", "aiohttp", "discord", "slack_sdk", "anthropic", "openai")
PATIENCE = 60
CONFIGURATION = """\
[chat.matrix]
homeserver = "http://127.0.0.1:9"
user = "@infra:example.org"
token = "env:MATRIX_TOKEN"

[[people]]
name = "alice"
matrix = "@alice:example.org"
"""
OPENED = """
import asyncio, sys
from pathlib import Path
from bot.app import close_chats, open_chats, open_house
from bot.config import load

async def main():
    configuration = load(Path(sys.argv[1]))
    async with open_house(configuration) as house:
        chats = open_chats(house, configuration)
        await close_chats(chats)

asyncio.run(main())
print(*sys.modules)
"""


def modules(folder: Path, arguments: list[str], typed: str = "") -> set[str]:
    """The names that a Python with `-X importtime` says it has imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bot.cli", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "MATRIX_TOKEN": "token-for-nobody"},
        timeout=PATIENCE,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    assert lines, done.stderr
    assert not typed or '"event":"post"' in done.stdout, done.stdout
    return {line.rpartition("|")[2].strip() for line in lines}


def packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What `parley chat --json` has imported when it has answered once and ended, on data that it has seen before."""
    folder = tmp_path_factory.mktemp("chat")
    for number in (1, 2):
        typed = json.dumps({"id": f"m{number}", "text": "@infra status", "thread": "t"}) + "\n"
        found = modules(folder, ["chat", "--json"], typed)
    return found


def test_the_json_console_was_started_for_real(chat: set[str]) -> None:
    assert {"sqlmodel", "bot.app", "adapters.chat.console.adapter"} <= chat


READERS = ("markdown_it", "yaml", "tree_sitter")  # pages are compiled once


@pytest.mark.parametrize("name", [*SDKS, *READERS, "alembic", "prompt_toolkit", "rich"])
def test_the_json_console_leaves_out(name: str, chat: set[str]) -> None:
    assert name not in packages(chat)


def test_a_console_without_a_model_leaves_out_what_speaks_with_models(chat: set[str]) -> None:
    assert not {"bot.planner.model", "bot.planner.picks", "bot.cases.looking"} & chat


def test_only_the_configured_chat_brings_its_sdk(tmp_path: Path) -> None:
    configuration = tmp_path / "parley.toml"
    configuration.write_text(CONFIGURATION)
    done = subprocess.run(
        [sys.executable, "-c", OPENED, configuration],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "MATRIX_TOKEN": "token-for-nobody"},
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = packages(set(done.stdout.split()))
    assert "nio" in found
    others = {"discord", "slack_sdk", "anthropic", "openai", "prompt_toolkit", "rich"}
    assert not found & others
