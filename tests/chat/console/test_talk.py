"""What a typed line means, given what is open; and what of an edit is worth a new card."""

import pytest
from msgspec.structs import replace

from adapters.chat.console.render import Change, card, shown
from adapters.chat.console.talk import Notice, Quit, Talk
from adapters.chat.console.translate import Reader
from bot.clock import SystemClock
from bot.model.events import Message, Reaction
from bot.model.people import Account, Conversation
from bot.model.reports import Attachment, Control, Outgoing, Paragraph, Report

VOTES = (Control("approve", "✅", "approve"), Control("reject", "❌", "reject"))
CANCEL = (Control("cancel", "🛑", "cancel"),)


def plan(state, number=1, thread="t1", kind="post", revision=1, controls=None, id="7f3a"):
    if controls is None:
        controls = VOTES if state == "pending" else ()
    data = {"plan": {"id": "0" * 28 + id, "revision": revision, "state": state}}
    words = (
        Paragraph(f"Plan {id} · {state}", "heading"),
        Paragraph("nginx -t", "code"),
        Paragraph("Needs `one` approval."),
    )
    report = Report("plan", words, "blue", controls, data=data)
    message = f"p{number}" if kind == "edit" else None
    return Outgoing("k", number, Conversation("console", "console", thread), kind, report, message)


def said(kind, thread="t1", number=9, **more):
    where = Conversation("console", "console", thread)
    return Outgoing("k", number, where, "post", Report(kind, (Paragraph("words"),), **more))


QUESTION = {"question": {"id": "q", "choices": [], "about": {}}}


@pytest.fixture
def talk():
    return Talk(Reader("console", "infra", "alice", True, SystemClock()))


def test_plain_words_are_a_new_request_where_nothing_is_open(talk):
    first, second = talk.hear("what is up?"), talk.hear("@infra what is up?")
    assert first.addressed
    assert second.addressed
    assert first.text == second.text == "what is up?"
    assert first.conversation != second.conversation


def test_plain_words_change_an_open_plan_and_a_mention_does_not(talk):
    talk.saw(plan("pending"))
    assert talk.topic == "plan 7f3a"
    reply = talk.hear("use port 9090")
    assert (reply.conversation.thread, reply.addressed) == ("t1", False)
    fresh = talk.hear("@infra disk space")
    assert fresh.conversation.thread != "t1"
    assert fresh.addressed


@pytest.mark.parametrize("state", ["running", "done", "rejected"])
def test_a_plan_that_is_decided_is_no_longer_a_topic(talk, state):
    talk.saw(plan("pending"))
    talk.saw(plan(state, kind="edit"))
    assert talk.topic == ""


@pytest.mark.parametrize(
    "end",
    [
        said("refusal", "t2"),
        said("answer", "t2"),
        said("question", "t2", data={"question": {**QUESTION["question"], "answer": "8080"}}),
        plan("running", 1, "t2", "edit"),
    ],
)
def test_a_question_is_answered_in_its_thread_until_something_came_of_it(talk, end):
    talk.saw(said("question", "t2", data=QUESTION))
    assert talk.hear("8080").conversation.thread == "t2"
    talk.saw(replace(said("answer", "t2"), only_to=Account("console", "bob")))
    talk.saw(said("answer", "another thread"))
    assert talk.topic == "question"
    talk.saw(end)
    assert talk.topic == ""


def test_a_quiet_answer_leaves_the_plan_open(talk):
    talk.saw(plan("pending"))
    talk.saw(said("answer"))
    talk.saw(said("refusal"))
    assert talk.topic == "plan 7f3a"


def test_the_old_revision_s_end_leaves_the_new_one_open(talk):
    talk.saw(plan("pending", 1))
    talk.saw(plan("pending", 2, revision=2))
    talk.saw(plan("superseded", 1, kind="edit"))
    assert talk.topic == "plan 7f3a rev. 2"


@pytest.mark.parametrize("typed", ["+", "✅", "/approve", " + "])
def test_a_vote_goes_to_the_newest_card_that_takes_one(talk, typed):
    talk.saw(plan("pending", 1))
    talk.saw(plan("pending", 2, "t2"))
    talk.saw(plan("running", 3, "t3", controls=CANCEL))
    vote = talk.hear(typed)
    assert isinstance(vote, Reaction)
    assert (vote.message, vote.emoji, vote.account) == ("p2", "✅", Account("console", "alice"))


def test_reject_and_cancel(talk):
    talk.saw(plan("pending", 1))
    assert talk.hear("-").emoji == "❌"
    assert talk.hear("/cancel") == Notice("There is nothing to cancel.")
    talk.saw(plan("running", 1, kind="edit", controls=CANCEL))
    assert (talk.hear("🛑").emoji, talk.hear("🛑").message) == ("🛑", "p1")
    assert talk.hear("+") == Notice("There is nothing to approve.")


def test_somebody_else_speaks_only_where_that_is_allowed(talk):
    assert talk.hear("/as bob") == Notice("You are bob now.")
    assert talk.hear("hello").account.user == "bob"
    alone = Talk(Reader("console", "infra", "alice", False, SystemClock()))
    assert "impersonate = true" in alone.hear("/as bob").text
    assert alone.hear("hello").account.user == "alice"


def test_the_console_s_own_words(talk):
    assert isinstance(talk.hear("/quit"), Quit)
    assert talk.hear("   ") is None
    assert "@infra" in talk.hear("/help").text
    assert "no /nope" in talk.hear("/nope now").text
    assert talk.hear("/show").text == "The last message has no files."
    talk.saw(said("answer", attachments=(Attachment("output.txt", "a\nb"),)))
    assert talk.hear("/show").text == "── output.txt\na\nb"
    assert isinstance(talk.hear("- is a minus"), Message)


def test_progress_is_kept_and_a_card_is_printed_when_its_state_changes():
    change = Change()
    assert change.of(plan("pending")).paragraphs[1].text == "nginx -t"
    assert change.of(plan("pending", kind="edit")) is None
    approved = change.of(plan("approved", kind="edit"))
    assert [each.text for each in approved.paragraphs] == [
        "Plan 7f3a · approved",
        "Needs `one` approval.",
    ]
    assert change.of(plan("running", kind="edit")) is None
    assert "Plan 7f3a · running  nginx -t" in change.progress
    done = change.of(plan("done", kind="edit"))
    assert len(done.paragraphs) == 3
    assert change.progress == ""


def test_an_answer_that_grows_is_printed_once_it_is_whole():
    change = Change()
    growing = said("answer", data={"growing": True})
    for kind in ("post", "edit", "edit"):
        assert change.of(replace(growing, kind=kind)) is None
        assert change.progress == "words"
    assert change.of(replace(said("answer"), kind="edit")).text == "words"
    assert change.progress == ""


def test_an_uncertain_post_is_printed_again():
    change = Change()
    assert change.of(plan("pending")) is not None
    assert change.of(plan("pending")) is not None


def test_a_card_has_its_colour_and_keeps_to_the_width():
    outgoing = plan("pending")
    text = card(outgoing.report, outgoing, 40)
    assert "\x1b[34m┃" in text
    assert "\x1b[36mone\x1b[0m" in text
    long = Report("answer", (Paragraph("word " * 50),))
    assert len(card(long, outgoing, 40).splitlines()) > 5


def test_a_terminal_obeys_nothing_of_a_report():
    nasty = Report("answer", (Paragraph("a\x1b[31mb\x07\x9bc"), Paragraph("d\x1b]0;x\x07", "code")))
    outgoing = plan("pending")
    assert shown(nasty, outgoing) == "a[31mbc\nd]0;x"
    assert "\x1b]0" not in card(nasty, outgoing, 80)
    assert "\x07" not in card(nasty, outgoing, 80)
