"""Which votes count, and what people read when one does not."""

import pytest

from approvals import gate
from approvals.gate import NotCounted
from approvals.people import People
from bot.model.approvals import ApprovalRequest, Need, Requirement, Vote
from bot.model.people import Account
from bot.model.sections import Risk
from tests.approvals.making import (
    ALICE,
    ALONE,
    BOB,
    CAROL,
    NOON,
    TEAM,
    person,
    request,
    requiring,
    vote,
)

CHANGE = request(Risk.CHANGE)
DESTROY = request(Risk.DESTROY)
TYPED = request(Risk.DESTROY, people=ALONE)


def why(
    asked: ApprovalRequest, cast: Vote, people: People = TEAM, posted: float | None = 0
) -> NotCounted:
    card = None if posted is None else vote("alice", after=posted).at
    answer = gate.admit(asked, cast, people, cast.at, card_posted_at=card)
    assert isinstance(answer, NotCounted), answer
    return answer


def test_a_good_vote_is_stored_under_the_person_of_its_account() -> None:
    cast = Vote("", Account("matrix", "bob"), CHANGE.digest, "approve", NOON, "reaction")
    answer = gate.admit(CHANGE, cast, TEAM, NOON)
    assert isinstance(answer, Vote)
    assert answer.person == "bob"


def test_the_name_in_a_vote_is_never_believed() -> None:
    forged = Vote(
        "alice", Account("console", "mallory"), CHANGE.digest, "approve", NOON, "reaction"
    )
    assert why(CHANGE, forged).rule == "people"


def test_a_guest_reads_what_is_missing_and_who_can_mend_it() -> None:
    assert why(CHANGE, vote("carol")).why == (
        "Your ✅ did not count: plan 7f3a needs an operator; you are a guest. alice or bob can add you."
    )
    assert why(CHANGE, vote("carol", "reject")).why.startswith("Your ❌ did not count: ")


def test_somebody_without_any_role() -> None:
    people = People([ALICE, person("dan")])
    assert "you have no role. alice can add you." in why(CHANGE, vote("dan"), people).why


def test_a_stranger_reads_how_to_be_added() -> None:
    assert why(CHANGE, vote("eve")).why == (
        "Your ✅ did not count: I do not know this account. alice or bob can add you to [[people]]"
        ' with `console = "eve"`.'
    )


@pytest.mark.parametrize("name", ["eve`; rm -rf /", "eve\n@room", '"', "e" * 500, "\u202eeve", ""])
def test_an_account_with_odd_letters_is_not_repeated(name: str) -> None:
    said = why(CHANGE, vote(name)).why
    assert said.endswith("alice or bob can add you to [[people]].")


def test_a_requester_may_approve_a_change_but_not_a_destroy() -> None:
    assert isinstance(gate.admit(CHANGE, vote("alice"), TEAM, NOON), Vote)
    refused = why(DESTROY, vote("alice"))
    assert refused.rule == "self"
    assert "needs somebody who did not ask for it; its words are from alice." in refused.why


def test_everyone_whose_words_are_in_it_is_a_requester() -> None:
    both = request(Risk.DESTROY, requesters=("alice", "bob"))
    assert why(both, vote("bob")).rule == "self"


def test_a_requester_may_reject_without_any_role() -> None:
    theirs = request(Risk.DESTROY, requesters=("carol",))
    assert isinstance(gate.admit(theirs, vote("carol", "reject"), TEAM, NOON), Vote)
    assert why(theirs, vote("carol")).rule == "role"


def test_a_vote_on_another_digest_is_void() -> None:
    assert why(CHANGE, vote("bob", digest="0" * 64)).rule == "revision"


@pytest.mark.parametrize(("after", "counts"), [(8 * 3600 - 1, True), (8 * 3600, False)])
def test_expiry_is_exact(after: float, counts: bool) -> None:
    cast = vote("bob", after=after)
    assert isinstance(gate.admit(CHANGE, cast, TEAM, cast.at), Vote) is counts


def test_a_clock_set_back_does_not_revive_a_late_vote() -> None:
    answer = gate.admit(CHANGE, vote("bob", after=9 * 3600), TEAM, NOON)
    assert isinstance(answer, NotCounted)
    assert answer.rule == "expired"


@pytest.mark.parametrize(
    ("posted", "counts"), [(57.0, True), (58.0, True), (58.1, False), (61.0, False)]
)
def test_typed_words_need_a_card_two_seconds_old(posted: float, counts: bool) -> None:
    card = vote("x", after=posted).at
    answer = gate.admit(CHANGE, vote("bob", way="typed"), TEAM, NOON, card_posted_at=card)
    assert isinstance(answer, Vote) is counts


def test_typed_words_before_the_card_came_out_ask_for_the_short_id() -> None:
    assert why(CHANGE, vote("bob", way="typed"), posted=None).why.endswith("Write `approve 7f3a`.")
    named = gate.admit(CHANGE, vote("bob", way="named"), TEAM, NOON)
    assert isinstance(named, Vote)


@pytest.mark.parametrize("way", ["reaction", "click", "typed"])
def test_alone_a_destroy_takes_nothing_but_the_short_id(way: str) -> None:
    refused = why(TYPED, vote("alice", way=way), ALONE)  # type: ignore[arg-type]  # parametrized
    assert refused.rule == "typed"
    assert "Write `approve 7f3a` in its thread." in refused.why
    assert isinstance(gate.admit(TYPED, vote("alice", way="named"), ALONE, NOON), Vote)


def test_alone_without_the_role_it_does_not_count() -> None:
    only = People([CAROL])
    asked = request(Risk.DESTROY, people=only, requesters=("carol",))
    assert why(asked, vote("carol", way="named"), only).rule == "role"


def test_a_missing_reason() -> None:
    asked = requiring(Requirement("leads", (Need(1, "lead", reason=True),), self_approval=True))
    assert why(asked, vote("alice")).why.endswith("it needs a reason. Write `approve 7f3a REASON`.")
    assert why(asked, vote("alice", way="named", reason="  ")).rule == "reason"
    assert isinstance(gate.admit(asked, vote("alice", reason="release day"), TEAM, NOON), Vote)


def test_a_reason_is_not_asked_where_another_alternative_has_none() -> None:
    asked = requiring(
        Requirement("any", (Need(1, "lead", reason=True), Need(2, "operator")), self_approval=True)
    )
    assert isinstance(gate.admit(asked, vote("alice"), TEAM, NOON), Vote)


def test_an_automatic_approval_takes_no_votes() -> None:
    assert why(request(Risk.READ), vote("bob")).rule == "automatic"


def test_an_account_that_is_a_bot_has_no_vote() -> None:
    people = People([ALICE, BOB], bots=[Account("console", "bob")])
    assert why(CHANGE, vote("bob"), people).rule == "people"
