"""The inbox: once accepted, never lost, never twice; and every edge of its table."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest
from sqlalchemy import Connection

from bot.cases.press import CLICKS
from bot.cases.vote import WORDS
from bot.model.errors import TransitionError
from bot.model.events import Click, Event, Message, Reaction
from bot.model.people import Account, Conversation
from bot.store import inbox
from bot.store.inbox import MOST, TRANSITIONS, Received, State
from bot.store.lane import AGAIN, VOTES, lane_of
from bot.store.writer import Store

AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
ALICE = Account("matrix", "@alice")
THREAD = Conversation("matrix", "!room", "$thread")


def message(id: str = "m1", text: str = "ask web1 about disk", **changes: object) -> Message:
    return Message(id, THREAD, ALICE, text, AT, **changes)  # type: ignore[arg-type]


def accept(connection: Connection, *events: Event, cursor: str | None = None) -> list[Received]:
    return inbox.accept(connection, "matrix", events, cursor, AT)


def bring(connection: Connection, state: State) -> int:
    """A fresh row in that state."""
    (row,) = accept(connection, message(f"to-{state}"))
    if state != "waiting":
        inbox.begin(connection, row.id)
    if state == "done":
        inbox.done(connection, row.id)
    if state == "failed":
        for _ in range(MOST):
            inbox.begin(connection, row.id)
    return row.id


MOVES = {
    "handling": inbox.begin,
    "done": inbox.done,
}


@pytest.mark.parametrize(("before", "after"), list(product(get_args(State), MOVES)))
def test_every_edge_and_no_other(connection: Connection, before: State, after: State) -> None:
    row = bring(connection, before)
    assert inbox.state(connection, row) == before
    if after in TRANSITIONS[before]:
        MOVES[after](connection, row)
        assert inbox.state(connection, row) == after
    else:
        with pytest.raises(TransitionError, match=before):
            MOVES[after](connection, row)
        assert inbox.state(connection, row) == before


def test_only_a_clean_stop_leads_back_to_waiting(connection: Connection) -> None:
    """It takes the attempt back, of what was begun and of nothing else."""
    assert [before for before, after in TRANSITIONS.items() if "waiting" in after] == ["handling"]
    rows = {state: bring(connection, state) for state in get_args(State)}
    assert inbox.give_back(connection) == 1
    for state, row in rows.items():
        after = "waiting" if state == "handling" else state
        assert inbox.state(connection, row) == after
    for each in inbox.waiting(connection):
        assert each.attempts == 0
        assert inbox.begin(connection, each.id) == 1


@pytest.mark.parametrize("move", list(MOVES.values()))
def test_an_unknown_row_is_a_key_error(connection: Connection, move) -> None:
    with pytest.raises(KeyError):
        move(connection, 99)


def test_a_redelivery_is_ignored_whatever_became_of_the_first(connection: Connection) -> None:
    (first,) = accept(connection, message("m1"))
    assert accept(connection, message("m1", text="other words"), message("m1")) == []
    inbox.begin(connection, first.id)
    inbox.done(connection, first.id)
    assert accept(connection, message("m1")) == []
    assert inbox.waiting(connection) == []


def test_instance_tenant_id_and_kind_make_the_key(connection: Connection) -> None:
    reaction = Reaction("m1", ALICE, "p7", "✅", True, AT)
    click = Click("m1", ALICE, "p7", "approve", AT)
    tenant = Message("m1", THREAD, Account("matrix", "@alice", "acme"), "x", AT)
    assert len(accept(connection, message("m1"), reaction, click, tenant)) == 4
    assert len(inbox.accept(connection, "slack", [message("m1")], None, AT)) == 1


def test_what_waits_comes_back_whole_and_in_order(connection: Connection) -> None:
    events: list[Event] = [
        message("m1", addressed=True, fresh_thread=False),
        Reaction("r1", ALICE, "p7", "✅", False, AT, THREAD),
        Click("c1", ALICE, "p7", "approve", AT),
        message("m2", text="ünï\0cödé"),
    ]
    accepted = accept(connection, *events)
    assert inbox.waiting(connection) == accepted
    assert [each.event for each in accepted] == events
    inbox.begin(connection, accepted[1].id)
    inbox.begin(connection, accepted[0].id)
    inbox.done(connection, accepted[0].id)
    left = inbox.waiting(connection)
    assert [each.event.id for each in left] == ["r1", "c1", "m2"]
    assert [each.attempts for each in left] == [1, 0, 0]


def test_half_a_surrogate_pair_is_accepted_and_harmless(connection: Connection) -> None:
    (row,) = accept(connection, message("m\ud800", text="bad \udfff end"))
    assert row.event.id == "m\ufffd"
    assert inbox.waiting(connection) == [row]
    assert accept(connection, message("m\ud800")) == []


def test_three_kills_end_it_and_the_fourth_begin_says_so(connection: Connection) -> None:
    (row,) = accept(connection, message())
    assert [inbox.begin(connection, row.id) for _ in range(MOST)] == [1, 2, 3]
    assert [each.id for each in inbox.waiting(connection)] == [row.id]
    assert inbox.begin(connection, row.id) == MOST + 1
    assert inbox.state(connection, row.id) == "failed"
    assert inbox.waiting(connection) == []


def test_the_clock_set_back_changes_no_order(connection: Connection) -> None:
    accept(connection, message("m1"))
    inbox.accept(connection, "matrix", [message("m2")], None, AT - timedelta(days=300))
    assert [each.event.id for each in inbox.waiting(connection)] == ["m1", "m2"]


async def test_many_are_begun_at_once_or_not_at_all(store: Store) -> None:
    rows = await store.write(lambda c: accept(c, message("m1"), message("m2"), message("m3")))
    await store.write(lambda c: inbox.begin_all(c, rows[:2]))
    with pytest.raises(TransitionError):
        await store.write(lambda c: inbox.begin_all(c, rows))
    states = await store.read(lambda c: [inbox.state(c, row.id) for row in rows])
    assert states == ["handling", "handling", "waiting"]


async def test_events_and_cursor_are_stored_together_or_not(store: Store) -> None:
    def broken(connection: Connection) -> None:
        accept(connection, message("m1"), cursor="c1")
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(broken)
    assert await store.read(lambda c: inbox.cursor(c, "matrix")) is None
    assert await store.read(inbox.waiting) == []
    await store.write(lambda c: accept(c, message("m1"), cursor="c1"))
    await store.write(lambda c: accept(c, cursor="c2"))
    await store.write(lambda c: accept(c, message("m2"), cursor=None))
    assert await store.read(lambda c: inbox.cursor(c, "matrix")) == "c2"
    assert await store.read(lambda c: inbox.cursor(c, "slack")) is None


@pytest.mark.parametrize(
    ("text", "lane"),
    [
        ("approve", VOTES),
        ("Reject because it is late", VOTES),
        ("approve ab12", VOTES),
        (" STOP ", VOTES),
        ("stop nginx on web1", "matrix\n!room\n$thread"),
        ("use port 9090", "matrix\n!room\n$thread"),
        ("hold", VOTES),
        ("Hold it!", VOTES),
        ("hold the line for me please", "matrix\n!room\n$thread"),
        ("", "matrix\n!room\n$thread"),
    ],
)
def test_votes_and_stop_have_a_lane_of_their_own(text: str, lane: str) -> None:
    assert lane_of(message(text=text)) == lane
    assert lane_of(Reaction("r", ALICE, "p7", "✅", True, AT)) == VOTES
    assert lane_of(Click("c", ALICE, "p7", "approve", AT)) == VOTES
    # To ask again takes a Preview's time: votes do not stand behind it.
    assert lane_of(Reaction("r", ALICE, "p7", "🔁", True, AT)) == AGAIN
    assert lane_of(Click("c", ALICE, "p7", "retry", AT)) == AGAIN


def test_a_choice_of_a_question_has_the_lane_of_its_question() -> None:
    """It may have to be thought about. Whatever else is pressed is no answer."""
    one, other, elsewhere = (
        lane_of(Click("c", ALICE, message, action, AT))
        for message, action in (("q1", "one"), ("q1", "two"), ("q2", "one"))
    )
    assert one == other
    assert len({one, elsewhere, VOTES, AGAIN}) == 4
    for action in (*CLICKS, *WORDS):
        assert lane_of(Click("c", ALICE, "q1", action, AT)) in {VOTES, AGAIN}
