"""Votes, answers, cancelling and unlocking: by whom, when, and on what."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.conftest import PARLEY, PATIENCE, Bot
from tests.hostile.conftest import open_gate, pending


def whisper(bot: Bot, to: str) -> str:
    """The next private word to somebody."""
    text: str = bot.next(lambda line: line.get("only_to") == to)["text"]
    return text


def unread(configuration: Path, *lines: dict[str, str]) -> None:
    """A bot that says everything to nobody: its output is closed before it begins."""
    reader, writer = os.pipe()
    os.close(reader)
    words = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(
        [PARLEY, "-c", configuration, "chat", "--json"],
        input=words,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    os.close(writer)
    assert "Traceback" not in done.stderr


def test_nobody_approves_a_card_that_never_came_out(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path
) -> None:
    configuration = box()
    asked = {"id": "x1", "as": "alice", "text": "@infra stamp on box name hello", "thread": "t1"}
    unread(configuration, asked)
    bot = bots(configuration)
    bot.hears("@infra approvals", thread="t2")
    listed = bot.says("answer", thread="t2")["text"]
    name = re.search(r"`([0-9a-f]{4})`", listed)
    if name is None or "t1" in {line.get("thread") for line in bot.heard}:
        return  # it came out after all, by the restart
    bot.hears(f"approve {name[1]}", by="bob")
    assert "has not come out" in whisper(bot, "bob")
    assert list(marks.iterdir()) == []


def test_an_emoji_is_no_word_for_a_slot(
    box: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    bot = bots(box())
    bot.hears("@infra stamp on box")
    question = bot.says("question")
    bot.reacts("✅", question["message"])
    bot.hears("hello")
    plan = bot.says("plan")["report"]["plan"]
    assert plan["steps"][0]["slots"]["name"] == "hello"
    assert plan["requesters"] == ["alice"]


def test_a_mention_that_says_done_answers_no_question_about_a_slot(
    box: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    bot = bots(box())
    bot.hears("@infra stamp on box")
    bot.says("question")
    bot.hears("@infra done", by="bob")
    assert "Nothing is in doubt" in bot.says("refusal", "plan")["text"]


def test_whoever_answers_late_is_told_and_changes_nothing(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path
) -> None:
    bot = bots(box(seconds=3))
    card = pending(bot, "@infra mark slowly on box name hello")
    bot.reacts("✅", card)
    bot.next(lambda line: "░" in line.get("text", "") and "sleep" in line["text"])
    bot.kill()
    bot.start()
    question = bot.says("question")["message"]
    lines = [
        {"as": "bob", "click": "roll back", "to": question},
        {"as": "alice", "click": "done", "to": question},
    ]
    bot.raw("\n".join(map(json.dumps, lines)))  # in one batch: both are read before either counts
    result = bot.says("result")
    assert result["report"]["run"]["state"] == "rolled_back"
    assert list(marks.iterdir()) == []


def test_a_cancel_that_comes_too_late_says_so(
    box: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    bot = bots(box())
    card = pending(bot, "@infra stamp on box name hello")
    bot.reacts("✅", card)
    bot.says("result")
    bot.reacts("🛑", card, by="alice")
    assert "nothing to cancel" in whisper(bot, "alice")


def test_the_lock_of_a_run_at_work_is_not_taken_away(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path
) -> None:
    bot = bots(box(seconds=3))
    first = pending(bot, "@infra mark slowly on box name hello")
    bot.reacts("✅", first)
    bot.next(lambda line: "░" in line.get("text", "") and "sleep" in line["text"])
    bot.hears("@infra unlock box: because I say so", thread="t2")
    assert "is at work on box" in bot.says("answer", thread="t2")["text"]
    second = pending(bot, "@infra mark slowly on box name extra", thread="t3")
    bot.reacts("✅", second)
    bot.card(second, "queued")
    assert not (marks / "extra.begun").exists()
    bot.says("result", thread="t1")
    bot.says("result", thread="t3")


def test_unlock_frees_the_target_of_a_run_in_doubt_and_no_other(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path, tmp_path: Path
) -> None:
    other = f"""
[[agents]]
name = "sandboxed"
target = "local:{tmp_path}/marks"
packs = ["marks"]
level = 3
vars = {{ folder = "{marks}", seconds = 0 }}
"""
    bot = bots(box(seconds=30, more=other))
    card = pending(bot, "@infra mark slowly on box name hello")
    bot.reacts("✅", card)
    bot.next(lambda line: "░" in line.get("text", "") and "sleep" in line["text"])
    bot.kill()
    bot.start()
    bot.says("question")
    bot.hears("@infra unlock sandboxed: wrong one", thread="t2")
    assert "Nothing holds sandboxed" in bot.says("answer", thread="t2")["text"]
    bot.hears("@infra unlock box: I looked", thread="t2")
    assert "box is free" in bot.says("answer", thread="t2")["text"]


def test_a_late_duplicate_of_a_message_with_other_words_is_not_heard(
    box: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    bot = bots(box())
    bot.hears("@infra stamp on box name hello", id="same")
    bot.says("plan")
    bot.hears("@infra stamp on box name PWNED", id="same")
    bot.hears("@infra status", thread="t2")
    bot.says("answer", thread="t2")
    assert bot.posts("t1") == ["plan"]


def test_typed_words_do_not_overtake_a_change_that_is_being_made(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path
) -> None:
    os.mkfifo(marks / "gate")
    bot = bots(box())
    bot.hears("@infra seal on box name hello")
    open_gate(marks, "one\n")
    bot.says("plan")
    time.sleep(2.1)  # from now on typed words count
    bot.hears("call it world")  # its Preview waits at the gate
    bot.hears("approve", by="bob")
    assert "still being worked on" in whisper(bot, "bob")
    open_gate(marks, "one\n")
    plan = bot.says("plan")["report"]["plan"]
    assert (plan["revision"], plan["steps"][0]["slots"]["name"]) == (2, "world")
    assert [mark.name for mark in marks.iterdir()] == ["gate"]


def test_votes_on_what_is_no_longer_the_newest_card_count_nowhere(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path
) -> None:
    bot = bots(box())
    old = pending(bot, "@infra stamp on box name hello")
    bot.hears("call it world")
    new = bot.says("plan")
    assert new["report"]["plan"]["revision"] == 2
    bot.reacts("✅", old)
    assert "superseded" in whisper(bot, "bob")
    bot.hears("approve", by="bob")  # the card has only just come
    assert "only just come" in whisper(bot, "bob")
    time.sleep(0.2)
    assert list(marks.iterdir()) == []
    bot.reacts("❌", new["message"])
    bot.card(new["message"], "rejected")
    bot.reacts("✅", new["message"], by="alice")
    assert "rejected" in whisper(bot, "alice")


def test_a_late_request_that_is_still_wanted_is_taken_up_by_a_button_too(
    box: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    configuration = box()
    text = configuration.read_text("utf8").replace("[bot]", '[bot]\nlate = "0s"')
    configuration.write_text(text, "utf8")  # every request is late
    bot = bots(configuration)
    bot.hears("@infra stamp on box name hello")
    question = bot.says("question")
    assert "Still wanted?" in question["text"]
    bot.clicks("yes", question["message"], by="alice")
    assert bot.says("plan", "refusal")["report"]["kind"] == "plan"
    click = {"as": "bob", "click": "no", "to": question["message"], "thread": "t1"}
    bot.line(click)
    assert "no longer open" in whisper(bot, "bob")
