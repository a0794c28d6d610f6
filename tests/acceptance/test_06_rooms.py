"""A plan in more than one room: where it was asked, and where approvers look. Votes count once, and every card tells the truth."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Bot

Line = dict[str, Any]
ROOMS = '\n[approvals]\nrooms = ["console:approvals"]\n'


@pytest.fixture
def bot(configure: Callable[..., Path], bots: Callable[[Path], Bot]) -> Bot:
    """A bot with one more room, `approvals`; in a terminal every message there is a thread named like itself."""
    return bots(configure(ROOMS))


def asked(bot: Bot, thread: str = "t1") -> tuple[Line, Line]:
    """Alice asks for a site; the card in her thread, and the one in the approvals room."""
    bot.hears("@infra create a site called hello on web1", thread=thread)
    return card_pair(bot, thread)


def card_pair(bot: Bot, thread: str = "t1") -> tuple[Line, Line]:
    found = [bot.says("plan"), bot.says("plan")]
    here = next(line for line in found if line["thread"] == thread)
    (there,) = (line for line in found if line is not here)
    assert there["thread"] == there["message"]
    return here, there


def votable(card: Line) -> bool:
    """Whether it still offers to approve or reject."""
    actions = {control["action"] for control in card["report"]["controls"]}
    return bool(actions & {"approve", "reject"})


def short(card: Line) -> str:
    name: str = card["report"]["plan"]["id"][-4:]
    return name


def test_both_cards_say_the_same_and_end_the_same(bot: Bot, sites: tuple[Path, int]) -> None:
    here, there = asked(bot)
    assert (here["text"], here["report"]) == (there["text"], there["report"])
    assert votable(here)
    bot.reacts("✅", there["message"])
    result = bot.says("result")
    assert result["thread"] == "t1"
    bot.end()
    assert (sites[0] / "hello" / "index.html").is_file()
    for card in (here, there):
        last = bot.edits[card["message"]][-1]
        assert last["report"]["plan"]["state"] == "done"
        assert last["report"]["plan"]["digest"] == here["report"]["plan"]["digest"]
        assert not votable(last)
    assert bot.posts("t1") == ["plan", "result"]


def test_an_answer_goes_where_it_was_asked_alone(bot: Bot) -> None:
    bot.hears("@infra ask web1 about disk space")
    assert bot.says("answer")["thread"] == "t1"
    bot.end()
    assert [line["event"] for line in bot.heard].count("post") == 1


def test_a_person_has_one_vote_however_many_cards(
    configure: Callable[..., Path], bots: Callable[[Path], Bot], sites: tuple[Path, int]
) -> None:
    """A `destroy` needs somebody else than its requester: alice twice is alice once."""
    bot = bots(configure(ROOMS))
    here, there = asked(bot)
    bot.clicks("approve", there["message"])
    bot.says("result")
    bot.hears("@infra remove the site hello on web1", thread="t2")
    here, there = card_pair(bot, "t2")
    for card in (here, there):
        bot.reacts("✅", card["message"], by="alice")
        word = bot.says("answer", "refusal")
        assert word["only_to"] == "alice"
        assert (word["thread"] == "t2") == (card is here)
    assert (sites[0] / "hello").is_dir()
    bot.reacts("✅", here["message"])
    assert bot.says("result")["thread"] == "t2"
    bot.reacts("✅", there["message"])
    word = bot.says("answer")
    assert "done" in word["text"]
    assert word["only_to"] == "bob"
    assert word["thread"] != "t2"
    bot.end()
    assert bot.posts("t2").count("result") == 1


def test_words_in_the_approvals_thread_vote_on_its_card(bot: Bot, sites: tuple[Path, int]) -> None:
    here, there = asked(bot)
    bot.hears(f"approve {short(there)}", by="bob", thread=there["thread"])
    assert "approved by bob" in bot.says("result")["text"]
    bot.hears("@infra create a site called welcome on web1", thread="t2")
    here, there = card_pair(bot, "t2")
    bot.hears(f"reject {short(there)}: not on a Friday", by="bob", thread=there["thread"])
    for card in (here, there):
        edit = bot.card(card["message"], "rejected")
        assert 'rejected by bob: "not on a Friday"' in edit["text"]
        assert not votable(edit)


def test_words_in_another_cards_thread_vote_on_nothing(bot: Bot) -> None:
    _, first = asked(bot)
    bot.hears("@infra create a site called welcome on web1", thread="t2")
    _, second = card_pair(bot, "t2")
    bot.hears(f"approve {short(first)}", by="bob", thread=second["thread"])
    assert "does not wait for approval in this thread" in bot.says("answer")["text"]


def test_a_change_there_is_a_new_card_in_both_places(bot: Bot, sites: tuple[Path, int]) -> None:
    first = asked(bot)
    bot.hears("make it called welcome", by="bob", thread=first[1]["thread"])
    second = card_pair(bot)
    for old, new in zip(first, second, strict=True):
        assert not votable(bot.card(old["message"], "superseded"))
        assert new["report"]["plan"]["revision"] == 2
        assert new["report"]["plan"]["requesters"] == ["alice", "bob"]
    bot.hears("make it called welcome2", by="bob", thread=first[1]["thread"])
    third = card_pair(bot)
    assert third[0]["report"]["plan"]["revision"] == 3
    bot.hears(f"approve {short(third[1])}", by="bob", thread=second[1]["thread"])
    assert "does not wait for approval in this thread" in bot.says("answer")["text"]
    bot.clicks("approve", third[1]["message"], by="alice")
    bot.says("result")
    assert (sites[0] / "welcome2").is_dir()


def test_cancel_there_withdraws_it(bot: Bot) -> None:
    here, there = asked(bot)
    bot.hears("cancel", thread=there["thread"])
    for card in (here, there):
        assert not votable(bot.card(card["message"], "cancelled"))


def test_a_plan_that_expires_says_so_in_both(
    configure: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    bot = bots(configure(ROOMS.replace("\nrooms", '\nexpires = "1s"\nrooms')))
    for card in asked(bot):
        assert not votable(bot.card(card["message"], "expired"))


def test_both_cards_are_shown_again_and_live_on_after_a_restart(
    configure: Callable[..., Path], bots: Callable[[Path], Bot]
) -> None:
    path = configure(ROOMS)
    bot = bots(path)
    cards = asked(bot)
    bot.kill()
    bot = bots(path)
    for card in cards:
        assert bot.card(card["message"], "pending")
    bot.reacts("✅", cards[1]["message"])
    bot.says("result")
    for card in cards:
        assert bot.card(card["message"], "done")


@pytest.mark.parametrize("way", ["⏸", "word"])
def test_a_plan_is_held_from_there_and_goes_on_from_the_other(
    bot: Bot, sites: tuple[Path, int], way: str
) -> None:
    here, there = asked(bot)
    if way == "word":
        bot.hears("hold", by="bob", thread=there["thread"])
    else:
        bot.reacts(way, there["message"])
    for card in (here, there):
        assert "held by bob" in bot.card(card["message"], "held")["text"]
    bot.reacts("✅", there["message"])
    bot.edits.clear()
    bot.hears("resume", by="bob", thread="t1")
    assert bot.says("result")["thread"] == "t1"
    for card in (here, there):
        assert bot.card(card["message"], "done")
    assert (sites[0] / "hello").is_dir()


@pytest.mark.parametrize("way", ["↩", "word"])
def test_what_was_done_is_rolled_back_from_there_and_voted_on_in_both(
    bot: Bot, sites: tuple[Path, int], way: str
) -> None:
    here, there = asked(bot)
    bot.reacts("✅", there["message"])
    bot.says("result")
    for card in (here, there):
        bot.card(card["message"], "done")
    if way == "word":
        bot.hears("undo", by="bob", thread=there["thread"])
    else:
        bot.reacts(way, there["message"])
    undoing = card_pair(bot)
    for card in undoing:
        assert card["report"]["plan"]["undoes"]
        assert votable(card)
    bot.reacts("✅", undoing[1]["message"], by="alice")
    assert "rolled back" in bot.says("result")["text"]
    assert not (sites[0] / "hello").exists()
    for card in (here, there):
        assert bot.card(card["message"], "rolled_back")
