"""The outbox: in order within a conversation, edits folded together, and every edge of its table."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import Connection

from bot.model.errors import TransitionError
from bot.model.people import Account, Conversation
from bot.model.reports import Control, Paragraph, Report
from bot.store import outbox, posts
from bot.store.delivery import FEW
from bot.store.outbox import TRANSITIONS, Post, State

AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
HERE = Conversation("matrix", "!room", "$one")
THERE = Conversation("matrix", "!room", "$two")
BOB = Account("matrix", "@bob")


def words(text: str) -> Report:
    return Report("answer", (Paragraph(text),), controls=(Control("a", "✅", "Approve"),))


def post(connection: Connection, key: str, where: Conversation = HERE, **more) -> None:
    outbox.post(connection, key, where, words(key), at=AT, **more)


def send(connection: Connection, reference: str = "", limit: int = 1) -> list[str]:
    """Take, try and deliver; what was delivered, in words."""
    taken = outbox.claim(connection, AT, limit)
    for each in taken:
        outbox.sent(connection, each.number, reference or f"$ref{each.number}", AT)
    return [each.report.paragraphs[0].text for each in taken if each.report]


def state(connection: Connection, number: int) -> str:
    sql = "SELECT state FROM outbox WHERE number = ?"
    return connection.exec_driver_sql(sql, (number,)).scalar_one()


def bring(connection: Connection, to: State) -> int:
    post(connection, "p")
    (first,) = outbox.take(connection, AT, 1)
    if to == "replaced":
        send(connection)
        outbox.edit(connection, "p", words("one"), AT)
        (edit,) = outbox.claim(connection, AT, 1)
        outbox.retry(connection, edit.number, "gone", AT)
        outbox.edit(connection, "p", words("two"), AT)
        return edit.number
    if to != "waiting":
        outbox.trying(connection, first.number, AT)
    if to == "sent":
        outbox.sent(connection, first.number, "$ref", AT)
    if to == "undeliverable":
        outbox.undeliverable(connection, first.number, "no such room")
    return first.number


MOVES = {
    "trying": lambda c, n: outbox.trying(c, n, AT),
    "sent": lambda c, n: outbox.sent(c, n, "$ref", AT),
    "waiting": lambda c, n: outbox.retry(c, n, "later", AT),
    "undeliverable": lambda c, n: lose(c, n),
}


def lose(connection: Connection, number: int) -> None:
    """What did not come out never does; what came out is gone."""
    sql = "SELECT key FROM outbox WHERE number = ? AND state = 'sent'"
    key = connection.exec_driver_sql(sql, (number,)).scalar()
    if key is None or not posts.lose(connection, key, "deleted"):
        outbox.undeliverable(connection, number, "never")


@pytest.mark.parametrize(("before", "after"), list(product(TRANSITIONS, MOVES)))
def test_every_edge_and_no_other(connection: Connection, before: State, after: State) -> None:
    number = bring(connection, before)
    assert state(connection, number) == before
    if after in TRANSITIONS[before]:
        MOVES[after](connection, number)
        assert state(connection, number) == after
    else:
        with pytest.raises(TransitionError, match=before):
            MOVES[after](connection, number)
        assert state(connection, number) == before


@pytest.mark.parametrize("before", ["trying", "sent", "undeliverable"])
def test_only_a_waiting_edit_is_replaced(connection: Connection, before: State) -> None:
    post(connection, "p")
    send(connection)
    outbox.edit(connection, "p", words("one"), AT)
    (edit,) = outbox.claim(connection, AT, 1)
    if before == "sent":
        outbox.sent(connection, edit.number, "$e", AT)
    if before == "undeliverable":
        outbox.undeliverable(connection, edit.number, "never")
    outbox.edit(connection, "p", words("two"), AT)
    assert state(connection, edit.number) == before


@pytest.mark.parametrize("move", list(MOVES.values()))
def test_an_unknown_row_is_a_key_error(connection: Connection, move) -> None:
    with pytest.raises(KeyError):
        move(connection, 99)


def test_a_post_comes_back_as_it_was_put_in(connection: Connection) -> None:
    post(connection, "k", only_to=BOB, subject="plan:1")
    (taken,) = outbox.take(connection, AT, 5)
    assert (taken.key, taken.kind, taken.conversation) == ("k", "post", HERE)
    assert (taken.report, taken.only_to, taken.uncertain) == (words("k"), BOB, False)
    assert outbox.by_reference(connection, "matrix", "$7") is None
    assert outbox.reference(connection, "k") is None
    assert outbox.sent_at(connection, "k") is None
    outbox.trying(connection, taken.number, AT)
    outbox.sent(connection, taken.number, "$7", AT)
    posted = outbox.by_reference(connection, "matrix", "$7")
    assert posted is not None
    assert (posted.key, posted.subject, posted.conversation) == ("k", "plan:1", HERE)
    assert posted.only_to == BOB
    assert outbox.by_reference(connection, "slack", "$7") is None
    assert outbox.reference(connection, "k") == "$7"
    assert outbox.sent_at(connection, "k") == AT
    post(connection, "unsent")
    assert outbox.known(connection, "unsent")
    assert not outbox.known(connection, "nothing")


def test_a_key_is_posted_once(connection: Connection) -> None:
    post(connection, "k")
    outbox.post(connection, "k", THERE, words("other"), at=AT)
    assert send(connection, limit=9) == ["k"]
    post(connection, "k")
    assert send(connection, limit=9) == []


def test_a_conversation_waits_for_its_first_and_others_do_not(connection: Connection) -> None:
    for key, where in (("a1", HERE), ("a2", HERE), ("b1", THERE), ("b2", THERE)):
        post(connection, key, where)
    first = outbox.claim(connection, AT, 9)
    assert [each.key for each in first] == ["a1", "b1"]
    assert outbox.take(connection, AT, 9) == []
    outbox.sent(connection, first[1].number, "$b1", AT)
    assert [each.key for each in outbox.take(connection, AT, 9)] == ["b2"]
    outbox.retry(connection, first[0].number, "later", AT + timedelta(seconds=30))
    assert [each.key for each in outbox.take(connection, AT, 9)] == ["b2"]
    later = AT + timedelta(seconds=30)
    assert [each.key for each in outbox.take(connection, later, 9)] == ["a1", "b2"]


@pytest.mark.parametrize("others", [FEW - 1, FEW, FEW + 1])
def test_however_many_wait_none_overtakes_what_is_under_way(
    connection: Connection, others: int
) -> None:
    """Few are asked about one by one, many all at once."""
    post(connection, "first")
    (first,) = outbox.claim(connection, AT, 1)
    post(connection, "second")
    rest = [f"other {number}" for number in range(others)]
    for key in rest:
        post(connection, key, Conversation("matrix", "!room", key))
    assert [each.key for each in outbox.claim(connection, AT, 99)] == rest
    outbox.sent(connection, first.number, "$1", AT)
    assert [each.key for each in outbox.claim(connection, AT, 99)] == ["second"]


def test_several_of_a_conversation_come_in_order_up_to_the_limit(connection: Connection) -> None:
    posts = [Post(f"a{n}", HERE, words(f"a{n}")) for n in range(5)]
    outbox.post_all(connection, [*posts, Post("b", THERE, words("b"))], AT)
    keys = [each.key for each in outbox.take(connection, AT, 9, each=3)]
    assert keys == ["a0", "a1", "a2", "b"]
    assert [each.key for each in outbox.take(connection, AT, 2, each=3)] == ["a0", "a1"]


def test_one_instance_is_taken_alone(connection: Connection) -> None:
    slack = Conversation("slack", "C1", "1.2")
    post(connection, "m")
    post(connection, "s", slack)
    assert [each.key for each in outbox.take(connection, AT, 9, instance="slack")] == ["s"]
    assert outbox.undelivered(connection, "slack") == 1
    assert outbox.undelivered(connection) == 2


def test_edits_fold_into_the_newest(connection: Connection) -> None:
    post(connection, "p")
    outbox.edit(connection, "p", words("before anybody tried"), AT)
    (first,) = outbox.claim(connection, AT, 9)
    assert (first.kind, first.report) == ("post", words("before anybody tried"))
    for text in ("one", "two", "three"):
        outbox.edit(connection, "p", words(text), AT)
    assert outbox.take(connection, AT, 9) == []
    outbox.sent(connection, first.number, "$p", AT)
    (edit,) = outbox.claim(connection, AT, 9)
    assert (edit.kind, edit.message, edit.report) == ("edit", "$p", words("three"))
    outbox.sent(connection, edit.number, "$e", AT)
    assert send(connection) == []
    assert outbox.by_reference(connection, "matrix", "$e") is None


def test_a_tried_edit_keeps_its_words_and_the_newer_gets_a_key_of_its_own(
    connection: Connection,
) -> None:
    post(connection, "p", only_to=BOB)
    send(connection)
    outbox.edit(connection, "p", words("one"), AT)
    (one,) = outbox.claim(connection, AT, 1)
    outbox.retry(connection, one.number, "timeout", AT)
    (again,) = outbox.take(connection, AT, 1)
    assert (again.key, again.report, again.uncertain) == (one.key, one.report, True)
    outbox.edit(connection, "p", words("two"), AT)
    (two,) = outbox.take(connection, AT, 9)
    assert two.key != one.key
    assert (two.report, two.uncertain, two.only_to) == (words("two"), False, BOB)


def test_an_edit_of_what_never_came_out_ends_with_it(connection: Connection) -> None:
    post(connection, "p")
    (first,) = outbox.claim(connection, AT, 1)
    outbox.edit(connection, "p", words("one"), AT)
    post(connection, "next")
    outbox.undeliverable(connection, first.number, "no such room")
    outbox.edit(connection, "p", words("two"), AT)
    assert send(connection, limit=9) == ["next"]
    assert outbox.undelivered(connection) == 0
    with pytest.raises(KeyError):
        outbox.edit(connection, "nothing", words("x"), AT)


def test_after_a_crash_what_was_tried_is_uncertain(connection: Connection) -> None:
    post(connection, "tried")
    post(connection, "not", THERE)
    (tried,) = outbox.claim(connection, AT, 1)
    assert tried.uncertain is False
    assert outbox.recover(connection) == 1
    taken = {each.key: each for each in outbox.claim(connection, AT, 9)}
    assert taken["tried"].uncertain
    assert taken["tried"].number == tried.number
    assert not taken["not"].uncertain
    outbox.retry(connection, tried.number, "429", AT, uncertain=False)
    outbox.retry(connection, taken["not"].number, "429", AT, uncertain=False)
    assert [each.uncertain for each in outbox.take(connection, AT, 9)] == [True, False]


def test_the_clock_set_back_holds_nothing_up(connection: Connection) -> None:
    post(connection, "p")
    (first,) = outbox.claim(connection, AT, 1)
    outbox.retry(connection, first.number, "later", AT + timedelta(minutes=5))
    assert outbox.take(connection, AT, 1) == []
    assert outbox.take(connection, AT + timedelta(minutes=5), 1)
    assert outbox.take(connection, AT - timedelta(days=1), 1)


def test_a_reaction_goes_its_way_once(connection: Connection) -> None:
    for _ in range(2):
        outbox.react(connection, "eyes/m1", HERE, "$m1", "👀", at=AT)
    (taken,) = outbox.claim(connection, AT, 9)
    assert (taken.kind, taken.message, taken.emoji) == ("react", "$m1", "👀")
    assert taken.report is None
    outbox.sent(connection, taken.number, "$r", AT)
    assert outbox.by_reference(connection, "matrix", "$r") is None


def test_a_batch_with_a_wrong_row_moves_nothing_when_it_is_undone(connection: Connection) -> None:
    post(connection, "a")
    post(connection, "b", THERE)
    one, two = (each.number for each in outbox.take(connection, AT, 2))
    outbox.trying(connection, one, AT)
    with pytest.raises(TransitionError):
        outbox.trying_all(connection, [two, one], AT)
    outbox.sent_all(connection, [], AT)


def test_numbers_rise_and_are_never_used_again(connection: Connection) -> None:
    post(connection, "a")
    (first,) = outbox.claim(connection, AT, 1)
    connection.exec_driver_sql("DELETE FROM outbox")
    post(connection, "b")
    assert outbox.take(connection, AT, 1)[0].number > first.number
