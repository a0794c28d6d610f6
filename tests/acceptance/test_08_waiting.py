"""While a model thinks, nobody waits who has not asked it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bot
from tests.servers.scripted_model import Pick, ScriptedModel, asking, step

CREATE = "demo-site/create-a-site"


@pytest.fixture
def bot(configure: Callable[..., Path], bots: Callable[[Path], Bot], model: ScriptedModel) -> Bot:
    return bots(configure(asking(model)))


def test_a_vote_does_not_wait_for_what_a_pressed_choice_comes_to(
    bot: Bot, model: ScriptedModel, sites: tuple[Path, int]
) -> None:
    """The choice was pressed first, and is still thought about when the vote's plan is done."""
    model.says(step(CREATE, name="hello"))
    model.says(Pick("ask_the_person", {"question": "Which?", "choices": ["one", "two"]}))
    model.says(Pick("nothing_fits", {"why": "Not mine."}))
    bot.hears('@infra put up a page "hello"', thread="a")
    card = bot.says("plan", thread="a")
    bot.hears("@infra put up some page or other", thread="b")
    question = bot.says("question", thread="b")
    model.gate.clear()
    bot.clicks("one", question["message"], by="alice")
    bot.reacts("✅", card["message"], by="bob")
    assert bot.says("result", thread="a")["text"].startswith("alice, done:")
    assert len(model.took) == 2, "the third answer is still to come"
    assert bot.posts("b") == ["question"]
    model.gate.set()
    assert "Not mine." in bot.says("refusal", thread="b")["text"]
    assert len(model.asked) == 3
