"""Does this vote count, and if not, why? Called by `bot.flow` (through `gate`) for every vote that is heard.

What is admitted is stored and counted by `gate.decide`; what is not becomes a word to its voter alone.
"""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from approvals import words
from approvals.counting import fits, has_say, may_approve
from approvals.people import People
from approvals.policy import OPERATOR
from bot.model.approvals import ApprovalRequest, Vote
from bot.model.ids import short
from bot.model.people import Person

CARD_FIRST = timedelta(seconds=2)
"""Typed words count only when the card they mean was there for this long; younger words may mean an older card."""


class NotCounted(Struct, frozen=True):
    """A vote that changes nothing. `why` is the whole message to its voter alone; `rule` is a short label."""

    rule: str
    why: str


def admit(
    request: ApprovalRequest,
    vote: Vote,
    people: People,
    now: datetime,
    *,
    card_posted_at: datetime | None = None,
) -> Vote | NotCounted:
    """The vote as it is to be stored, its `person` taken from its account, or why it does not count.

    `card_posted_at` is when the card came out (None: not yet), by the same clock as `vote.at`."""
    person = people.who(vote.account)
    refused = (
        _out_of_date(request, vote, now)
        or _unasked(request)
        or _no_say(request, vote, person, people)
        or _too_early(request, vote, card_posted_at)
    )
    if refused:
        rule, why = refused
        return NotCounted(rule, f"Your {words.mark(vote)} did not count: {why}")
    return replace(vote, person=person.name) if person else vote


_Why = tuple[str, str]


def role_asked(request: ApprovalRequest) -> str:
    """The role to name to a stranger."""
    return next((need.role for each in request.requirements for need in each.needs), OPERATOR)


def self_words(request: ApprovalRequest) -> str:
    return f"plan {short(request.plan)} needs somebody who did not ask for it; its words are from {words.either(request.requesters, 'and')}."


def _out_of_date(request: ApprovalRequest, vote: Vote, now: datetime) -> _Why | None:
    name = f"plan {short(request.plan)}"
    if vote.digest != request.digest:
        return "revision", f"it is for another revision of {name}. Look for the newest card."
    if max(now, vote.at) >= request.expires_at:
        return "expired", f"{name} has expired. Ask again."
    return None


def _unasked(request: ApprovalRequest) -> _Why | None:
    if request.requirements:
        return None
    return "automatic", f"plan {short(request.plan)} needs no approval."


def _too_early(
    request: ApprovalRequest, vote: Vote, card_posted_at: datetime | None
) -> _Why | None:
    if vote.way != "typed" or (card_posted_at and vote.at - card_posted_at >= CARD_FIRST):
        return None
    name = short(request.plan)
    return "early", f"the card of plan {name} had only just come. Write `{vote.verdict} {name}`."


def _no_say(
    request: ApprovalRequest, vote: Vote, person: Person | None, people: People
) -> _Why | None:
    if person is None:
        return "people", words.stranger(vote.account, people, role_asked(request))
    theirs = any(has_say(person, each) for each in request.requirements)
    if vote.verdict == "reject" and person.name in request.requesters:
        return None
    if not theirs:
        return "role", words.unfit(person, request, people)
    return None if vote.verdict == "reject" else _no_approval(request, vote, person)


def _no_approval(request: ApprovalRequest, vote: Vote, person: Person) -> _Why | None:
    able = [each for each in request.requirements if may_approve(person, each, request)]
    if not able:
        return "self", self_words(request)
    if any(fits(person, vote, each, need, request) for each in able for need in each.needs):
        return None
    name = short(request.plan)
    if all(each.typed and vote.way != "named" for each in able):
        return "typed", f"plan {name} is approved in words. Write `approve {name}` in its thread."
    return "reason", f"it needs a reason. Write `approve {name} REASON`."
