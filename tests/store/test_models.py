"""What the store keeps of models: what was said in a thread, what it cost, and what is being looked into."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bot.model.approvals import Follow
from bot.model.errors import TransitionError
from bot.model.investigations import Investigation
from bot.model.llm import Said, Usage
from bot.model.people import Account, Conversation
from bot.model.ports import Thought
from bot.store import follows, investigations, spending, turns
from tests.store.conftest import START

HERE, THERE = Conversation("console", "room", "t1"), Conversation("console", "room", "t2")
ELSEWHERE = Conversation("console", "other", "t3")
PRICED = Thought("claude", "claude-x", 2, Usage(100, 50, 10, 0.25), 1.5)
UNPRICED = Thought("home", "qwen", 1, Usage(10, 0, 5, None), 0.5, "It is private.")


def test_turns_of_one_thread_in_order(connection: Connection) -> None:
    turns.add(connection, HERE, "alice", [Said("user", "a"), Said("assistant", "b")], START)
    turns.add(connection, THERE, "carol", [Said("user", "x")], START)
    turns.add(connection, HERE, "bob", [Said("user", "c")], START)
    turns.add(connection, HERE, "dave", [], START)
    said = [Said("user", "a"), Said("assistant", "b"), Said("user", "c")]
    assert turns.newest(connection, HERE, 10) == (said, ("alice", "bob"))
    assert turns.newest(connection, HERE, 2) == (said[1:], ("bob",))


def test_what_was_spent_by_plan_person_room_and_day(connection: Connection) -> None:
    yesterday = START - timedelta(days=1)
    for person, where, plan, at in (
        ("alice", HERE, "p1", START),
        ("alice", THERE, "p2", START),
        ("bob", ELSEWHERE, "p1", START),
        ("alice", HERE, "p3", yesterday),
    ):
        number = spending.record(connection, PRICED, person=person, where=where, at=at)
        assert number is not None
        spending.came_to(connection, number, plan)
    of_alice = spending.of_person(connection, "alice", START)
    assert (of_alice.questions, of_alice.tokens, of_alice.dollars) == (4, 320, 0.5)
    assert spending.of_plan(connection, "p1").questions == 4
    assert spending.of_room(connection, HERE, START).dollars == 0.5
    assert spending.of_all(connection, START).tokens == 480
    assert spending.of_all(connection, yesterday).models == ("claude-x",)
    assert [name for name, _ in spending.by_person(connection, START)] == ["alice", "bob"]
    assert spending.of_plan(connection, "nothing") == spending.Sum()


def test_a_price_that_is_not_known_is_not_nothing(connection: Connection) -> None:
    number = spending.record(connection, UNPRICED, person="alice", where=HERE, at=START)
    assert number is not None
    spending.came_to(connection, number, "p")
    spent = spending.of_plan(connection, "p")
    assert (spent.unpriced, spent.dollars, spent.note) == (1, 0.0, "It is private.")


def test_an_idea_without_a_model_leaves_no_row_but_its_reason_does(connection: Connection) -> None:
    assert spending.record(connection, Thought(), person="alice", where=HERE, at=START) is None
    number = spending.record(connection, Thought(note="down"), person="a", where=HERE, at=START)
    assert number is not None
    spending.came_to(connection, number, "p")
    found = spending.of_plan(connection, "p")
    assert (found.questions, found.note) == (0, "down")


def looked_into(id: str) -> Investigation:
    return Investigation(id, HERE, Account("console", "alice"), "alice", "why?", ("web1",))


@pytest.mark.parametrize("end", ["answered", "failed", "interrupted"])
def test_an_investigation_ends_once(connection: Connection, end: str) -> None:
    investigations.begin(connection, looked_into("1"), START)
    investigations.begin(connection, looked_into("2"), START)
    assert [each.id for each in investigations.running(connection)] == ["1", "2"]
    assert investigations.end(connection, "1", end, START)
    assert investigations.running(connection) == [looked_into("2")]
    for again in investigations.TRANSITIONS["running"]:
        assert not investigations.end(connection, "1", again, START)


def test_what_is_no_end_is_refused(connection: Connection) -> None:
    investigations.begin(connection, looked_into("1"), START)
    with pytest.raises(TransitionError):
        investigations.end(connection, "1", "running", START)
    assert all(
        not after for state, after in investigations.TRANSITIONS.items() if state != "running"
    )


def test_the_line_of_repairs(connection: Connection) -> None:
    for plan, after, kind in (("a", "b", "repair"), ("b", "c", "repair"), ("c", "d", "again")):
        follows.add(connection, plan, 1, Follow(kind, after, "", START))  # type: ignore[arg-type]  # from its own words
    assert follows.line(connection, "c", "repair") == ["a", "b", "c"]
    assert follows.ancestors(connection, "c", "repair") == 2
    assert follows.ancestors(connection, "d", "repair") == 0
    assert follows.line(connection, "a", "repair") == ["a"]
