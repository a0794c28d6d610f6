"""Claims, holds and ratings against a plain account of them; what is overdue; runs that were not to be."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from bot.model.approvals import Follow, Mark
from bot.model.people import Account
from bot.store import follows, locks, marks, plan_rows, plans, runs, sqlite
from bot.store.migrate import prepare
from tests.store.test_plans import NOW, a_plan, kept

PEOPLE = ("alice", "bob", "carol")
WORDS = {"claim": [""], "hold": [""], "rating": ["good", "bad"]}


def mark(kind: str, person: str, word: str = "", way: str = "reaction") -> Mark:
    return Mark(kind, person, Account("console", person, "t"), NOW, way, word)  # type: ignore[arg-type]  # words of the table


kinds = st.sampled_from(sorted(WORDS))
steps = st.tuples(
    st.sampled_from(["put", "off"]),
    kinds.flatmap(lambda kind: st.tuples(st.just(kind), st.sampled_from(WORDS[kind]))),
    st.sampled_from(PEOPLE),
    st.sampled_from([1, 2]),
    st.sampled_from(["reaction", "click"]),
)


Step = tuple[str, tuple[str, str], str, int, str]
Truth = dict[tuple[int, str, str], tuple[str, str]]


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=25))
def test_of_each_kind_a_person_has_one_that_stands(
    tmp_path_factory: pytest.TempPathFactory, done: list[Step]
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('marks') / 'x.db'}"
    prepare(url)
    truth: Truth = {}
    with sqlite.engine(url, write=True).connect() as connection, connection.begin():
        for step in done:
            do(connection, step, truth)
        for revision in (1, 2):
            agree(connection, revision, truth)


def do(connection: Connection, step: Step, truth: Truth) -> None:
    verb, (kind, word), person, revision, way = step
    key = (revision, kind, person)
    if verb == "put":
        fresh = truth.get(key, ("?", ""))[0] != word
        assert marks.put(connection, "a1", revision, mark(kind, person, word, way)) == fresh
        if fresh:
            truth[key] = (word, way)
        return
    there = truth.get(key) == (word, way)
    where: Any = (connection, "a1", revision, kind, person)
    assert marks.take_off(*where, word=word, way=way, at=NOW) == there
    if there:
        del truth[key]


def agree(connection: Connection, revision: int, truth: Truth) -> None:
    standing = marks.standing(connection, "a1", revision)
    there = {key: value for key, value in truth.items() if key[0] == revision}
    assert {(revision, each.kind, each.person): (each.word, each.way) for each in standing} == there
    holding = {person for _, kind, person in there if kind == "hold"}
    assert set(marks.holders(connection, "a1", revision)) == holding


def test_a_mark_comes_back_as_it_was_put(connection: Connection) -> None:
    put = mark("rating", "bob", "good", "click")
    assert marks.put(connection, "a1", 1, put)
    assert marks.standing(connection, "a1", 1) == (put,)
    assert marks.standing(connection, "a1", 2) == ()


def test_everybody_s_holds_end_at_once(connection: Connection) -> None:
    for person in PEOPLE:
        marks.put(connection, "a1", 1, mark("hold", person))
    marks.put(connection, "a1", 1, mark("claim", "bob"))
    assert marks.take_off(connection, "a1", 1, "hold", at=NOW) == 3
    assert marks.holders(connection, "a1", 1) == ()
    assert [each.kind for each in marks.standing(connection, "a1", 1)] == ["claim"]


def test_the_newest_request_that_grew_out_of_a_plan(connection: Connection) -> None:
    assert follows.newest(connection, "a1", 1) is None
    for number, kind in enumerate(("undo", "again")):
        follow = Follow(kind, f"n{number}", "bob", NOW)  # type: ignore[arg-type]  # as above
        follows.add(connection, "a1", 1, follow)
    newest = follows.newest(connection, "a1", 1)
    assert newest is not None
    assert (newest.kind, newest.plan) == ("again", "n1")
    with pytest.raises(IntegrityError):
        follows.add(connection, "b2", 1, newest)


def test_what_is_held_before_it_began_is_overdue_too(connection: Connection) -> None:
    for name in ("a1", "b2", "c3"):
        kept(connection, a_plan(name))
    for name in ("b2", "c3"):
        plans.advance(connection, name, "held", at=NOW)
    runs.create(connection, a_plan("c3"), NOW)
    late = NOW + timedelta(hours=9)
    assert {each.plan.id for each in plans.overdue(connection, late)} == {"a1", "b2"}
    assert plans.overdue(connection, NOW) == []


def test_only_a_run_that_has_begun_nothing_is_forgotten(connection: Connection) -> None:
    stored = kept(connection, a_plan())
    plans.settle_approval(connection, stored, "approved", by="bob", at=NOW)
    plans.advance(connection, "a1", "approved", at=NOW)
    first = runs.create(connection, stored.plan, NOW)
    assert not runs.forget(connection, first, "somebody else")
    assert runs.forget(connection, first)
    assert runs.newest(connection, "a1", 1) is None
    second = runs.create(connection, stored.plan, NOW)
    runs.take(connection, second, "me")
    locks.take(connection, ["local:root"], second, "a1", "", NOW)
    runs.advance(connection, second, "claimed", at=NOW)
    assert not runs.forget(connection, second), "somebody works on it"
    assert runs.forget(connection, second, "me")
    assert locks.held(connection) == []
    third = runs.create(connection, stored.plan, NOW)
    runs.take(connection, third, "me")
    runs.advance(connection, third, "claimed", at=NOW)
    runs.advance(connection, third, "running", at=NOW)
    assert not runs.forget(connection, third, "me")


@pytest.mark.parametrize("state", ["pending", "held", "approved", "done", "rejected"])
@pytest.mark.parametrize("approval", ["pending", "approved"])
def test_what_waits_for_votes(connection: Connection, state: str, approval: str) -> None:
    kept(connection, a_plan())
    connection.execute(update(plan_rows.TABLE).values(state=state, approval=approval))
    waits = approval == "pending" and state in {"pending", "held"}
    assert plans.fetch(connection, "a1").undecided == waits


def test_times_are_aware(connection: Connection) -> None:
    marks.put(connection, "a1", 1, mark("claim", "bob"))
    (standing,) = marks.standing(connection, "a1", 1)
    assert standing.at == datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
