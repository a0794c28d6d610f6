"""Every message acted on, plan, vote, refusal, answer and step is a row; secrets never are."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import PARLEY, Bot
from tests.hostile.conftest import pending


def rows(configuration: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [PARLEY, "-c", configuration, "audit", "export"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_whole_story_is_in_the_log(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path
) -> None:
    configuration = box()
    bot = bots(configuration)
    card = pending(bot, "@infra stamp on box name hello")
    bot.reacts("✅", card, by="guest")
    bot.reacts("✅", card, by="bob")
    bot.says("result")
    bot.hears("@infra bake a cake", thread="t2")
    bot.says("refusal", thread="t2")
    bot.hears("@infra status", by="mallory", thread="t3")
    bot.says("refusal", thread="t3")
    bot.end()
    found = rows(configuration)
    whats = [row["what"] for row in found]
    story = ["message", "plan made", "vote not counted", "vote", "plan approved", "step", "run"]
    assert [what for what in whats if what in story][: len(story)] == story
    assert whats.count("refused") == 2
    (step,) = [row for row in found if row["what"] == "step"]
    assert step["data"]["state"] == "done"
    assert len(step["data"]["output"]) == 64
    assert step["subject"] == next(row for row in found if row["what"] == "vote")["subject"]
    asked = next(row for row in found if row["what"] == "message")
    assert (asked["person"], asked["text"]) == ("alice", "stamp on box name hello")


def test_who_cancelled_is_in_the_log_with_the_account(
    box: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    configuration = box()
    bot = bots(configuration)
    card = pending(bot, "@infra stamp on box name hello")
    bot.reacts("🛑", card, by="bob")
    bot.card(card, "cancelled")
    bot.end()
    (row,) = [row for row in rows(configuration) if row["what"] == "plan cancelled"]
    assert (row["person"], row["user"]) == ("bob", "bob")


SECRET = "s3cr3t-of-the-room"


def test_a_secret_is_nowhere(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(SECRET, encoding="utf8")
    (marks / f"x-{SECRET}").touch()
    (marks / "gate").write_text(f"\x1b[1m{SECRET[:4]}\x1b[0m{SECRET[4:]}\n", encoding="utf8")
    configuration = box(
        more="""
[chat.matrix]
homeserver = "http://127.0.0.1:9"
user = "@a:b"
password = "file:password"

[chat.console]
""".replace("[chat.console]", "")
    )
    bot = bots(configuration)
    bot.hears(f"@infra stamp on box name {SECRET}")
    bot.says("refusal", "question", "plan")
    card = pending(
        bot, "@infra stamp on box name hello", thread="t2"
    )  # its Preview lists the folder
    bot.hears(f"reject {SECRET} {SECRET}", by="bob", thread="t2")
    bot.hears("@infra read the gate on box", thread="t3")
    bot.says("answer", thread="t3")
    assert card
    bot.hears(f"@infra stop: {SECRET}", thread="t4")
    bot.says("answer", thread="t4")
    bot.end()
    assert SECRET not in bot.transcript().replace("…", "")
    assert not any(SECRET in json.dumps(line, ensure_ascii=False) for line in bot.heard)
    for file in (tmp_path / "data").rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
