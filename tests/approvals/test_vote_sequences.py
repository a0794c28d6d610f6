"""Any sequence of votes, withdrawals, revisions, clock jumps and changes of roles, against a plain account of it.

The account (`_truth`) knows nothing of the gate: it keeps, by hand, who stands where, and counts by brute force.
"""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from approvals import gate
from approvals.people import People
from bot.model.approvals import (
    TRANSITIONS,
    ApprovalRequest,
    Approved,
    Expired,
    Need,
    Pending,
    Rejected,
    Requirement,
    State,
    Vote,
)
from bot.model.plans import digest
from bot.model.sections import Risk
from tests.approvals.making import NOON, PLAN, account
from tests.approvals.strategies import NAMES, names, person, platforms, role_sets, ways

needs = st.builds(Need, st.integers(0, 3), st.sampled_from(["", "operator", "lead"]), st.booleans())
requirements = st.builds(
    Requirement,
    rule=st.sampled_from(["a", "b"]),
    needs=st.lists(needs, min_size=0, max_size=2).map(tuple),
    self_approval=st.booleans(),
    deny=st.integers(0, 2),
    typed=st.booleans(),
)


class Votes(RuleBasedStateMachine):
    """One plan from its first revision to its end."""

    @initialize(
        asked=st.lists(requirements, min_size=1, max_size=2).map(tuple),
        requesters=st.sets(names, min_size=1, max_size=2).map(lambda each: tuple(sorted(each))),
        roles=st.fixed_dictionaries(dict.fromkeys(NAMES, role_sets)),
    )
    def begin(
        self,
        asked: tuple[Requirement, ...],
        requesters: tuple[str, ...],
        roles: dict[str, tuple[str, ...]],
    ) -> None:
        self.now = NOON
        self.roles = dict(roles)
        self.revision = 1
        self.state: State = "pending"
        self.votes: list[Vote] = []
        self.ends = NOON + timedelta(hours=8)
        self.request = ApprovalRequest(
            PLAN, 1, digest(b"1"), requesters, Risk.CHANGE, asked, "test", NOON, self.ends
        )

    @property
    def people(self) -> People:
        return People(person(name, roles) for name, roles in self.roles.items())

    @rule(
        name=names,
        platform=platforms,
        way=ways,
        verdict=st.sampled_from(["approve", "approve", "reject"]),
        reason=st.sampled_from(["", " ", "hotfix"]),
        stale=st.booleans(),
        card_age=st.floats(0, 10),
    )
    def cast(
        self,
        name: str,
        platform: str,
        way: str,
        verdict: str,
        reason: str,
        stale: bool,
        card_age: float,
    ) -> None:
        which = digest(str(self.revision - 1).encode()) if stale else self.request.digest
        cast = Vote("?", account(name, platform), which, verdict, self.now, way, reason)  # type: ignore[arg-type]  # sampled
        posted = self.now - timedelta(seconds=card_age)
        answer = gate.admit(self.request, cast, self.people, self.now, card_posted_at=posted)
        if isinstance(answer, gate.NotCounted):
            assert answer.why.startswith("Your ")
            return
        assert not stale
        assert answer.person == name
        assert name in self.roles
        assert self.now < self.ends
        assert way != "typed" or card_age >= 2
        self.votes.append(answer)
        self._settle()

    @rule(name=names)
    def withdraw(self, name: str) -> None:
        self.votes = [vote for vote in self.votes if vote.person != name]
        self._settle()

    @rule(name=names, roles=role_sets)
    def change_roles(self, name: str, roles: tuple[str, ...]) -> None:
        self.roles[name] = roles

    @precondition(lambda self: len(self.roles) > 1)
    @rule(name=names)
    def leave(self, name: str) -> None:
        self.roles.pop(name, None)

    @rule(name=names)
    def forge(self, name: str) -> None:
        """A vote row that says one name and comes from another's account is nobody's."""
        other = NAMES[(NAMES.index(name) + 1) % len(NAMES)]
        forged = Vote(
            name, account(other), self.request.digest, "approve", self.now, "named", "hotfix"
        )
        now = gate.decide(self.request, self.votes, self.people, self.now)
        assert gate.decide(self.request, [*self.votes, forged], self.people, self.now) == now

    @rule(minutes=st.integers(-600, 300))
    def clock_jumps(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self._settle()

    @rule(name=names)
    def revise(self, name: str) -> None:
        """A reply changes the plan: every vote is void, and whoever replied is a requester now."""
        if self.state not in {"pending", "approved"}:
            return
        assert "superseded" in TRANSITIONS[self.state]
        self.revision += 1
        self.request = replace(
            self.request,
            revision=self.revision,
            digest=digest(str(self.revision).encode()),
            requesters=tuple(sorted({*self.request.requesters, name})),
        )
        self.state = "pending"
        assert not isinstance(
            gate.decide(self.request, self.votes, self.people, self.now), Approved | Rejected
        )

    def _settle(self) -> None:
        """What the flow does after every change: an end stays an end."""
        if self.state == "pending":
            decided = gate.decide(self.request, self.votes, self.people, self.now).kind
            assert decided == "pending" or decided in TRANSITIONS["pending"]
            self.state = decided

    @invariant()
    def the_gate_and_the_truth_agree(self) -> None:
        decision = gate.decide(self.request, self.votes, self.people, self.now)
        assert decision.kind == self._truth()
        match decision:
            case Approved(by=by):
                assert len(set(by)) == len(by)
                assert set(by) <= set(self.roles)
            case Pending(needed=needed):
                assert needed
                assert all(needed)
            case Rejected(by=by):
                assert by
            case Expired():
                assert self.now >= self.ends

    def _truth(self) -> str:
        if self.now >= self.ends:
            return "expired"
        last: dict[str, Vote] = {}
        for vote in self.votes:
            if (
                vote.digest == self.request.digest
                and vote.at < self.ends
                and vote.person in self.roles
            ):
                last[vote.person] = vote
        if any(self._denied(each, last) for each in self.request.requirements):
            return "rejected"
        met = all(
            any(self._met(each, need, last) for need in each.needs)
            for each in self.request.requirements
        )
        return "approved" if met else "pending"

    def _denied(self, asked: Requirement, last: dict[str, Vote]) -> bool:
        against = 0
        for name, vote in last.items():
            concerned = name in self.request.requesters or any(
                need.role == "" or need.role in self.roles[name] for need in asked.needs
            )
            against += vote.verdict == "reject" and concerned
        return against > 0 and against >= asked.deny

    def _met(self, asked: Requirement, need: Need, last: dict[str, Vote]) -> bool:
        good = 0
        for name, vote in last.items():
            bad = (
                vote.verdict != "approve"
                or (need.role != "" and need.role not in self.roles[name])
                or (name in self.request.requesters and not asked.self_approval)
                or (asked.typed and vote.way != "named")
                or (need.reason and not vote.reason.strip())
            )
            good += not bad
        return good > 0 and good >= need.approvals


TestVotes = Votes.TestCase
TestVotes.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
