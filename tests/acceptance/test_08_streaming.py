"""An answer grows in its thread while a model writes it: one post, which ends as the answer, and never as half of one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cases.say import TAKEN_BACK
from tests.acceptance.conftest import Bot
from tests.servers.scripted_model import (
    Pick,
    Picks,
    ScriptedModel,
    asking,
    conclude,
    serving,
    step,
    table,
)

CREATE, DISK = "demo-site/create-a-site", "linux-facts/show-the-disk-space"
ASK = "@infra ask web1 why everything feels strange today"
WHOLE = "The disk is full, because the logs of the web server grow without end."
BEGUN = "The disk is full, because"
ONCE = "tries = 1"
GITHUB = "ghp_" + "A1b2" * 9


def tell(answer: str) -> Pick:
    return Pick("tell_the_person", {"answer": answer})


@pytest.fixture
def second() -> Iterator[ScriptedModel]:
    with serving(ScriptedModel()) as model:
        yield model


@pytest.fixture
def bot(configure: Callable[..., Path], bots: Callable[[Path], Bot], model: ScriptedModel) -> Bot:
    return bots(configure(asking(model, more=ONCE)))


@pytest.fixture
def with_two(
    configure: Callable[..., Path],
    bots: Callable[[Path], Bot],
    model: ScriptedModel,
    second: ScriptedModel,
) -> Bot:
    """A bot that asks `second` where `model` fails."""
    tables = f"{table(model, more=ONCE)}{table(second, 'ollama', ONCE)}"
    return bots(configure(f'[llm]\norder = ["openai", "ollama"]\n{tables}'))


def growing(line: dict[str, Any]) -> bool:
    return bool((line.get("report") or {}).get("growing"))


def edited(bot: Bot, post: dict[str, Any]) -> dict[str, Any]:
    """The edit that makes a growing post whole."""
    message = post["message"]
    return bot.next(lambda line: line.get("message") == message and not growing(line))


def grown(bot: Bot, post: dict[str, Any], words: str) -> dict[str, Any]:
    message = post["message"]
    return bot.next(lambda line: line.get("message") == message and words in line["text"])


def planned(bot: Bot, model: ScriptedModel) -> None:
    """A plan in the thread, which something may be asked about. What the model says afterwards was said to it before."""
    model.script.insert(0, Picks((step(CREATE, name="hello"),)))
    bot.hears("@infra put up a page named hello")
    bot.says("plan")


def test_a_conclusion_grows_and_ends_as_the_answer_with_its_evidence(
    bot: Bot, model: ScriptedModel
) -> None:
    model.says(step(DISK))
    model.says(conclude(WHOLE, 1), halts=(BEGUN, "the web server"))
    bot.hears(ASK)
    post = bot.next(growing)
    assert post["event"] == "post"
    assert post["text"] == "The disk is full, …"
    assert post["report"]["mention"] == "alice", "an edit would call nobody"
    model.go()
    assert grown(bot, post, "the logs of the web")["event"] == "edit"
    model.go()
    last = edited(bot, post)
    assert last["text"].startswith(f"{WHOLE}\nSeen: 1 web1: show the disk space.")
    bot.end()
    assert bot.posts("t1") == ["answer", "answer"], "the look, and one answer"
    assert "growing" not in last["report"]


def test_an_answer_about_a_plan_grows(bot: Bot, model: ScriptedModel) -> None:
    model.says(tell(WHOLE), halts=(BEGUN,))
    planned(bot, model)
    bot.hears("why step 1?")
    post = bot.next(growing)
    assert post["text"] == "The disk is full, …"
    model.go()
    assert edited(bot, post)["text"] == WHOLE
    bot.end()
    assert bot.posts("t1") == ["plan", "answer"]


def test_a_short_answer_is_only_posted(bot: Bot, model: ScriptedModel) -> None:
    model.says(tell(WHOLE))
    planned(bot, model)
    bot.hears("why step 1?")
    assert bot.says("answer")["text"] == WHOLE
    bot.end()
    assert not [line for line in bot.heard if growing(line)]


@pytest.mark.parametrize("kind", ["conclude", "tell"])
def test_nobody_sees_a_secret_grow(bot: Bot, model: ScriptedModel, kind: str) -> None:
    words = f"The token is {GITHUB} and that is all there is to say of it."
    halts = ("ghp_A1b2", GITHUB[10:30], "and that is all", "to say")
    model.says(conclude(words) if kind == "conclude" else tell(words), halts=halts)
    if kind == "tell":
        planned(bot, model)
    bot.hears(ASK if kind == "conclude" else "why step 1?")
    post = bot.next(growing)
    model.go()
    model.go()
    model.go()
    assert "•••" in grown(bot, post, "and that")["text"]
    model.go()
    assert "The token is ••• and that" in edited(bot, post)["text"]
    bot.end()
    said = json.dumps(bot.heard)
    assert not [part for part in (GITHUB[:8], GITHUB[4:12]) if part in said]


def test_another_model_answers_in_the_same_post(
    with_two: Bot, model: ScriptedModel, second: ScriptedModel
) -> None:
    model.says(conclude("Wrong words that lead nowhere."), halts=("lead",), broken=True)
    second.says(conclude(WHOLE))
    with_two.hears(ASK)
    post = with_two.next(growing)
    assert "Wrong words that" in post["text"]
    model.go()
    assert edited(with_two, post)["text"].startswith(WHOLE)
    with_two.end()
    assert with_two.posts("t1") == ["answer"]


def test_while_it_looks_again_nothing_wrong_stays(
    with_two: Bot, model: ScriptedModel, second: ScriptedModel
) -> None:
    """The second model wants to look first, and takes its time over the answer."""
    model.says(conclude("Wrong words that lead nowhere."), halts=("lead",), broken=True)
    model.script.append(Picks(status=401))
    second.says(step(DISK))
    second.says(conclude(WHOLE, 1), halts=('{"answer"', BEGUN))
    with_two.hears(ASK)
    post = with_two.next(growing)
    model.go()
    assert "still at it" in edited(with_two, post)["text"]
    second.go()
    assert grown(with_two, post, "The disk is full,")["event"] == "edit"
    second.go()
    assert grown(with_two, post, "Seen: 1")["text"].startswith(WHOLE)


def test_where_nobody_answers_the_post_says_so(bot: Bot, model: ScriptedModel) -> None:
    model.says(conclude(WHOLE), halts=(BEGUN,), broken=True)
    bot.hears(ASK)
    post = bot.next(growing)
    model.go()
    last = edited(bot, post)
    assert last["report"]["kind"] == "error"
    assert "No model could be asked" in last["text"]
    bot.end()
    assert bot.posts("t1") == ["answer"]


@pytest.mark.parametrize("instead", ["question", "plan", "refusal"])
def test_what_turns_out_to_be_something_else_is_taken_back(
    with_two: Bot, model: ScriptedModel, second: ScriptedModel, instead: str
) -> None:
    model.says(tell(WHOLE), halts=(BEGUN,), broken=True)
    planned(with_two, model)
    asks = Pick("ask_the_person", {"question": "Which step do you mean?", "choices": []})
    no = Pick("nothing_fits", {"why": "I cannot tell."})
    second.says({"question": asks, "plan": step(CREATE, name="hello"), "refusal": no}[instead])
    with_two.hears("@infra and again hello, why so?")
    post = with_two.next(growing)
    model.go()
    last = edited(with_two, post)
    if instead == "refusal":
        assert last["report"]["kind"] == "refusal"
        assert "I cannot tell." in last["text"]
    else:
        assert last["text"] == TAKEN_BACK
        with_two.says(instead)


def test_a_bot_killed_over_an_investigation_ends_its_post(bot: Bot, model: ScriptedModel) -> None:
    model.says(conclude(WHOLE), halts=(BEGUN,))
    bot.hears(ASK)
    post = bot.next(growing)
    bot.kill()
    bot.start()
    last = edited(bot, post)
    assert "I was ended while I looked into this" in last["text"]
    bot.end()
    assert {line["message"] for line in bot.heard if line.get("thread") == "t1"} == {
        post["message"]
    }


def test_a_bot_killed_over_an_answer_answers_in_the_same_post(
    bot: Bot, model: ScriptedModel
) -> None:
    model.says(tell(WHOLE), halts=(BEGUN,))
    model.says(tell("Because you asked for it."))
    planned(bot, model)
    bot.hears("why step 1?")
    post = bot.next(growing)
    bot.kill()
    bot.start()
    assert edited(bot, post)["text"] == "Because you asked for it."
    bot.end()
    answers = [x for x in bot.heard if (x.get("report") or {}).get("kind") == "answer"]
    assert {line["message"] for line in answers} == {post["message"]}


def test_a_bot_killed_over_an_answer_that_is_none_takes_it_back(
    bot: Bot, model: ScriptedModel
) -> None:
    model.says(tell(WHOLE), halts=(BEGUN,))
    model.says(step(CREATE, name="again"))
    planned(bot, model)
    bot.hears('@infra and a page "again", why so?')
    post = bot.next(growing)
    bot.kill()
    bot.start()
    assert edited(bot, post)["text"] == TAKEN_BACK
    bot.says("plan")


def test_a_long_answer_makes_no_long_posts(bot: Bot, model: ScriptedModel) -> None:
    model.says(conclude("many words " * 15_000), halts=("words many",) * 3)
    bot.hears(ASK)
    post = bot.next(growing)
    for _ in range(3):
        model.go()
    last = edited(bot, post)
    seen = [line for line in bot.heard if line.get("message") == post["message"]]
    assert all(len(line["text"]) < 1_700 for line in seen)
    assert last["text"].startswith("many words many")
