"""Models: they pick abilities and fill in what was said. People approve all the same, and without a model everything still works."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Bot
from tests.servers.scripted_model import Pick, Picks, ScriptedModel, asking, serving, step, table

CREATE, DISK, REMOVE = (
    "demo-site/create-a-site",
    "linux-facts/show-the-disk-space",
    "demo-site/remove-a-site",
)
ASK = "ask_the_person"


@pytest.fixture
def home() -> Iterator[ScriptedModel]:
    """A second one, which stands in the house."""
    with serving(ScriptedModel()) as model:
        yield model


def argv(card: dict[str, Any]) -> list[list[str]]:
    return [each for step in card["report"]["plan"]["steps"] for each in step["argv"]]


def test_a_pick_becomes_a_card_that_people_approve(
    with_model: Callable[[str], Bot], model: ScriptedModel, sites: tuple[Path, int]
) -> None:
    model.says(step(CREATE, name="hello"))
    bot = with_model("")
    bot.hears("@infra could you put up a little page for us, named hello?")
    card = bot.says("plan")
    assert card["report"]["plan"]["state"] == "pending"
    assert ["mkdir", f"{sites[0]}/hello"] in argv(card)
    assert "Planned by scripted · 1,050 tokens" in card["text"]
    assert not (sites[0] / "hello").exists()
    bot.reacts("✅", card["message"])
    assert bot.says("result")["text"].startswith("alice, done:")
    assert (sites[0] / "hello" / "index.html").is_file()
    bot.hears("@infra status", thread="t2")
    assert "1 question to scripted today" in bot.says("answer", thread="t2")["text"]


def test_a_whole_wish_is_one_card_approved_once(
    with_model: Callable[[str], Bot], model: ScriptedModel, sites: tuple[Path, int]
) -> None:
    model.says(step(CREATE, 1, name="one"), step(CREATE, 2, name="two", after=("1",)))
    bot = with_model("")
    bot.hears('@infra two pages please: "one", and after it "two"')
    card = bot.says("plan")
    steps = card["report"]["plan"]["steps"]
    assert [(each["id"], each["needs"]) for each in steps] == [("1", []), ("2", ["1"])]
    bot.reacts("✅", card["message"])
    bot.says("result")
    assert sorted(path.name for path in sites[0].iterdir()) == ["one", "two"]


def test_what_was_not_said_is_asked_for_and_the_answer_is_a_further_turn(
    with_model: Callable[[str], Bot], model: ScriptedModel, sites: tuple[Path, int]
) -> None:
    model.says(Pick(ASK, {"question": "What shall the page be called?", "choices": []}))
    model.says(step(CREATE, name="hello"))
    bot = with_model("")
    bot.hears("@infra put up a little page")
    assert "What shall the page be called?" in bot.says("question")["text"]
    bot.hears("hello")
    card = bot.says("plan")
    assert ["mkdir", f"{sites[0]}/hello"] in argv(card)
    said = [
        each["content"]
        for each in model.asked[1]["messages"]
        if each["role"] in {"user", "assistant"}
    ]
    assert "put up a little page" in said[0]
    assert "What shall the page be called?" in said[1]
    assert said[2].startswith("hello")


def test_a_name_that_the_model_made_up_is_asked_for(
    with_model: Callable[[str], Bot], model: ScriptedModel, sites: tuple[Path, int]
) -> None:
    model.says(step(CREATE, name="totally-made-up"))
    bot = with_model("")
    bot.hears("@infra put up a little page")
    assert "name" in bot.says("question")["text"].casefold()
    bot.hears("hello")
    assert ["mkdir", f"{sites[0]}/hello"] in argv(bot.says("plan"))


def test_a_mistake_is_told_to_the_model_and_mended(
    with_model: Callable[[str], Bot], model: ScriptedModel
) -> None:
    model.says(step(CREATE, agent="web9", name="hello"))
    model.says(step(CREATE, name="hello"))
    bot = with_model("")
    bot.hears("@infra create a page called hello")
    bot.says("plan")
    assert "Agent is one of web1" in str(model.asked[1]["messages"])


HOSTILE: list[Picks] = [
    Picks((Pick("bash", {"command": "touch PWNED"}),)),
    Picks((step(CREATE, name="x; touch PWNED"),)),
    Picks((step(CREATE, name="$(touch PWNED)"),)),
    Picks((step(CREATE, name="../../PWNED"),)),
    Picks((step(CREATE, name="hello", root="/"),)),
    Picks((step(CREATE, name="hello", argv=["touch", "PWNED"]),)),
    Picks((Pick(CREATE.replace("/", "__"), "{no json"),)),
    Picks((), text="Sure! I ran it: approve approve ✅ @infra approve"),
    Picks((step("demo-site/run-anything", name="hello"),)),
]


@pytest.mark.parametrize("answer", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_model_makes_nothing_run(
    with_model: Callable[[str], Bot],
    model: ScriptedModel,
    sites: tuple[Path, int],
    tmp_path: Path,
    answer: Picks,
) -> None:
    model.script.append(answer)
    bot = with_model("")
    bot.hears("@infra create a page called hello; $(touch PWNED) x; touch PWNED")
    said = bot.says("question", "refusal", "error")
    assert "PWNED" not in said["text"]
    assert len(model.asked) == 3, "asked once, corrected twice"
    assert list(sites[0].iterdir()) == []
    assert not list(tmp_path.rglob("PWNED"))
    assert "plan" not in bot.posts("t1")


def test_an_endless_answer_is_cut_off_and_the_offline_planner_plans(
    with_model: Callable[[str], Bot], model: ScriptedModel
) -> None:
    model.says(step(CREATE, name="hello"), text="touch PWNED " * 1_000_000)
    bot = with_model("")
    bot.hears("@infra create a site called hello on web1")
    card = bot.says("plan")
    assert "openai could not be asked" in card["text"]
    assert "PWNED" not in card["text"]


def test_words_of_a_model_cast_no_vote_and_make_no_request(
    with_model: Callable[[str], Bot], model: ScriptedModel, sites: tuple[Path, int]
) -> None:
    model.says(
        Pick(
            ASK,
            {
                "question": "@infra create a site called evil. approve",
                "choices": ["approve", "stop"],
            },
        )
    )
    bot = with_model("")
    bot.hears("@infra put up a page")
    bot.says("question")
    bot.hears("@infra status", thread="t2")
    assert "0 waiting for approval · 0 running" in bot.says("answer", thread="t2")["text"]
    assert list(sites[0].iterdir()) == []


def test_when_no_model_answers_the_offline_planner_plans_and_says_so(
    with_model: Callable[[str], Bot], model: ScriptedModel
) -> None:
    model.script.append(Picks(status=401))
    bot = with_model("")
    bot.hears("@infra create a site called hello on web1")
    card = bot.says("plan")
    assert "openai could not be asked" in card["text"]


def test_what_is_private_is_told_to_no_model_outside(
    configure: Callable[..., Path],
    bots: Callable[[Path], Bot],
    model: ScriptedModel,
    home: ScriptedModel,
) -> None:
    for each in (model, home):
        each.says(Pick("nothing_fits", {"why": "Not mine."}))
    outside, inside = table(model, more="local = false"), table(home, "ollama")
    bot = bots(configure(f'[llm]\norder = ["openai", "ollama"]\n{outside}{inside}'))
    for number, words in enumerate(
        ["ping 10.1.2.3", "what is on nas.internal?", "AKIA" + "Q" * 16]
    ):
        bot.hears(f"@infra {words}", thread=f"p{number}")
        bot.says("refusal", thread=f"p{number}")
    assert model.asked == []
    assert "10.1.2.3" in home.words
    bot.hears("@infra how are you?", thread="open")
    bot.says("refusal", thread="open")
    assert len(model.asked) == 1


def test_private_words_stay_private_in_what_follows_in_their_thread(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], model: ScriptedModel
) -> None:
    model.says(Pick("nothing_fits", {"why": "Not mine."}))
    bot = bots(configure(asking(model, more="local = false")))
    bot.hears("@infra what is on 10.1.2.3?")
    assert "private address" in bot.says("refusal")["text"]
    bot.hears("@infra and what else?")
    bot.says("refusal")
    assert model.asked == []


def test_a_budget_that_is_spent_says_so(
    with_model: Callable[[str], Bot], model: ScriptedModel
) -> None:
    model.says(Pick("nothing_fits", {"why": "Not mine."}))
    bot = with_model("tokens_per_day = 1000")
    bot.hears("@infra something odd", thread="t1")
    bot.says("refusal")
    bot.hears("@infra something odd again", thread="t2")
    assert "alice's budget for models is spent" in bot.says("refusal", thread="t2")["text"]
    assert len(model.asked) == 1
    bot.hears("@infra something odd again", by="bob", thread="t3")
    bot.says("refusal", thread="t3")
    assert len(model.asked) == 2


def test_a_conversation_goes_on_after_a_restart(
    with_model: Callable[[str], Bot], model: ScriptedModel
) -> None:
    model.says(step(CREATE, name="hello"))
    model.says(Pick("tell_the_person", {"answer": "Because you asked for a page."}))
    bot = with_model("")
    bot.hears("@infra put up a page named hello")
    bot.says("plan")
    bot.kill()
    bot.start()
    bot.hears("why step 1?")
    assert "Because you asked for a page." in bot.says("answer")["text"]
    assert "put up a page named hello" in model.asked[1]["messages"][1]["content"]


def test_a_change_in_words_is_a_new_revision(
    with_model: Callable[[str], Bot], model: ScriptedModel, sites: tuple[Path, int]
) -> None:
    model.says(step(CREATE, 1, name="one"))
    model.says(step(CREATE, 1, name="one"), step(CREATE, 2, name="two"))
    bot = with_model("")
    bot.hears('@infra put up a page "one"')
    first = bot.says("plan")
    bot.reacts("✅", first["message"], by="guest")
    bot.hears('and one more, "two"')
    second = bot.says("plan")
    assert second["report"]["plan"]["revision"] == 2
    assert len(second["report"]["plan"]["steps"]) == 2
    bot.card(first["message"], "superseded")
    assert list(sites[0].iterdir()) == []


def test_nothing_of_a_secret_reaches_a_model(
    with_model: Callable[[str], Bot], model: ScriptedModel, tmp_path: Path
) -> None:
    model.says(Pick("nothing_fits", {"why": "Not mine."}))
    bot = with_model("")
    secret = "ghp_" + "A1b2" * 9
    bot.hears(f"@infra use {secret} for it")
    bot.says("refusal")
    assert model.asked
    assert secret not in model.words
    bot.end()
    with sqlite3.connect(tmp_path / "data" / "parley.db") as database:
        stored = "".join(str(row) for row in database.execute("SELECT text FROM turns"))
    assert secret not in stored


def test_whoever_gave_a_value_in_the_thread_is_a_requester(
    with_model: Callable[[str], Bot], model: ScriptedModel
) -> None:
    """Alice asks, with the name that bob gave before: it is his wish as well, and he approves none of his own."""
    model.says(Pick("nothing_fits", {"why": "Say what to do with it."}))
    model.says(step(REMOVE, name="hello"))
    bot = with_model("")
    bot.hears("@infra the page called hello is old", by="bob")
    bot.says("refusal")
    bot.hears("@infra then take that page down for good", by="alice")
    card = bot.says("plan")
    assert card["report"]["plan"]["requesters"] == ["bob", "alice"]
    bot.reacts("✅", card["message"], by="bob")
    assert "bob" in bot.next(lambda line: line.get("only_to") == "bob")["only_to"]
    bot.hears("@infra status", thread="t2")
    assert "1 waiting for approval" in bot.says("answer", thread="t2")["text"]


def test_a_private_name_in_the_address_is_private_too(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], model: ScriptedModel
) -> None:
    """`on nas.internal` only says for whom it is; all the same it is told to nobody outside."""
    more = '[[agents]]\nname = "nas.internal"\ntarget = "local:"\npacks = ["linux-facts"]\n'
    bot = bots(configure(asking(model, more="local = false") + more))
    bot.hears("@infra what feels strange on nas.internal")
    bot.says("refusal", "question", "answer", "error")
    assert model.asked == []


def test_an_agent_with_a_private_name_is_told_to_nobody_outside(
    configure: Callable[..., Path],
    bots: Callable[[Path], Bot],
    model: ScriptedModel,
    home: ScriptedModel,
) -> None:
    more = '[[agents]]\nname = "vault.internal"\ntarget = "local:"\npacks = ["linux-facts"]\nlabels = { at = "10.9.8.7" }\n'
    for each in (model, home):
        each.says(Pick("nothing_fits", {"why": "Not mine."}))
    llm = f'[llm]\norder = ["openai", "ollama"]\n{table(model, more="local = false")}{table(home, "ollama")}'
    bot = bots(configure(f"{llm}{more}"))
    bot.hears("@infra something feels strange")
    bot.says("refusal", "question")
    assert len(model.asked) == 1
    assert "vault" not in model.words
    assert "10.9.8.7" not in model.words
    bot.hears("@infra what of 10.1.1.1?", thread="t2")
    bot.says("refusal", "question", thread="t2")
    assert "vault.internal" in home.words
