"""What is said about approvals: what is needed, and why a vote did not count. Called by `gate` and `explain`."""

import re
from collections.abc import Iterable, Sequence

from approvals.people import People
from bot.model.approvals import ApprovalRequest, Need, Requirement, Vote
from bot.model.ids import short
from bot.model.people import Account, Person

MOST_NAMES = 3
_PLAIN = re.compile(r"[\w@:.+/-]{1,120}", re.ASCII)


def either(names: Sequence[str], word: str = "or") -> str:
    """`alice`, `alice or bob`, `alice, bob or carol`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def few(persons: Iterable[Person]) -> str:
    """At most three names, and how many others there are."""
    names = [person.name for person in persons]
    if len(names) <= MOST_NAMES:
        return either(names)
    return f"{', '.join(names[:MOST_NAMES])} or {len(names) - MOST_NAMES} more"


def a(role: str) -> str:
    """A role with its article; a person for ""."""
    noun = role or "person I know"
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def mark(vote: Vote) -> str:
    """The vote as its voter saw it."""
    if vote.way in {"typed", "named"}:
        return f"`{vote.verdict}`"
    return "✅" if vote.verdict == "approve" else "❌"


def asked(requirement: Requirement, need: Need, count: int, request: ApprovalRequest) -> str:
    """One alternative in words: `2 approvals by an operator other than alice, with a reason`."""
    noun = "approval" if count == 1 else "approvals"
    how = f"`approve {short(request.plan)}` typed here" if requirement.typed else f"{count} {noun}"
    if requirement.typed and count > 1:
        how += f" {count} times"
    by = a(need.role) if count == 1 else "different people"
    if count > 1 and need.role:
        by = f"people with the role {need.role}"
    others = "" if requirement.self_approval else f" other than {either(request.requesters)}"
    return f"{how} by {by}{others}{', with a reason' if need.reason else ''}"


def hint(
    requirement: Requirement,
    need: Need,
    request: ApprovalRequest,
    people: People,
    voted: frozenset[str],
) -> str:
    """Who may: the requesters where they may themselves, else up to three others; and the mend where nobody may."""
    able = [
        person
        for person in people.having(need.role)
        if person.name not in voted
        and (requirement.self_approval or person.name not in request.requesters)
    ]
    if not able:
        mend = f": give somebody the role {need.role}" if need.role else ""
        return f" (nobody may yet{mend})"
    own = [person for person in able if person.name in request.requesters]
    return f" ({few(own or able)} may)"


def stranger(account: Account, people: People, role: str) -> str:
    """Why an unknown account is refused, and how it is added."""
    plain = _PLAIN.fullmatch(account.instance) and _PLAIN.fullmatch(account.user)
    line = f' with `{account.instance} = "{account.user}"`' if plain else ""
    able = few(people.having(role))
    who = f"{able} can add you" if able else "Whoever owns the configuration can add you"
    return f"I do not know this account. {who} to [[people]]{line}."


def unfit(person: Person, request: ApprovalRequest, people: People) -> str:
    """Why a person without the role has no say."""
    roles = sorted({need.role for each in request.requirements for need in each.needs})
    theirs = either([a(role) for role in person.roles], "and")
    are = f"you are {theirs}" if theirs else "you have no role"
    able = few(other for role in roles[:1] for other in people.having(role) if other is not person)
    mend = f" {able} can add you." if able else ""
    return f"plan {short(request.plan)} needs {either([a(role) for role in roles])}; {are}.{mend}"
