"""How votes add up. Called by `admission` for one vote and by `gate` for all of them; answers go into a Decision."""

from collections.abc import Iterable

from approvals import words
from approvals.people import People, holds
from bot.model.approvals import ApprovalRequest, Need, Rejected, Requirement, Vote
from bot.model.people import Person

Standing = list[tuple[Person, Vote]]
"""Each person's one vote that counts."""


def has_say(person: Person, requirement: Requirement) -> bool:
    """Whether the person holds a role that the requirement asks for."""
    return any(holds(person, need.role) for need in requirement.needs)


def may_approve(person: Person, requirement: Requirement, request: ApprovalRequest) -> bool:
    """Whether the person could meet a part of the requirement: the role, and no requester where that is asked."""
    return has_say(person, requirement) and (
        requirement.self_approval or person.name not in request.requesters
    )


def fits(
    person: Person, vote: Vote, requirement: Requirement, need: Need, request: ApprovalRequest
) -> bool:
    """Whether this person's vote is one of those that an alternative counts."""
    return (
        holds(person, need.role)
        and (requirement.self_approval or person.name not in request.requesters)
        and (not requirement.typed or vote.way == "named")
        and (not need.reason or bool(vote.reason.strip()))
    )


def standing(request: ApprovalRequest, votes: Iterable[Vote], people: People) -> Standing:
    """The last vote of each person that is on this digest, in time, and from an account that is still theirs."""
    newest: dict[str, tuple[Person, Vote]] = {}
    for vote in votes:
        person = people.who(vote.account)
        if person is None or person.name != vote.person:
            continue
        if vote.digest == request.digest and vote.at < request.expires_at:
            newest[person.name] = (person, vote)
    return list(newest.values())


def rejected(request: ApprovalRequest, standing: Standing) -> Rejected | None:
    """The end, where enough people with a say, or who asked, are against."""
    against = [(person, vote) for person, vote in standing if vote.verdict == "reject"]
    for requirement in request.requirements:
        heard = [
            (person, vote)
            for person, vote in against
            if has_say(person, requirement) or person.name in request.requesters
        ]
        if len(heard) >= max(1, requirement.deny):
            by = tuple(person.name for person, _ in heard)
            reasons = "; ".join(f'"{vote.reason}"' for _, vote in heard if vote.reason.strip())
            return Rejected(
                by, f"rejected by {words.either(by, 'and')}{': ' if reasons else ''}{reasons}"
            )
    return None


def _good(
    requirement: Requirement, need: Need, request: ApprovalRequest, approvals: Standing
) -> list[str]:
    return [
        person.name for person, vote in approvals if fits(person, vote, requirement, need, request)
    ]


def _enough(need: Need) -> int:
    return max(1, need.approvals)


def fulfilled(requirement: Requirement, request: ApprovalRequest, approvals: Standing) -> bool:
    """Whether any one alternative has its approvals, each by another person."""
    return any(
        len(_good(requirement, need, request, approvals)) >= _enough(need)
        for need in requirement.needs
    )


def counted(request: ApprovalRequest, approvals: Standing) -> list[str]:
    """The names whose approvals met something."""
    names: dict[str, None] = {}
    for requirement in request.requirements:
        for need in requirement.needs:
            good = _good(requirement, need, request, approvals)
            if len(good) >= _enough(need):
                names.update(dict.fromkeys(good))
    return list(names)


def needed(
    requirement: Requirement, request: ApprovalRequest, approvals: Standing, people: People
) -> str:
    """What a requirement still misses, in words."""
    ways = []
    for need in requirement.needs:
        good = _good(requirement, need, request, approvals)
        way = words.asked(requirement, need, _enough(need) - len(good), request)
        ways.append(way + words.hint(requirement, need, request, people, frozenset(good)))
    return " or ".join(ways) or "a rule that somebody can meet"
