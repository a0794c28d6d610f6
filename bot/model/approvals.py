"""Approval requests, votes and decisions. Made by `approvals`, stored by `bot.store`, shown by `bot.report`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.model.people import Account
from bot.model.sections import Risk

State = Literal["pending", "approved", "rejected", "expired", "superseded", "cancelled"]

TRANSITIONS: dict[State, frozenset[State]] = {
    "pending": frozenset({"approved", "rejected", "expired", "superseded", "cancelled"}),
    "approved": frozenset({"superseded", "cancelled", "expired"}),
    "rejected": frozenset(),
    "expired": frozenset(),
    "superseded": frozenset(),
    "cancelled": frozenset(),
}
"""`approved` expires where somebody holds the plan until its time is over."""


@dataclass(frozen=True, slots=True)
class Need:
    """One part of a requirement: so many approvals by people of a role ("" for any known person)."""

    approvals: int
    role: str = ""
    reason: bool = False


@dataclass(frozen=True, slots=True)
class Requirement:
    """Alternatives, OR-ed: any one of `needs` is enough. `typed` demands the plan's short id in the thread."""

    rule: str
    needs: tuple[Need, ...]
    self_approval: bool = False
    deny: int = 1
    typed: bool = False


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What people are asked. Every requirement must be met; an empty tuple of them means an automatic approval."""

    plan: str
    revision: int
    digest: str
    requesters: tuple[str, ...]
    risk: Risk
    requirements: tuple[Requirement, ...]
    policy: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's word on one digest. `person` is a `Person.name`: the same person on two platforms has one vote.

    `named` is typed words that carry the plan's short id; `typed` are words without it."""

    person: str
    account: Account
    digest: str
    verdict: Literal["approve", "reject"]
    at: datetime
    way: Literal["reaction", "click", "typed", "named"]
    reason: str = ""


MarkKind = Literal["claim", "hold", "rating"]
MarkWord = Literal["", "good", "bad"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody put on a plan beside a vote: 👀 claims it, ⏸ holds it, 👍 and 👎 rate what came of it (`word`)."""

    kind: MarkKind
    person: str
    account: Account
    at: datetime
    way: Literal["reaction", "click", "typed"]
    word: MarkWord = ""


@dataclass(frozen=True, slots=True)
class Follow:
    """A new request that grew out of a plan that had ended: `undo` rolls it back, `again` asks for the same once more,
    `repair` is a model's proposal, of nobody ("" as person). `plan` is the new plan's id."""

    kind: Literal["undo", "again", "repair"]
    plan: str
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Approved:
    """Every requirement is met. `by` are the names that count."""

    by: tuple[str, ...]
    kind: Literal["approved"] = "approved"


@dataclass(frozen=True, slots=True)
class Pending:
    """Votes are missing; `needed` says in words which, one sentence a requirement."""

    needed: tuple[str, ...]
    kind: Literal["pending"] = "pending"


@dataclass(frozen=True, slots=True)
class Rejected:
    """It ended. `why` is a sentence for people."""

    by: tuple[str, ...]
    why: str
    kind: Literal["rejected"] = "rejected"


@dataclass(frozen=True, slots=True)
class Expired:
    """Nobody decided in time."""

    kind: Literal["expired"] = "expired"


Decision = Approved | Pending | Rejected | Expired
