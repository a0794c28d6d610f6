"""How votes become a decision, and what still stands at the claim."""

from datetime import timedelta
from typing import get_args

import pytest
from msgspec.structs import replace

from approvals import gate
from approvals.gate import NotCounted
from approvals.people import People
from approvals.policy import DefaultPolicy
from bot.model.approvals import (
    TRANSITIONS,
    ApprovalRequest,
    Approved,
    Decision,
    Expired,
    Need,
    Pending,
    Rejected,
    Requirement,
    State,
    Vote,
)
from bot.model.people import Person
from bot.model.sections import Refusal, Risk
from tests.approvals.making import (
    ALICE,
    ALONE,
    BOB,
    CAROL,
    DIGEST,
    NOON,
    TEAM,
    account,
    person,
    plan,
    request,
    requiring,
    vote,
)

CHANGE = request(Risk.CHANGE)
DESTROY = request(Risk.DESTROY)
POLICY = DefaultPolicy()
DAN = person("dan", "operator", "lead")
MANY = People([ALICE, BOB, CAROL, DAN])


def decide(
    asked: ApprovalRequest, *votes: Vote, people: People = TEAM, after: float = 120
) -> Decision:
    return gate.decide(asked, votes, people, NOON + timedelta(seconds=after))


def test_read_is_approved_at_once() -> None:
    assert decide(request(Risk.READ)) == Approved(())


def test_a_change_by_one_operator() -> None:
    assert decide(CHANGE) == Pending(("1 approval by an operator (alice may)",))
    assert decide(CHANGE, vote("bob")) == Approved(("bob",))
    assert decide(CHANGE, vote("alice")) == Approved(("alice",))
    assert isinstance(decide(CHANGE, vote("carol")), Pending)


def test_a_destroy_by_somebody_else() -> None:
    assert decide(DESTROY) == Pending(("1 approval by an operator other than alice (bob may)",))
    assert isinstance(decide(DESTROY, vote("alice")), Pending)
    assert decide(DESTROY, vote("bob")) == Approved(("bob",))


def test_a_destroy_alone_is_typed() -> None:
    asked = request(Risk.DESTROY, people=ALONE)
    assert decide(asked, people=ALONE) == Pending(
        ("`approve 7f3a` typed here by an operator (alice may)",)
    )
    assert isinstance(decide(asked, vote("alice"), people=ALONE), Pending)
    assert decide(asked, vote("alice", way="named"), people=ALONE) == Approved(("alice",))


def test_nobody_who_may_is_said_with_the_mend() -> None:
    people = People([CAROL, person("erin")])
    (needed,) = getattr(decide(CHANGE, people=people), "needed")  # noqa: B009  # mypy: a union
    assert needed == "1 approval by an operator (nobody may yet: give somebody the role operator)"


def test_a_rejection_beats_every_approval_and_quotes_its_reason() -> None:
    ended = decide(CHANGE, vote("bob"), vote("alice", "reject", reason="wait for the release"))
    assert ended == Rejected(("alice",), 'rejected by alice: "wait for the release"')


def test_a_guests_rejection_is_not_one() -> None:
    assert isinstance(decide(CHANGE, vote("carol", "reject")), Pending)


def test_one_person_has_one_vote_the_newest() -> None:
    twice = requiring(Requirement("two", (Need(2, "operator"),), self_approval=True))
    both = (vote("bob"), vote("bob", instance="matrix"))
    assert decide(twice, *both) == Pending(("1 approval by an operator (alice may)",))
    assert decide(CHANGE, vote("bob", "reject"), vote("bob", instance="matrix")) == Approved(
        ("bob",)
    )
    assert isinstance(
        decide(CHANGE, vote("bob"), vote("bob", "reject", instance="matrix")), Rejected
    )


def test_whoever_has_voted_is_not_named_again() -> None:
    asked = requiring(Requirement("two", (Need(2, "operator"),), self_approval=True))
    assert decide(asked, vote("alice")) == Pending(("1 approval by an operator (bob may)",))


def test_alternatives_are_or_ed_and_requirements_and_ed() -> None:
    asked = requiring(
        Requirement("sre", (Need(2, "operator"), Need(1, "lead", reason=True)), self_approval=True),
        Requirement("other", (Need(1, "operator"),)),
    )
    assert decide(asked, people=MANY) == Pending(
        (
            "2 approvals by people with the role operator (alice may)"
            " or 1 approval by a lead, with a reason (alice may)",
            "1 approval by an operator other than alice (bob or dan may)",
        )
    )
    assert decide(asked, vote("dan", reason="hotfix"), people=MANY) == Approved(("dan",))
    assert isinstance(decide(asked, vote("alice", reason="hotfix"), people=MANY), Pending)
    assert decide(asked, vote("alice"), vote("bob"), people=MANY) == Approved(("alice", "bob"))


def test_a_rule_that_nobody_can_meet_is_never_met() -> None:
    asked = requiring(Requirement("broken", ()))
    assert isinstance(decide(asked, vote("alice"), vote("bob")), Pending)
    none = requiring(Requirement("zero", (Need(0, "operator"),), self_approval=True))
    assert isinstance(decide(none), Pending)


def test_as_many_rejections_as_the_rule_says() -> None:
    asked = requiring(Requirement("two", (Need(1, "operator"),), self_approval=True, deny=2))
    assert isinstance(decide(asked, vote("bob", "reject")), Pending)
    assert decide(asked, vote("bob", "reject"), vote("alice", "reject")) == Rejected(
        ("bob", "alice"), "rejected by bob and alice"
    )
    careless = requiring(Requirement("zero", (Need(1, "operator"),), self_approval=True, deny=0))
    assert decide(careless, vote("bob")) == Approved(("bob",))


def test_votes_on_another_revision_are_void() -> None:
    assert isinstance(decide(CHANGE, vote("bob", digest="f" * 64)), Pending)


def test_it_expires() -> None:
    assert decide(CHANGE, vote("bob"), after=8 * 3600) == Expired()
    assert isinstance(decide(CHANGE, vote("bob", after=8 * 3600), after=60), Pending)


def test_votes_of_a_role_lost_or_an_account_moved_no_longer_count() -> None:
    demoted = People([ALICE, person("bob", "guest"), CAROL])
    assert isinstance(decide(CHANGE, vote("bob"), people=demoted), Pending)
    moved = People(
        [
            ALICE,
            Person("bob", ("operator",), ()),
            Person("mallory", ("operator",), (account("bob"),)),
        ]
    )
    assert isinstance(decide(CHANGE, vote("bob"), people=moved), Pending)


def recheck(
    asked: ApprovalRequest,
    *votes: Vote,
    people: People = TEAM,
    policy: DefaultPolicy = POLICY,
    risk: Risk = Risk.CHANGE,
    after: float = 120,
) -> Refusal | None:
    return gate.recheck(asked, votes, people, policy, plan(risk), NOON + timedelta(seconds=after))


def rule(refusal: Refusal | None) -> str | None:
    return refusal.rule if refusal else None


def test_at_the_claim_all_is_as_it_was() -> None:
    assert recheck(CHANGE, vote("bob")) is None
    assert recheck(request(Risk.READ), risk=Risk.READ) is None
    assert recheck(DESTROY, vote("bob"), risk=Risk.DESTROY) is None


def test_at_the_claim_a_lost_role_refuses_and_says_what_is_needed() -> None:
    demoted = People([ALICE, person("bob", "guest"), CAROL])
    refusal = recheck(CHANGE, vote("bob"), people=demoted)
    assert refusal == Refusal(
        "approval",
        "People or rules have changed: plan 7f3a now needs 1 approval by an operator (alice may). Ask again.",
    )


def test_at_the_claim_a_requester_who_is_gone_refuses() -> None:
    assert rule(recheck(CHANGE, vote("bob"), people=People([BOB, CAROL]))) == "people"
    nobody = replace(CHANGE, requesters=())
    answer = gate.recheck(
        nobody, [vote("bob")], TEAM, POLICY, plan(Risk.CHANGE, requesters=()), NOON
    )
    assert rule(answer) == "people"


def test_at_the_claim_a_rule_loosened_meanwhile_does_not_help() -> None:
    assert (
        rule(recheck(DESTROY, vote("alice", way="named"), risk=Risk.DESTROY, people=ALONE))
        == "approval"
    )
    assert rule(recheck(CHANGE, vote("carol"), policy=DefaultPolicy("guest"))) == "approval"


def test_at_the_claim_a_rule_tightened_meanwhile_holds() -> None:
    asked = request(Risk.DESTROY, people=ALONE)
    cast = vote("alice", way="named")
    assert recheck(asked, cast, people=ALONE, risk=Risk.DESTROY) is None
    assert rule(recheck(asked, cast, people=TEAM, risk=Risk.DESTROY)) == "approval"
    assert rule(recheck(CHANGE, vote("bob"), policy=DefaultPolicy("lead"))) == "approval"
    read = request(Risk.READ)
    assert rule(recheck(read, risk=Risk.CHANGE)) == "approval"


def test_at_the_claim_expiry_and_rejections_hold() -> None:
    assert rule(recheck(CHANGE, vote("bob"), after=8 * 3600)) == "expired"
    assert rule(recheck(CHANGE, vote("bob"), vote("alice", "reject"))) == "rejected"


def test_at_the_claim_another_revision_is_refused() -> None:
    other = plan(Risk.CHANGE, revision=2)
    assert rule(gate.recheck(CHANGE, [vote("bob")], TEAM, POLICY, other, NOON)) == "revision"
    more = plan(Risk.CHANGE, requesters=("alice", "bob"))
    assert rule(gate.recheck(CHANGE, [vote("bob")], TEAM, POLICY, more, NOON)) == "revision"


def named(answer: Person | NotCounted) -> str:
    return answer.name if isinstance(answer, Person) else answer.rule


@pytest.mark.parametrize(
    ("asked", "who", "stops", "redoes"),
    [
        (CHANGE, "alice", "alice", "alice"),
        (CHANGE, "bob", "bob", "bob"),
        (CHANGE, "carol", "role", "role"),
        (CHANGE, "eve", "people", "people"),
        (DESTROY, "alice", "alice", "self"),
        (DESTROY, "bob", "bob", "bob"),
        (request(Risk.CHANGE, requesters=("carol",)), "carol", "carol", "role"),
        (request(Risk.READ), "carol", "carol", "carol"),
        (request(Risk.READ), "eve", "people", "people"),
    ],
)
def test_who_may_stop_and_who_may_do_it_again(
    asked: ApprovalRequest, who: str, stops: str, redoes: str
) -> None:
    assert named(gate.may_stop(asked, account(who), TEAM)) == stops
    assert named(gate.may_redo(asked, account(who), TEAM)) == redoes


def test_a_stranger_cannot_ask() -> None:
    assert gate.requester(account("alice"), TEAM) is ALICE
    refused = gate.requester(account("eve"), TEAM)
    assert isinstance(refused, Refusal)
    assert "alice or bob can add you" in refused.why


def test_every_decision_is_a_state_that_may_follow_pending() -> None:
    for decision in (Approved(()), Rejected((), ""), Expired()):
        assert decision.kind in TRANSITIONS["pending"]
    assert Pending(()).kind == "pending"
    assert set(TRANSITIONS) == set(get_args(State))
    assert CHANGE.digest == DIGEST


def test_every_known_person_may_look_and_nobody_else() -> None:
    assert gate.may_look(CHANGE, account("carol"), TEAM) is CAROL
    refused = gate.may_look(CHANGE, account("eve"), TEAM)
    assert isinstance(refused, gate.NotCounted)
    assert refused.rule == "people"
    assert "alice or bob can add you" in refused.why
