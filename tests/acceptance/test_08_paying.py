"""Who pays for what a model was asked: whoever spoke last, whatever came of it."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import PATIENCE, Bot
from tests.servers.scripted_model import Pick, Picks, ScriptedModel, step

CREATE = "demo-site/create-a-site"
NO = Pick("nothing_fits", {"why": "Not mine."})
Select = Callable[[str], list[tuple[Any, ...]]]


def ask(question: str) -> Pick:
    return Pick("ask_the_person", {"question": question, "choices": []})


@pytest.fixture
def rows(tmp_path: Path) -> Select:
    """What is stored, in the order in which it was."""

    def select(query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(tmp_path / "data" / "parley.db") as database:
            return list(database.execute(query))

    return select


def paid(rows: Select) -> dict[str, int]:
    """Questions of each."""
    return dict(rows("SELECT person, sum(questions) FROM spending GROUP BY person"))  # type: ignore[arg-type]  # two columns


def test_an_investigation_that_fails_is_paid_for(
    with_model: Callable[..., Bot], model: ScriptedModel, rows: Select
) -> None:
    """Else a budget would end nobody who asks what has no answer."""
    model.script.append(Picks(text="words only"))
    bot = with_model("tokens_per_day = 1000")
    for number in range(3):
        bot.hears("@infra ask web1 why everything feels strange today", thread=f"t{number}")
        bot.says("error", "answer", thread=f"t{number}")
    bot.end()
    assert len(model.asked) == 3, "asked once, corrected twice, and then the budget was spent"
    assert paid(rows) == {"alice": 3}


def test_a_repair_that_comes_to_nothing_is_paid_for(
    with_model: Callable[..., Bot], model: ScriptedModel, rows: Select, sites: tuple[Path, int]
) -> None:
    (sites[0] / "hello").mkdir()
    model.says(step(CREATE, name="hello"))
    model.says(NO)
    bot = with_model()
    bot.hears('@infra put up a page "hello"')
    card = bot.says("plan")
    bot.reacts("✅", card["message"])
    bot.says("result")
    bot.end()
    assert len(model.asked) == 2
    assert paid(rows) == {"alice": 2}


def test_a_change_that_comes_too_late_is_paid_for(
    with_model: Callable[..., Bot], model: ScriptedModel, rows: Select
) -> None:
    """The plan is done while the model thinks about a change of it."""
    begun = threading.Event()

    def answer(asked: dict[str, Any]) -> Picks:
        if "rather" not in str(asked["messages"]):
            return Picks((step(CREATE, name="one"),))
        begun.set()
        return Picks((step(CREATE, name="two"),), halts=("two",))

    model.answer = answer
    bot = with_model()
    bot.hears('@infra put up a page "one"')
    card = bot.says("plan")
    bot.hears('rather "two" in its place', by="bob")
    assert begun.wait(PATIENCE)
    bot.reacts("✅", card["message"])
    bot.says("result")
    model.go()
    bot.says("error", "refusal", "answer")
    bot.end()
    assert len(model.asked) == 2
    assert paid(rows) == {"alice": 1, "bob": 1}


def test_answers_are_paid_for_by_whoever_gave_them(
    with_model: Callable[..., Bot], model: ScriptedModel, rows: Select
) -> None:
    model.says(ask("One?"))
    model.says(ask("Two?"))
    model.says(ask("Three?"))
    bot = with_model()
    for who, text in (("alice", "@infra put up a little page"), ("bob", "one"), ("alice", "two")):
        bot.hears(text, by=who)
        bot.says("question")
    bot.end()
    said = rows("SELECT person, text FROM turns WHERE role = 'user' ORDER BY rowid")
    assert said == [("alice", "put up a little page"), ("bob", "one"), ("alice", "two")]
    assert rows("SELECT person FROM spending ORDER BY rowid") == [("alice",), ("bob",), ("alice",)]


def test_changes_are_paid_for_by_whoever_wanted_them(
    with_model: Callable[..., Bot], model: ScriptedModel, rows: Select
) -> None:
    """And so it stands in the audit: alice made the third revision, although she had asked first."""
    for name in ("one", "two", "three"):
        model.says(step(CREATE, name=name))
    bot = with_model()
    bot.hears('@infra put up a page "one"')
    bot.says("plan")
    bot.hears('rather "two" in its place', by="bob")
    bot.says("plan")
    bot.hears('rather "three" in its place')
    card = bot.says("plan")
    assert card["report"]["plan"]["requesters"] == ["bob", "alice"]
    bot.reacts("✅", card["message"])
    assert bot.says("result")["text"].startswith("alice, "), "who asked first is told"
    bot.end()
    assert rows("SELECT person FROM spending ORDER BY rowid") == [("alice",), ("bob",), ("alice",)]
    made = rows("SELECT person, user FROM audit WHERE what = 'plan made' ORDER BY id")
    assert made == [("alice", "alice"), ("bob", "bob"), ("alice", "alice")]
