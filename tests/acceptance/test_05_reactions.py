"""What else a reaction, a button or a word may do to a card: claim it, hold it, roll it back, ask again, rate what came of it."""

import errno
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import PATIENCE, Bot

PACK = """\
# Gates

## Aliases
- gates

## How to pass the gate
- Aliases: pass the gate
- Risk: change
- Parameters: name
- Example: pass the gate with name hello

```bash
touch {folder}/{name}.begun
cat {folder}/gate
touch {folder}/{name}.ended
```

### Rollback
```bash
rm -f -- {folder}/{name}.begun {folder}/{name}.ended
```

## How to fail
- Aliases: fail
- Risk: change
- Example: fail

```bash
test -e {folder}/mended
```

### Rollback
```bash
rm -f -- {folder}/nothing
```

## Parameters
| name   | type | rule       | description        |
|--------|------|------------|--------------------|
| folder | path | from agent | where the marks go |
| name   | name |            | the mark's name    |
"""


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """The folder that the pack's commands write in; whoever reads `gate` waits until it is opened."""
    folder = tmp_path / "marks"
    folder.mkdir()
    os.mkfifo(folder / "gate")
    return folder


@pytest.fixture
def gated(configure: Callable[..., Path], tmp_path: Path, marks: Path) -> Path:
    """A configuration with an agent `box` whose command waits at the gate."""
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "gates.md").write_text(PACK, encoding="utf8")
    more = f"""
[capabilities]
paths = ["packs"]

[[agents]]
name = "box"
target = "local:"
packs = ["gates"]
level = 2
vars = {{ folder = "{marks}" }}
"""
    return configure(more)


def gate_with_a_reader(marks: Path) -> int:
    """The gate, still shut, when the command waits at it; `open_gate` lets it through."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            return os.open(marks / "gate", os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:  # which is: nobody reads yet
                raise
            time.sleep(0.02)
    raise AssertionError("nothing came to the gate")


def open_gate(gate: int) -> None:
    os.write(gate, b"open\n")
    os.close(gate)


def asked(bot: Bot, name: str = "hello", thread: str = "t1") -> dict[str, Any]:
    """Alice asks for a site; the card that waits."""
    bot.hears(f"@infra create a site called {name} on web1", thread=thread)
    return bot.says("plan", thread=thread)


def made(bot: Bot, name: str = "hello", thread: str = "t1") -> dict[str, Any]:
    """A site that is there; the card that was approved."""
    card = asked(bot, name, thread)
    bot.reacts("✅", card["message"])
    assert bot.says("result", thread=thread)["text"].startswith("alice, done:")
    return card


def failed(bot: Bot) -> dict[str, Any]:
    """A plan that failed; its card."""
    bot.hears("@infra fail on box")
    card = bot.says("plan")
    bot.reacts("✅", card["message"])
    assert "failed" in bot.says("result")["text"]
    return card


def showing(bot: Bot, message: str, words: str) -> dict[str, Any]:
    """The card as it is when these words stand on it."""
    newest = bot.edits.get(message, [{}])[-1]
    if words in newest.get("text", ""):
        return newest
    return bot.next(lambda line: line.get("message") == message and words in line.get("text", ""))


def whisper(bot: Bot, to: str) -> str:
    """The next private word to somebody."""
    text: str = bot.next(lambda line: line.get("only_to") == to)["text"]
    return text


def actions(card: dict[str, Any]) -> list[str]:
    return [control["action"] for control in card["report"]["controls"]]


def audited(tmp_path: Path, *whats: str) -> list[tuple[str, str]]:
    """Who did what, of these kinds of rows, in their order; read while the bot is not running."""
    with sqlite3.connect(tmp_path / "data" / "parley.db") as direct:
        rows = direct.execute("SELECT what, person FROM audit ORDER BY id").fetchall()
    direct.close()
    return [row for row in rows if row[0] in whats]


# 👀


def test_eyes_on_a_card_say_who_looks_at_it_until_they_are_taken_off(
    bot: Bot, tmp_path: Path
) -> None:
    card = asked(bot)["message"]
    bot.reacts("👀", card)
    assert "bob looks at it" in showing(bot, card, "👀")["text"]
    bot.reacts("👀", card, by="alice")
    edit = showing(bot, card, "bob and alice look at it")
    assert edit["report"]["plan"]["claimed_by"] == ["bob", "alice"]
    assert edit["report"]["plan"]["state"] == "pending"
    bot.reacts("👀", card, off=True)
    assert "bob" not in showing(bot, card, "alice looks at it")["text"].splitlines()[-2]
    bot.reacts("👀", card, by="mallory")
    assert "do not know this account" in whisper(bot, "mallory")
    bot.end()
    rows = audited(tmp_path, "plan claimed", "claim ended", "not counted")
    assert rows == [
        ("plan claimed", "bob"),
        ("plan claimed", "alice"),
        ("claim ended", "bob"),
        ("not counted", ""),
    ]


# ⏸


def test_a_pause_holds_what_waits_and_votes_count_meanwhile(
    bot: Bot, sites: tuple[Path, int], tmp_path: Path
) -> None:
    card = asked(bot)["message"]
    bot.reacts("⏸", card)
    held = bot.card(card, "held")
    assert "held by bob" in held["text"].splitlines()[0]
    assert "Needs 1 approval" in held["text"]
    assert "Expires" in held["text"]
    assert actions(held) == ["approve", "reject", "resume", "cancel"]
    bot.reacts("✅", card, by="alice")
    assert "approved by alice" in showing(bot, card, "approved by alice")["text"]
    assert not (sites[0] / "hello").exists()
    bot.reacts("⏸", card, off=True)
    assert bot.says("result")["text"].startswith("alice, done:")
    assert (sites[0] / "hello").is_dir()
    bot.end()
    assert audited(tmp_path, "plan held", "plan approved", "hold ended") == [
        ("plan held", "bob"),
        ("plan approved", "alice"),
        ("hold ended", "bob"),
    ]


def test_a_hold_outlives_a_restart(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], sites: tuple[Path, int]
) -> None:
    bot = bots(configure())
    card = asked(bot)["message"]
    bot.reacts("⏸", card)
    bot.card(card, "held")
    bot.reacts("✅", card, by="alice")
    showing(bot, card, "approved by alice")
    bot.kill()
    bot.edits.clear()
    bot.start()
    assert bot.card(card, "held")
    assert not (sites[0] / "hello").exists()
    bot.clicks("resume", card, by="alice")
    assert bot.says("result")["text"].startswith("alice, done:")


@pytest.mark.parametrize("way", ["▶", "click", "word"])
def test_whoever_may_stop_a_plan_lets_it_go_on(bot: Bot, way: str) -> None:
    card = asked(bot)["message"]
    bot.hears("hold", by="bob")
    bot.card(card, "held")
    bot.edits.clear()
    if way == "click":
        bot.clicks("resume", card, by="alice")
    elif way == "word":
        bot.hears("resume", by="alice")
    else:
        bot.reacts(way, card, by="alice")
    again = bot.card(card, "pending")
    assert actions(again) == ["approve", "reject"]
    bot.reacts("✅", card)
    assert bot.says("result")["text"].startswith("alice, done:")


def test_what_is_held_is_rejected_cancelled_and_expires_as_ever(
    configure: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    bot = bots(configure('\n[approvals]\nexpires = "3s"\n'))
    names = {"rejected": "hello", "cancelled": "welcome", "expired": "ciao"}
    for state, name in names.items():
        card = asked(bot, name, thread=state)["message"]
        bot.reacts("⏸", card)
        bot.card(card, "held")
        if state == "rejected":
            bot.reacts("❌", card)
        elif state == "cancelled":
            bot.reacts("🛑", card)
        else:
            bot.reacts("✅", card)
        assert bot.card(card, state)


def test_a_guest_holds_nothing_and_a_held_plan_takes_no_chatter(bot: Bot) -> None:
    card = asked(bot)["message"]
    bot.reacts("⏸", card, by="guest")
    assert "needs an operator" in whisper(bot, "guest")
    bot.reacts("⏸", card)
    bot.card(card, "held")
    bot.hears("make it called welcome", by="bob")
    bot.hears("@infra status", thread="t2")
    assert "1 held" in bot.says("answer", thread="t2")["text"]
    assert bot.posts("t1") == ["plan", "answer"]


def test_a_run_is_held_before_its_next_command_and_goes_on_where_it_was(
    gated: Path, bots: Callable[[Path], Bot], marks: Path, tmp_path: Path
) -> None:
    bot = bots(gated)
    bot.hears("@infra pass the gate on box with name hello")
    card = bot.says("plan")["message"]
    bot.reacts("✅", card)
    gate = gate_with_a_reader(marks)
    bot.reacts("⏸", card, by="alice")
    edit = showing(bot, card, "held by alice: nothing further is begun")
    assert edit["report"]["plan"]["state"] == "running"
    open_gate(gate)
    held = bot.card(card, "held")
    assert "held by alice" in held["text"]
    assert "2/3" in held["text"]
    assert actions(held) == ["resume", "cancel"]
    bot.kill()
    bot.start()
    assert not (marks / "hello.ended").exists()
    bot.reacts("⏸", card, by="alice", off=True)
    assert bot.says("result")["text"].startswith("alice, done:")
    assert (marks / "hello.ended").exists()
    bot.end()
    assert audited(tmp_path, "step") == [("step", "")] * 3


def test_a_held_run_can_be_cancelled_and_then_rolled_back(
    gated: Path, bots: Callable[[Path], Bot], marks: Path
) -> None:
    bot = bots(gated)
    bot.hears("@infra pass the gate on box with name hello")
    card = bot.says("plan")["message"]
    bot.reacts("✅", card)
    gate = gate_with_a_reader(marks)
    bot.hears("hold", by="bob")
    showing(bot, card, "held by bob: nothing further is begun")
    open_gate(gate)
    bot.card(card, "held")
    bot.reacts("🛑", card)
    assert actions(bot.card(card, "cancelled")) == ["undo"]
    bot.says("result")
    bot.reacts("↩", card)
    second = bot.says("plan")
    bot.reacts("✅", second["message"], by="alice")
    assert bot.says("result")["text"].startswith("bob, rolled back:")
    assert not (marks / "hello.begun").exists()
    assert "cancelled, rolled back later" in bot.card(card, "rolled_back")["text"]


# ↩️


def test_a_finished_plan_is_rolled_back_by_a_plan_of_its_own(
    bot: Bot, sites: tuple[Path, int], tmp_path: Path
) -> None:
    first = made(bot)
    done = bot.card(first["message"], "done")
    assert actions(done) == ["undo", "good", "bad"]
    bot.reacts("↩", first["message"])
    card = bot.says("plan")
    plan = card["report"]["plan"]
    folder = sites[0] / "hello"
    argv = ["rm", "-f", "-d", "--", f"{folder}/index.html", str(folder)]
    assert (plan["state"], plan["risk"], plan["requesters"]) == ("pending", "change", ["bob"])
    assert plan["steps"][0]["argv"] == [argv]
    assert plan["digest"] != first["report"]["plan"]["digest"]
    assert " ".join(argv) in card["text"]
    assert "mkdir" not in card["text"]
    assert "reply to change it" not in card["text"]
    assert "bob asked to roll it back" in showing(bot, first["message"], "asked to")["text"]
    assert folder.is_dir()
    bot.reacts("✅", card["message"], by="alice")
    result = bot.says("result")
    assert result["text"].startswith("bob, rolled back:")
    assert "approved by alice" in result["text"]
    assert result["report"]["tone"] == "green"
    assert not folder.exists()
    old = bot.card(first["message"], "rolled_back")
    assert "done, rolled back later" in old["text"]
    assert plan["id"][-4:] in old["text"]
    assert actions(old) == ["good", "bad"]
    assert bot.card(card["message"], "done")
    bot.end()
    assert bot.posts("t1") == ["plan", "result", "plan", "result"]
    assert audited(tmp_path, "roll back asked") == [("roll back asked", "bob")]


@pytest.mark.parametrize("way", ["result", "click", "undo", "roll back", "@infra undo"])
def test_the_result_a_button_and_words_ask_for_it_too(bot: Bot, way: str) -> None:
    card = asked(bot)
    bot.reacts("✅", card["message"])
    result = bot.says("result")
    if way == "result":
        bot.reacts("↩️", result["message"])
    elif way == "click":
        bot.clicks("undo", card["message"])
    else:
        bot.hears(way, by="bob")
    assert bot.says("plan")["report"]["plan"]["undoes"]


def test_a_roll_back_can_be_rejected_and_asked_for_again(bot: Bot, sites: tuple[Path, int]) -> None:
    first = made(bot)["message"]
    for _ in range(2):
        bot.reacts("↩", first, off=True)
        bot.reacts("↩", first)
        card = bot.says("plan")["message"]
        bot.reacts("❌", card, by="alice")
        bot.card(card, "rejected")
    bot.end()
    assert (sites[0] / "hello").is_dir()


def test_two_who_press_in_the_same_instant_make_one_request(bot: Bot) -> None:
    first = made(bot)["message"]
    for person in ("alice", "bob", "alice"):
        bot.reacts("↩", first, by=person)
    assert bot.says("plan")["report"]["plan"]["requesters"] == ["alice"]
    assert "asked about already" in whisper(bot, "bob")
    bot.end()
    assert bot.posts("t1").count("plan") == 2


def test_who_may_not_approve_it_may_not_roll_it_back(bot: Bot, sites: tuple[Path, int]) -> None:
    first = made(bot)["message"]
    bot.reacts("↩", first, by="guest")
    assert "needs an operator" in whisper(bot, "guest")
    bot.reacts("↩", first, by="mallory")
    assert "do not know this account" in whisper(bot, "mallory")
    bot.end()
    assert bot.posts("t1").count("plan") == 1
    assert (sites[0] / "hello").is_dir()


def test_what_cannot_be_undone_is_refused_to_that_person(bot: Bot) -> None:
    made(bot)
    bot.hears("@infra remove the site hello on web1", thread="t2")
    card = bot.says("plan", thread="t2")["message"]
    bot.reacts("✅", card)
    bot.says("result", thread="t2")
    assert actions(bot.card(card, "done")) == ["good", "bad"]
    bot.reacts("↩", card)
    assert "cannot be rolled back: nothing undoes" in whisper(bot, "bob")
    bot.end()
    assert bot.posts("t2").count("plan") == 1


@pytest.mark.parametrize("emoji", ["↩", "🔁", "⏸", "🛑"])
def test_what_is_no_card_takes_no_orders(bot: Bot, emoji: str) -> None:
    bot.hears("@infra help")
    message = bot.says("answer")["message"]
    bot.reacts(emoji, message)
    assert "this is neither" in whisper(bot, "bob")
    bot.reacts(emoji, "m1")
    bot.end()
    assert bot.posts("t1") == ["answer", "answer"]


def test_a_press_that_was_heard_is_neither_lost_nor_doubled_by_a_kill(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], tmp_path: Path
) -> None:
    bot = bots(configure())
    first = made(bot)["message"]
    bot.reacts("↩", first)
    with sqlite3.connect(tmp_path / "data" / "parley.db") as direct:
        query = (
            "SELECT count(*) FROM inbox WHERE kind = 'reaction' AND CAST(event AS TEXT) LIKE '%↩%'"
        )
        deadline = time.monotonic() + PATIENCE
        while not direct.execute(query).fetchone()[0]:
            assert time.monotonic() < deadline
    bot.kill()
    bot.start()
    bot.hears("@infra approvals", thread="t2")
    bot.says("answer", thread="t2")
    bot.reacts("↩", first, by="alice")
    assert "asked about already" in whisper(bot, "alice")
    bot.end()
    rolls = direct.execute('SELECT count(*), count(DISTINCT "next") FROM follows').fetchone()
    plans = direct.execute("SELECT count(*) FROM plans").fetchone()
    direct.close()
    assert (rolls, plans) == ((1, 1), (2,))


# 🔁


def test_a_failed_plan_is_asked_for_again_by_whoever_presses(
    gated: Path, bots: Callable[[Path], Bot], marks: Path, tmp_path: Path
) -> None:
    bot = bots(gated)
    first = failed(bot)
    assert actions(bot.card(first["message"], "failed")) == ["retry", "good", "bad"]
    (marks / "mended").touch()
    bot.reacts("🔁", first["message"])
    second = bot.says("plan")["report"]["plan"]
    assert (second["state"], second["revision"], second["requesters"]) == ("pending", 1, ["bob"])
    assert second["id"] != first["report"]["plan"]["id"]
    assert "bob asked again" in showing(bot, first["message"], "asked again")["text"]
    bot.reacts("🔁", first["message"], by="alice")
    assert "asked about already" in whisper(bot, "alice")
    bot.hears(f"approve {second['id'][-4:]}", by="alice")
    assert bot.says("result")["text"].startswith("bob, done:")
    bot.clicks("retry", first["message"], by="alice")
    assert "was done after all" in whisper(bot, "alice")
    bot.end()
    assert audited(tmp_path, "asked again") == [("asked again", "bob")]


@pytest.mark.parametrize("how", ["rejected", "expired", "cancelled"])
def test_what_came_to_nothing_is_asked_for_again(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], how: str
) -> None:
    more = '\n[approvals]\nexpires = "2s"\n' if how == "expired" else ""
    bot = bots(configure(more))
    card = asked(bot)["message"]
    if how != "expired":
        bot.reacts({"rejected": "❌", "cancelled": "🛑"}[how], card)
    assert (actions(bot.card(card, how)) == ["retry"]) == (how == "expired")
    bot.hears("try again", by="bob")
    assert bot.says("plan")["report"]["plan"]["state"] == "pending"


def test_what_is_done_or_under_way_is_not_tried_again(bot: Bot) -> None:
    card = asked(bot)["message"]
    bot.reacts("🔁", card)
    assert "is pending, not finished" in whisper(bot, "bob")
    bot.reacts("✅", card)
    bot.says("result")
    bot.clicks("retry", card)
    assert "nothing to try again" in whisper(bot, "bob")
    bot.reacts("🔁", card, by="guest")
    assert "needs an operator" in whisper(bot, "guest")


# 👍 👎


def test_a_result_is_rated_once_by_each_person(bot: Bot, tmp_path: Path) -> None:
    card = asked(bot)["message"]
    bot.reacts("👍", card)
    assert "rate a result" in whisper(bot, "bob")
    bot.reacts("✅", card)
    result = bot.says("result")["message"]
    bot.reacts("👍", result)
    showing(bot, card, "👍 1\n")
    bot.reacts("👎", card, by="alice")
    showing(bot, card, "👍 1 👎 1")
    bot.reacts("👍", card, by="guest")
    showing(bot, card, "👍 2 👎 1")
    bot.reacts("👍", card, by="alice")
    showing(bot, card, "👍 3")
    bot.clicks("good", card, by="guest")
    last = showing(bot, card, "👍 2\n")
    assert last["report"]["plan"]["ratings"] == {"bob": "good", "alice": "good"}
    bot.reacts("👍", result, off=True)
    showing(bot, card, "👍 1\n")
    bot.end()
    assert bot.posts("t1") == ["plan", "answer", "result"]
    rows = audited(tmp_path, "rated", "rating withdrawn")
    assert rows == [
        ("rated", "bob"),
        ("rated", "alice"),
        ("rated", "guest"),
        ("rated", "alice"),
        ("rating withdrawn", "guest"),
        ("rating withdrawn", "bob"),
    ]


def test_an_answer_is_rated_too(bot: Bot, tmp_path: Path) -> None:
    bot.hears("@infra which sites are there on web1?")
    answer = bot.says("answer")["message"]
    bot.reacts("👎", answer)
    bot.end()
    assert audited(tmp_path, "rated") == [("rated", "bob")]
    assert bot.posts("t1") == ["answer"]


# Words


def test_help_names_the_words_that_work_in_the_thread(bot: Bot) -> None:
    bot.hears("@infra help", thread="t2")
    assert "hold" not in bot.says("answer", thread="t2")["text"]
    card = asked(bot)["message"]
    bot.hears("@infra help")
    assert "`hold`" in bot.says("answer")["text"]
    bot.reacts("✅", card)
    bot.says("result")
    bot.hears("@infra help")
    text = bot.says("answer")["text"]
    assert "`undo`" in text
    assert "`hold`" not in text


@pytest.mark.parametrize("words", ["hold on", "undo?", "undo the release", "try again tomorrow"])
def test_only_whole_messages_are_orders(bot: Bot, words: str) -> None:
    first = made(bot)["message"]
    bot.hears(words, by="bob")
    bot.hears("@infra status", thread="t2")
    bot.says("answer", thread="t2")
    bot.end()
    assert bot.posts("t1") == ["plan", "result"]
    assert bot.edits[first][-1]["report"]["plan"]["state"] == "done"
