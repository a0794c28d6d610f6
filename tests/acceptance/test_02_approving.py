"""Approving: a plan is a card; people decide by reaction, button or words; what was approved is exactly what runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.conftest import Bot


def asked(bot: Bot, name: str = "hello", thread: str = "t1") -> dict[str, object]:
    """Alice asks for a site; the card that waits."""
    bot.hears(f"@infra create a site called {name} on web1", thread=thread)
    return bot.says("plan", thread=thread)


def test_the_card_says_everything_before_anybody_decides(bot: Bot, sites: tuple[Path, int]) -> None:
    card = asked(bot)
    folder, port = sites
    plan = card["report"]["plan"]
    assert plan["state"] == "pending"
    assert plan["risk"] == "change"
    assert plan["requesters"] == ["alice"]
    step = plan["steps"][0]
    assert (step["agent"], step["capability"], step["needs"]) == (
        "web1",
        "demo-site/create-a-site",
        [],
    )
    assert ["mkdir", f"{folder}/hello"] in step["argv"]
    assert plan["approval"]["needed"] == ["1 approval by an operator (alice may)"]
    for words in ("mkdir", "index.html", f"127.0.0.1:{port}", "Needs 1 approval", "Expires"):
        assert words in card["text"]
    assert not (folder / "hello").exists()


def test_a_reaction_approves_and_the_plan_is_run_verified_and_reported(
    bot: Bot, sites: tuple[Path, int]
) -> None:
    card = asked(bot)
    bot.reacts("✅", card["message"])
    result = bot.says("result")
    assert result["text"].startswith("alice, done:")
    assert "approved by bob" in result["text"]
    assert (sites[0] / "hello" / "index.html").is_file()
    last = bot.edits[card["message"]][-1]
    assert last["report"]["plan"]["state"] == "done"
    assert last["report"]["plan"]["digest"] == card["report"]["plan"]["digest"]
    bot.end()
    assert bot.posts("t1") == ["plan", "result"]


@pytest.mark.parametrize("way", ["click", "typed"])
def test_a_button_and_words_do_the_same(bot: Bot, way: str) -> None:
    card = asked(bot)
    if way == "click":
        bot.clicks("approve", card["message"])
    else:
        bot.hears(f"approve {card['report']['plan']['id'][-4:]}", by="bob")
    assert bot.says("result")["text"].startswith("alice, done:")


def test_the_requester_may_be_the_operator(bot: Bot) -> None:
    bot.reacts("✅", asked(bot)["message"], by="alice")
    assert "approved by alice" in bot.says("result")["text"]


def test_a_rejection_ends_it(bot: Bot, sites: tuple[Path, int]) -> None:
    card = asked(bot)
    name = card["report"]["plan"]["id"][-4:]
    bot.hears(f"reject {name}: wait for the release", by="bob")
    edit = bot.card(card["message"], "rejected")
    assert 'rejected by bob: "wait for the release"' in edit["text"]
    assert edit["report"]["controls"] == []
    bot.reacts("✅", card["message"], by="alice")
    assert "rejected" in bot.says("answer")["text"]
    bot.end()
    assert not (sites[0] / "hello").exists()


def test_a_vote_that_does_not_count_says_why_to_that_person_alone(bot: Bot) -> None:
    card = asked(bot)
    bot.reacts("✅", card["message"], by="guest")
    word = bot.says("answer", "refusal")
    assert word["only_to"] == "guest"
    assert "Your ✅ did not count" in word["text"]
    bot.reacts("✅", card["message"], by="mallory")
    assert bot.says("answer", "refusal")["only_to"] == "mallory"
    bot.end()
    assert bot.edits.get(card["message"], []) == []


def test_two_votes_in_the_same_instant_run_it_once(bot: Bot) -> None:
    card = asked(bot)
    for person in ("alice", "bob", "alice", "bob"):
        bot.reacts("✅", card["message"], by=person)
    bot.says("result")
    bot.end()
    assert bot.posts("t1").count("result") == 1


def test_a_change_is_a_new_revision_and_voids_what_was_said_before(
    bot: Bot, sites: tuple[Path, int]
) -> None:
    first = asked(bot)
    bot.hears("make it called welcome", by="bob")
    second = bot.says("plan", "refusal")
    assert bot.card(first["message"], "superseded")
    plan = second["report"]["plan"]
    assert (plan["revision"], plan["state"]) == (2, "pending")
    assert plan["requesters"] == ["alice", "bob"]
    assert plan["digest"] != first["report"]["plan"]["digest"]
    bot.reacts("✅", first["message"], by="alice")
    assert "superseded" in bot.says("answer")["text"]
    bot.reacts("✅", second["message"], by="alice")
    assert bot.says("result")["text"].startswith("alice, ")
    assert (sites[0] / "welcome").is_dir()
    assert not (sites[0] / "hello").exists()


def test_a_destroy_needs_somebody_who_did_not_ask(bot: Bot, sites: tuple[Path, int]) -> None:
    bot.reacts("✅", asked(bot)["message"])
    bot.says("result")
    bot.hears("@infra remove the site hello on web1", thread="t2")
    card = bot.says("plan")
    assert card["report"]["plan"]["risk"] == "destroy"
    bot.reacts("✅", card["message"], by="alice")
    assert bot.says("answer", "refusal")["only_to"] == "alice"
    assert (sites[0] / "hello").is_dir()
    bot.reacts("✅", card["message"], by="bob")
    assert bot.says("result")["text"].startswith("alice, done")
    assert not (sites[0] / "hello").exists()


def test_cancel_withdraws_a_pending_plan(bot: Bot) -> None:
    card = asked(bot)
    bot.reacts("🛑", card["message"], by="alice")
    assert bot.card(card["message"], "cancelled")["report"]["controls"] == []


def test_an_expired_plan_says_so(
    configure: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    bot = bots(configure('\n[approvals]\nexpires = "1s"\n'))
    card = asked(bot)
    assert "expired" in bot.card(card["message"], "expired")["text"]
    bot.reacts("✅", card["message"])
    assert "expired" in bot.says("answer")["text"]


def test_stop_holds_everything_until_resume(bot: Bot, sites: tuple[Path, int]) -> None:
    card = asked(bot)
    bot.hears("@infra stop: fire drill", by="bob", thread="ops")
    assert "Stopped" in bot.says("answer", thread="ops")["text"]
    bot.reacts("✅", card["message"])
    assert "fire drill" in bot.says("result")["text"]
    assert not (sites[0] / "hello").exists()
    bot.hears("@infra resume", by="bob", thread="ops")
    assert "Going on" in bot.says("answer", thread="ops")["text"]
