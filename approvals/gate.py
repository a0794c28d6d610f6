"""May this plan run? `bot.flow` makes requests and admits votes here; the claim in `bot.execution` asks `recheck`.

Values in, values out: the caller stores the votes and brings those that stand back in the order in which they were cast.
A vote comes from an event that the platform has authenticated; nothing else makes one.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from approvals import counting, words
from approvals.admission import NotCounted, admit, role_asked, self_words
from approvals.people import People
from approvals.policy import OPERATOR, Policy
from bot.model.approvals import (
    ApprovalRequest,
    Approved,
    Decision,
    Expired,
    Need,
    Pending,
    Rejected,
    Requirement,
    Vote,
)
from bot.model.ids import short
from bot.model.people import Account, Person
from bot.model.plans import Plan
from bot.model.sections import Refusal, Risk

__all__ = [
    "NotCounted", "admit", "decide", "may_look", "may_redo", "may_stop", "recheck", "request", "requester",
]  # fmt: skip


def requester(account: Account, people: People, operator: str = OPERATOR) -> Person | Refusal:
    """Who asks. Every known person may; a stranger is told how to be added."""
    return people.who(account) or Refusal("people", words.stranger(account, people, operator))


def request(
    plan: Plan, digest: str, policy: Policy, people: People, now: datetime
) -> ApprovalRequest:
    """What people are asked about this revision. A new revision has a new digest, so earlier votes are void."""
    return ApprovalRequest(
        plan=plan.id,
        revision=plan.revision,
        digest=digest,
        requesters=plan.requesters,
        risk=plan.risk,
        requirements=_requirements(plan, policy, people),
        policy=policy.version,
        created_at=now,
        expires_at=now + policy.expires,
    )


def _requirements(plan: Plan, policy: Policy, people: People) -> tuple[Requirement, ...]:
    """The rules', and one of the house: what came by voice is approved by a person, unless it only reads."""
    found = policy.requirements(plan, people)
    if found or not plan.spoken or plan.risk is Risk.READ:
        return found
    return (Requirement("spoken", (Need(1, OPERATOR),), self_approval=True),)


def decide(
    request: ApprovalRequest, votes: Iterable[Vote], people: People, now: datetime
) -> Decision:
    """Where the request stands with these votes, by the people as they are now.

    A person has one vote, the last in order. Votes on another digest, votes cast at or after the expiry and votes
    of accounts that are nobody's any more do not count."""
    if now >= request.expires_at:
        return Expired()
    standing = counting.standing(request, votes, people)
    rejected = counting.rejected(request, standing)
    if rejected:
        return rejected
    approvals = [(person, vote) for person, vote in standing if vote.verdict == "approve"]
    unmet = [
        each for each in request.requirements if not counting.fulfilled(each, request, approvals)
    ]
    if unmet:
        return Pending(tuple(counting.needed(each, request, approvals, people) for each in unmet))
    return Approved(tuple(counting.counted(request, approvals)))


def recheck(
    request: ApprovalRequest,
    votes: Iterable[Vote],
    people: People,
    policy: Policy,
    plan: Plan,
    now: datetime,
) -> Refusal | None:
    """Whether an approved plan may still be begun: the people and rules of now, and those of the request as well, so
    that neither a rule loosened nor one tightened meanwhile helps. None when it may. Levels, paths and the floor are
    the guard's."""
    name = f"plan {short(request.plan)}"
    if (plan.id, plan.revision, plan.requesters) != (
        request.plan,
        request.revision,
        request.requesters,
    ):
        return Refusal(
            "revision",
            f"The approval is for revision {request.revision} of {name}, not for this one. Ask again.",
        )
    unknown = [requester for requester in plan.requesters if people.named(requester) is None]
    if unknown or not plan.requesters:
        return Refusal(
            "people", f"I no longer know who asked for {name}{_names(unknown)}. Ask again."
        )
    both = tuple(dict.fromkeys((*request.requirements, *_requirements(plan, policy, people))))
    match decide(replace(request, requirements=both), votes, people, now):
        case Approved():
            return None
        case Expired():
            return Refusal("expired", f"The approval of {name} has expired. Ask again.")
        case Rejected(why=why):
            return Refusal("rejected", why)
        case Pending(needed=needed):
            return Refusal(
                "approval",
                f"People or rules have changed: {name} now needs {'; and '.join(needed)}. Ask again.",
            )


def may_look(request: ApprovalRequest, account: Account, people: People) -> Person | NotCounted:
    """Who says that they look at a plan, or what its result was worth: every known person."""
    person = people.who(account)
    return person or NotCounted("people", words.stranger(account, people, role_asked(request)))


def may_stop(request: ApprovalRequest, account: Account, people: People) -> Person | NotCounted:
    """Who cancels or holds a plan, lets it go on, asks for it once more, answers for a `human` step or says `done` / `not done`:
    a requester, or anybody with the role."""
    person = people.who(account)
    if person is None:
        return NotCounted("people", words.stranger(account, people, role_asked(request)))
    allowed = all(counting.has_say(person, each) for each in request.requirements)
    if allowed or person.name in request.requesters:
        return person
    return NotCounted("role", f"That did not count: {words.unfit(person, request, people)}")


def may_redo(request: ApprovalRequest, account: Account, people: People) -> Person | NotCounted:
    """Who says `retry` or `roll back`, or asks for a roll back: whoever could approve every part of the plan."""
    person = people.who(account)
    if person is None:
        return NotCounted("people", words.stranger(account, people, role_asked(request)))
    if not all(counting.has_say(person, each) for each in request.requirements):
        return NotCounted("role", f"That did not count: {words.unfit(person, request, people)}")
    if not all(counting.may_approve(person, each, request) for each in request.requirements):
        return NotCounted("self", f"That did not count: {self_words(request)}")
    return person


def _names(names: Sequence[str]) -> str:
    return f" ({words.either(names, 'and')})" if names else ""
