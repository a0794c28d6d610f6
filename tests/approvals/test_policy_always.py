"""What holds for the default policy whatever the plan, the team, the votes and the clock."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from approvals import gate
from approvals.people import People
from approvals.policy import DefaultPolicy
from bot.model.approvals import ApprovalRequest, Approved, Vote
from bot.model.plans import Plan, digest
from bot.model.sections import Risk
from tests.approvals.making import NOON, account, plan
from tests.approvals.strategies import ROLES, names, person, platforms, role_sets, ways

risks = st.lists(st.sampled_from(list(Risk)), min_size=1, max_size=4).map(tuple)
teams = st.dictionaries(names, role_sets, min_size=1)
ballots = st.lists(
    st.builds(
        Vote,
        person=names,
        account=st.builds(account, names, platforms),
        digest=st.sampled_from([digest(b"1"), digest(b"2")]),
        verdict=st.sampled_from(["approve", "reject"]),
        at=st.integers(0, 600).map(lambda minutes: NOON + timedelta(minutes=minutes)),
        way=ways,
        reason=st.sampled_from(["", "why"]),
    ),
    max_size=6,
)


def asked(plan: Plan, team: dict[str, tuple[str, ...]]) -> tuple[ApprovalRequest, People]:
    people = People(person(name, roles) for name, roles in team.items())
    return gate.request(plan, digest(b"1"), DefaultPolicy(), people, NOON), people


@given(
    risks=risks,
    team=teams,
    votes=ballots,
    minutes=st.integers(-60, 600),
    requesters=st.sets(names, min_size=1),
)
def test_the_default_policy_never_approves_without_the_right_people(
    risks: tuple[Risk, ...],
    team: dict[str, tuple[str, ...]],
    votes: list[Vote],
    minutes: int,
    requesters: set[str],
) -> None:
    made = plan(*risks, requesters=tuple(sorted(requesters)))
    request, people = asked(made, team)
    now = NOON + timedelta(minutes=minutes)
    decision = gate.decide(request, votes, people, now)
    if not isinstance(decision, Approved):
        return
    assert now < request.expires_at
    true_votes = [
        vote for vote in votes if vote.account.user == vote.person and vote.digest == request.digest
    ]
    operators = {vote.person for vote in true_votes if "operator" in team.get(vote.person, ())}
    if made.risk is not Risk.READ:
        assert operators
        assert set(decision.by) <= operators
    if made.risk is Risk.DESTROY and len(team) > 1:
        assert operators - requesters
    if made.risk is Risk.DESTROY and len(team) == 1:
        assert any(vote.way == "named" for vote in true_votes)


@given(
    risks=risks,
    before=teams,
    after=teams,
    votes=ballots,
    requesters=st.sets(names, min_size=1),
    operator=st.sampled_from(ROLES),
)
def test_at_the_claim_nothing_gained_since_helps_and_everything_lost_hurts(
    risks: tuple[Risk, ...],
    before: dict[str, tuple[str, ...]],
    after: dict[str, tuple[str, ...]],
    votes: list[Vote],
    requesters: set[str],
    operator: str,
) -> None:
    """What passes the claim would be approved by the rules stored and by the rules of now, each alone."""
    made = plan(*risks, requesters=tuple(sorted(requesters)))
    request, _ = asked(made, before)
    people = People(person(name, roles) for name, roles in after.items())
    policy = DefaultPolicy(operator)
    now: datetime = NOON + timedelta(hours=1)
    if gate.recheck(request, votes, people, policy, made, now) is not None:
        return
    fresh = gate.request(made, digest(b"1"), policy, people, NOON)
    assert isinstance(gate.decide(request, votes, people, now), Approved)
    assert isinstance(gate.decide(fresh, votes, people, now), Approved)
    assert requesters <= set(after)
