"""Plans, their approvals, votes and questions: every edge of every table, and every edge that is not in one."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, update

from bot.model import approvals
from bot.model import plans as model
from bot.model.approvals import ApprovalRequest, Need, Requirement, Vote
from bot.model.errors import TransitionError
from bot.model.people import Account, Conversation
from bot.model.plans import Agent, Plan, Step, digest
from bot.model.questions import Question
from bot.model.sections import Exec, ExecTemplate, Piece, Risk, Section, Word
from bot.store import plan_rows, plans, questions, switches, votes
from bot.store.documents import dump
from bot.store.plan_rows import Stored

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
ROOM = Conversation("console", "console", "t1")
ALICE = Account("console", "alice")
SECTION = Section(
    id="demo/mark",
    pack="demo",
    title="mark",
    risk=Risk.CHANGE,
    level=2,
    body=(ExecTemplate(((Word((Piece("touch"),)), Word((Piece(slot="name"),))),)),),
)


def a_plan(plan_id: str = "a1", revision: int = 1) -> Plan:
    agent = Agent("web1", "local:", ("demo",), 2)
    step = Step("s1", agent, "local:root", SECTION, {"name": "x"}, (Exec((("touch", "x"),)),))
    return Plan(plan_id, revision, "mark x", ("alice",), ROOM, (step,))


def kept(connection: Connection, plan: Plan) -> Stored:
    document = dump(plan)
    request = ApprovalRequest(
        plan=plan.id,
        revision=plan.revision,
        digest=digest(document),
        requesters=plan.requesters,
        risk=plan.risk,
        requirements=(Requirement("default", (Need(1, "operator"),), self_approval=True),),
        policy="p1",
        created_at=NOW,
        expires_at=NOW + timedelta(hours=8),
    )
    plans.save(connection, document, request, ROOM, ALICE, {}, quiet=False, at=NOW)
    return plans.fetch(connection, plan.id, plan.revision)


def test_a_plan_comes_back_byte_for_byte(connection: Connection) -> None:
    plan = a_plan()
    stored = kept(connection, plan)
    assert stored.plan == plan
    assert dump(stored.plan) == dump(plan)
    assert digest(dump(stored.plan)) == stored.digest == stored.request.digest


@pytest.mark.parametrize(("before", "after"), list(product(model.TRANSITIONS, repeat=2)))
def test_every_edge_of_a_plan(
    connection: Connection, before: model.State, after: model.State
) -> None:
    kept(connection, a_plan())
    connection.execute(update(plan_rows.TABLE).values(state=before))
    version = plans.fetch(connection, "a1").version
    if after == before or after in model.TRANSITIONS[before]:
        plans.advance(connection, "a1", after, "why", at=NOW)
        now = plans.fetch(connection, "a1")
        assert (now.state, now.words, now.version) == (after, "why", version + 1)
    else:
        with pytest.raises(TransitionError):
            plans.advance(connection, "a1", after, at=NOW)
        assert plans.state(connection, "a1") == before


@pytest.mark.parametrize(("before", "after"), list(product(approvals.TRANSITIONS, repeat=2)))
def test_every_edge_of_an_approval(
    connection: Connection, before: approvals.State, after: approvals.State
) -> None:
    stored = replace(kept(connection, a_plan()), approval=before)
    if after in approvals.TRANSITIONS[before]:
        plans.settle_approval(connection, stored, after, by="bob", at=NOW)
        now = plans.fetch(connection, "a1")
        assert (now.approval, now.decided_by) == (after, "bob")
    else:
        with pytest.raises(TransitionError):
            plans.settle_approval(connection, stored, after, at=NOW)


@pytest.mark.parametrize("to", ["open", "answered", "withdrawn"])
def test_every_edge_of_a_question(connection: Connection, to: str) -> None:
    questions.ask(connection, Question("q1", "slot", ROOM, "Which port?"), NOW)
    if to not in questions.TRANSITIONS["open"]:
        with pytest.raises(TransitionError):
            questions.settle(connection, "q1", NOW, to)
        return
    assert questions.settle(connection, "q1", NOW, to)
    assert not questions.settle(connection, "q1", NOW, to), "only the first answer counts"
    assert questions.fetch(connection, "q1") is None


def test_the_next_revision_supersedes_and_is_the_newest(connection: Connection) -> None:
    first = kept(connection, a_plan())
    plans.supersede(connection, first, 2, at=NOW)
    kept(connection, a_plan(revision=2))
    assert plans.fetch(connection, "a1").plan.revision == 2
    old = plans.fetch(connection, "a1", 1)
    assert (old.state, old.approval, old.superseded_by) == ("superseded", "superseded", 2)
    here = plans.in_thread(connection, ROOM)
    assert [stored.plan.revision for stored in here if stored.undecided] == [2]
    with pytest.raises(TransitionError):
        plans.supersede(connection, old, 3, at=NOW)


def test_a_stale_revision_only_learns_who_follows_it(connection: Connection) -> None:
    stored = kept(connection, a_plan())
    connection.execute(update(plan_rows.TABLE).values(state="stale"))
    plans.supersede(connection, replace(stored, state="stale"), 2, at=NOW)
    now = plans.fetch(connection, "a1")
    assert (now.state, now.superseded_by) == ("stale", 2)


def test_what_is_not_shown_yet_is_found_once(connection: Connection) -> None:
    stored = kept(connection, a_plan())
    assert [each.plan.id for each in plans.unpublished(connection)] == ["a1"]
    plans.published(connection, "a1", 1, stored.version)
    assert plans.unpublished(connection) == []
    assert not plans.lagging(connection)
    plans.touch(connection, "a1")
    assert plans.lagging(connection)


def test_plans_are_found_by_their_short_ids_and_by_nothing_else(connection: Connection) -> None:
    kept(connection, a_plan("0123456789abcdef7f3a"))
    kept(connection, a_plan("1123456789abcdef7f3a"))
    assert len(plans.find(connection, "7f3a")) == 2
    assert len(plans.find(connection, "0123456789abcdef7F3A")) == 1
    for nothing in ("", "%", "_", "7f3b", "' OR 1=1 --"):
        assert plans.find(connection, nothing) == ()


def vote(person: str, verdict: str, stored: Stored, way: str = "reaction") -> Vote:
    return Vote(person, Account("console", person), stored.digest, verdict, NOW, way)  # type: ignore[arg-type]  # words of the table


def test_a_person_has_one_standing_vote(connection: Connection) -> None:
    stored = kept(connection, a_plan())
    assert votes.cast(connection, "a1", vote("bob", "approve", stored))
    assert not votes.cast(connection, "a1", vote("bob", "approve", stored))
    assert votes.cast(connection, "a1", vote("bob", "reject", stored))
    assert [(each.person, each.verdict) for each in votes.standing(connection, stored.digest)] == [
        ("bob", "reject")
    ]
    assert not votes.withdraw(connection, stored.digest, "bob", verdict="approve", at=NOW)
    assert not votes.withdraw(
        connection, stored.digest, "bob", verdict="reject", way="typed", at=NOW
    )
    assert votes.withdraw(
        connection, stored.digest, "bob", verdict="reject", way="reaction", at=NOW
    )
    assert votes.standing(connection, stored.digest) == []


def test_a_switch_says_who_and_why(connection: Connection) -> None:
    assert switches.why(connection, "stop") is None
    switches.turn_on(connection, "stop", "bob", "fire drill", NOW)
    switches.turn_on(connection, "stop", "alice", "", NOW)
    assert switches.why(connection, "stop") == "alice stopped everything"
    assert switches.turn_off(connection, "stop")
    assert not switches.turn_off(connection, "stop")


def test_the_newest_is_the_last_made_even_when_the_clock_was_set_back(
    connection: Connection,
) -> None:
    questions.ask(connection, Question("q9", "slot", ROOM, "Which port?"), NOW)
    questions.ask(connection, Question("q1", "slot", ROOM, "Which name?"), NOW - timedelta(hours=1))
    newest = questions.newest(connection, ROOM)
    assert newest is not None
    assert newest.id == "q1"
    kept(connection, a_plan("b2"))
    first = plans.fetch(connection, "b2")
    plans.save(
        connection,
        dump(a_plan("a1")),
        replace(first.request, plan="a1"),
        ROOM,
        ALICE,
        {},
        quiet=False,
        at=NOW - timedelta(hours=1),
    )
    assert [stored.plan.id for stored in plans.in_thread(connection, ROOM)] == ["a1", "b2"]
