"""Asking: a mention is a request. Questions about facts are answered at once; everything else becomes a card."""

import pytest

from tests.acceptance.conftest import Bot


def test_a_question_is_answered_at_once(bot: Bot) -> None:
    """👀 first, then one answer in the thread, with what it was found by."""
    asked = bot.hears("@infra ask web1 about disk space")
    assert bot.next(lambda line: True) == {"event": "react", "message": asked, "emoji": "👀"}
    answer = bot.says("answer")
    assert "Filesystem" in answer["text"]
    assert "df on web1" in answer["text"]
    assert answer["report"]["run"]["state"] == "done"
    bot.end()
    assert bot.posts("t1") == ["answer"]


@pytest.mark.parametrize(
    "words",
    [
        "@infra how full is the disk on web1?",
        "!infra disk space",
        "@infra what is using the disk on web1?",
        "@infra web1: uptime",
        "@infra please tell web to show me the memory",
    ],
)
def test_many_wordings_mean_the_same(bot: Bot, words: str) -> None:
    bot.hears(words)
    assert bot.says("answer", "question", "refusal")["report"]["kind"] == "answer"


def test_words_that_are_not_for_the_bot_are_none_of_its_business(bot: Bot) -> None:
    bot.hears("lunch anybody? the disk is full", thread="t1")
    bot.hears("@infra ask web1 about disk space", thread="t2")
    bot.says("answer")
    bot.end()
    assert {line["thread"] for line in bot.heard if line["event"] == "post"} == {"t2"}


def test_a_message_is_handled_once_however_often_it_comes(bot: Bot) -> None:
    for _ in range(3):
        bot.hears("@infra ask web1 about disk space", id="same")
    bot.says("answer")
    bot.end()
    assert bot.posts("t1") == ["answer"]


def test_what_nobody_can_do_is_refused_with_the_nearest_three(bot: Bot) -> None:
    bot.hears("@infra make me a sandwich")
    refusal = bot.says("refusal")["text"]
    assert refusal.startswith("I know no capability for that.")
    assert refusal.partition("Nearest: ")[2].count(" · ") == 2


def test_a_misspelt_agent_is_a_question_and_never_a_guess(bot: Bot) -> None:
    bot.hears("@infra ask wbe1 about disk space")
    question = bot.says("question", "answer")
    assert question["report"]["kind"] == "question"
    assert question["report"]["question"]["choices"] == ["web1"]
    bot.hears("web1")
    assert "df on web1" in bot.says("answer")["text"]


def test_a_missing_slot_is_a_question_answered_in_the_thread(bot: Bot) -> None:
    bot.hears("@infra create a site on web1")
    question = bot.says("question")
    assert question["report"]["question"]["choices"] == []
    bot.hears("hello")
    said = bot.next(lambda line: line.get("message") == question["message"])
    assert "alice: hello" in said["text"]
    card = bot.says("plan")
    assert card["report"]["plan"]["steps"][0]["slots"]["name"] == "hello"
    assert card["report"]["plan"]["requesters"] == ["alice"]


def test_a_stranger_gets_one_refusal_that_says_how_to_be_added(bot: Bot) -> None:
    for number in range(3):
        bot.hears("@infra disk space", by="mallory", thread=f"t{number}")
    refusal = bot.says("refusal")["text"]
    assert "I do not know this account" in refusal
    assert 'console = "mallory"' in refusal
    bot.end()
    assert [line["event"] for line in bot.heard].count("post") == 1


def test_help_shows_real_examples(bot: Bot) -> None:
    bot.hears("@infra help")
    words = bot.says("answer")["text"]
    assert "@infra create a site called hello on web1" in words
    assert "change" in words
    bot.hears("@infra status")
    assert "0 waiting for approval" in bot.says("answer")["text"]
    bot.hears("@infra agents")
    assert "web1" in bot.says("answer")["text"]
    bot.hears("@infra capabilities memory")
    assert "linux-facts: show the memory" in bot.says("answer")["text"]


def test_bad_lines_get_one_sentence_and_nothing_is_lost(bot: Bot) -> None:
    bot.raw("this is no JSON")
    assert "not JSON" in bot.next(lambda line: line["event"] == "error")["text"]
    bot.raw('{"as": "alice", "text": "@infra disk space", "thread": "t1", "colour": "red"}')
    assert "colour" in bot.next(lambda line: line["event"] == "error")["text"]
    bot.hears("@infra ask web1 about disk space")
    assert bot.says("answer")


def test_a_megabyte_of_words_is_refused_and_delays_nobody(bot: Bot) -> None:
    bot.hears("@infra " + "disk " * 200_000, thread="big")
    assert "longer than" in bot.next(lambda line: line["event"] == "error")["text"]
    bot.hears("@infra ask web1 about disk space", thread="small")
    assert bot.says("answer", thread="small")


def test_an_operator_reads_in_the_room_what_was_done_and_by_whom(bot: Bot) -> None:
    bot.hears("@infra create a site called hello on web1")
    card = bot.says("plan")
    bot.reacts("❌", card["message"])
    bot.card(card["message"], "rejected")
    bot.hears("@infra audit", thread="t2")
    lines = bot.says("answer", thread="t2")["text"].splitlines()
    (vote,) = [line for line in lines if " · vote · " in line]
    assert "bob" in vote
    assert card["report"]["plan"]["id"][-4:] in vote
    (asked,) = [line for line in lines if line.endswith(" · message · alice · `m1`")]
    assert lines.index(vote) < lines.index(asked)
    bot.hears("@infra audit", by="guest", thread="t3")
    refusal = bot.next(lambda line: line.get("only_to") == "guest")
    assert "operator" in refusal["text"]
    assert "vote" not in refusal["text"]


def test_a_question_is_withdrawn_by_cancel(bot: Bot) -> None:
    """Said alone it is no value, with or without the bot's name; what follows is a new wish."""
    for number, words in enumerate(("cancel", "@infra cancel", "stop")):
        thread = f"withdrawn-{number}"
        bot.hears("@infra create a site", thread=thread)
        question = bot.says("question")
        bot.hears(words, thread=thread)
        told = bot.next(lambda line: line.get("message") == question["message"])
        assert "cancel" in told["text"]
        assert "I leave it" in bot.says("answer", "refusal", "question", "plan")["text"]
        bot.hears("hello", thread=thread)
        bot.hears("@infra how full is the disk on web1?", thread=f"after-{number}")
        assert bot.says("plan", "question", "answer")["report"]["kind"] == "answer"
