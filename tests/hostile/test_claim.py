"""What was approved is what runs: the claim looks at the bytes, the agents, the packs and the stop of now."""

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bot
from tests.hostile.conftest import database, open_gate, pending


def forge(tmp_path: Path, *, with_digest: bool) -> None:
    """Another slot value in the stored plan, everywhere where it counts."""
    with closing(database(tmp_path)) as connection, connection:
        (document,) = connection.execute("SELECT document FROM plans").fetchone()
        forged = document.replace(b'"name":"hello"', b'"name":"PWNED"')
        for end in (b".begun", b".ended", b".stamp"):
            forged = forged.replace(b"/hello" + end, b"/PWNED" + end)
        assert forged != document
        connection.execute("UPDATE plans SET document = ?", (forged,))
        if with_digest:
            connection.execute("UPDATE plans SET digest = ?", (hashlib.sha256(forged).hexdigest(),))


@pytest.mark.parametrize("with_digest", [False, True])
def test_a_plan_whose_bytes_were_changed_does_not_run(
    box: Callable[..., Path],
    bots: Callable[[Path], Bot],
    marks: Path,
    tmp_path: Path,
    with_digest: bool,
) -> None:
    bot = bots(box())
    card = pending(bot, "@infra mark slowly on box name hello")
    bot.kill()
    forge(tmp_path, with_digest=with_digest)
    bot.start()
    bot.reacts("✅", card)
    said = bot.next(lambda line: line["event"] == "post" and line["message"] != card)
    assert list(marks.iterdir()) == []
    wrong = "another revision" if with_digest else "not what was approved"
    assert wrong in said["text"]


@pytest.mark.parametrize("change", ["level", "variables", "gone"])
def test_an_agent_that_changed_since_the_card_came_does_not_run_it(
    box: Callable[..., Path],
    configure: Callable[..., Path],
    bots: Callable[[Path], Bot],
    marks: Path,
    tmp_path: Path,
    change: str,
) -> None:
    bot = bots(box())
    card = pending(bot, "@infra mark slowly on box name hello")
    bot.kill()
    match change:
        case "level":
            box(level=0)
        case "variables":
            box(folder=tmp_path)
        case "gone":
            configure('[capabilities]\npaths = ["packs"]\n')
    bot.start()
    bot.reacts("✅", card)
    result = bot.says("result")
    assert result["report"]["run"]["state"] in {"stale", "failed"}
    assert list(marks.iterdir()) == []
    bot.hears("@infra status", thread="t9")  # and the bot lives
    assert bot.says("answer", thread="t9")


def test_a_change_of_a_plan_whose_agent_is_gone_is_refused_in_words(
    box: Callable[..., Path], configure: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    bot = bots(box())
    pending(bot, "@infra mark slowly on box name hello")
    bot.kill()
    configure('[capabilities]\npaths = ["packs"]\n')
    bot.start()
    bot.hears("call it world")
    assert "no agent box any more" in bot.says("refusal", "error")["text"]


def test_a_pack_edited_while_its_plan_waits_makes_it_stale(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path, tmp_path: Path
) -> None:
    bot = bots(box())
    card = pending(bot, "@infra stamp on box name hello")
    page = tmp_path / "packs" / "marks.md"
    page.write_text(page.read_text("utf8").replace("{name}.stamp", "{name}.other"), "utf8")
    time.sleep(3)  # packs are looked at every two seconds
    bot.reacts("✅", card)
    assert bot.says("result")["report"]["run"]["state"] == "stale"
    again = bot.says("plan")
    assert again["report"]["plan"]["revision"] == 2
    assert list(marks.iterdir()) == []
    bot.reacts("✅", again["message"])
    assert bot.says("result")["report"]["run"]["state"] == "done"
    assert [mark.name for mark in marks.iterdir()] == ["hello.other"]


def test_a_pack_broken_by_an_edit_changes_nothing_that_waits(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path, tmp_path: Path
) -> None:
    bot = bots(box())
    card = pending(bot, "@infra stamp on box name hello")
    page = tmp_path / "packs" / "marks.md"
    page.write_text(page.read_text("utf8").replace("touch {folder}", "touch $(id) {folder}"))
    time.sleep(3)  # as above
    bot.reacts("✅", card)
    assert bot.says("result")["report"]["run"]["state"] == "done"
    assert [mark.name for mark in marks.iterdir()] == ["hello.stamp"]


def test_a_run_that_was_begun_before_a_stop_does_not_go_on_by_a_restart(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path
) -> None:
    bot = bots(box(seconds=4))
    card = pending(bot, "@infra mark slowly on box name hello")
    bot.reacts("✅", card)
    bot.next(lambda line: "░" in line.get("text", "") and "sleep" in line["text"])
    bot.hears("@infra stop: something is wrong", thread="t2")
    bot.says("answer", "digest", thread="t2")
    bot.kill()
    bot.start()
    bot.says("question", thread="t1")
    bot.hears("done", by="bob")
    bot.hears("@infra status", thread="t3")
    bot.says("answer", thread="t3")
    time.sleep(1.5)  # it would have gone on long since
    assert not (marks / "hello.ended").exists()
    bot.end()  # and the end of the input does not wait for what is held
    bot.close()
    bot.start()
    bot.hears("@infra resume", thread="t2")
    assert bot.says("result")["report"]["run"]["state"] == "done"
    assert (marks / "hello.ended").exists()


def test_after_a_stop_no_preview_is_run(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path
) -> None:
    bot = bots(box())
    bot.hears("@infra stop", thread="t2")
    bot.says("answer", thread="t2")
    bot.hears("@infra stamp on box name hello")
    assert "stopped everything" in bot.says("refusal", "plan")["text"]


def test_two_runs_that_end_while_a_stale_plan_is_made_again_make_one_revision(
    box: Callable[..., Path], bots: Callable[[Path], Bot], marks: Path
) -> None:
    os.mkfifo(marks / "gate")
    bot = bots(box())
    bot.hears("@infra seal on box name hello")
    open_gate(marks, "one\n")
    card = bot.says("plan")["message"]
    bot.reacts("✅", card)
    open_gate(marks, "two\n")  # the Preview at the claim: stale; the next revision reads the gate
    assert bot.says("result")["report"]["run"]["state"] == "stale"
    bot.hears("@infra ask web1 about disk space", thread="t2")
    bot.says("answer", thread="t2")  # its run has ended, and stale plans are looked for again
    open_gate(marks, "three\n")
    assert bot.says("plan", thread="t1")["report"]["plan"]["revision"] == 2
    bot.hears("@infra status", thread="t3")
    assert bot.says("answer", thread="t3")
    assert bot.posts("t1").count("plan") == 2
