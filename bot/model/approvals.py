"""Approval requests, votes and decisions. Made by `approvals`, stored by `bot.store`, shown by `bot.report`."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

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


class Need(Struct, frozen=True):
    """One part of a requirement: so many approvals by people of a role ("" for any known person)."""

    approvals: int
    role: str = ""
    reason: bool = False


class Requirement(Struct, frozen=True):
    """Alternatives, OR-ed: any one of `needs` is enough. `typed` demands the plan's short id in the thread."""

    rule: str
    needs: tuple[Need, ...]
    self_approval: bool = False
    deny: int = 1
    typed: bool = False


class ApprovalRequest(Struct, frozen=True):
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


class Vote(Struct, frozen=True):
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


class Mark(Struct, frozen=True):
    """What somebody put on a plan beside a vote: 👀 claims it, ⏸ holds it, 👍 and 👎 rate what came of it (`word`)."""

    kind: MarkKind
    person: str
    account: Account
    at: datetime
    way: Literal["reaction", "click", "typed"]
    word: MarkWord = ""


class Follow(Struct, frozen=True):
    """A new request that grew out of a plan that had ended: `undo` rolls it back, `again` asks for the same once more,
    `repair` is a model's proposal, of nobody ("" as person). `plan` is the new plan's id."""

    kind: Literal["undo", "again", "repair"]
    plan: str
    person: str
    at: datetime


class Approved(Struct, frozen=True):
    """Every requirement is met. `by` are the names that count."""

    by: tuple[str, ...]
    kind: Literal["approved"] = "approved"


class Pending(Struct, frozen=True):
    """Votes are missing; `needed` says in words which, one sentence a requirement."""

    needed: tuple[str, ...]
    kind: Literal["pending"] = "pending"


class Rejected(Struct, frozen=True):
    """It ended. `why` is a sentence for people."""

    by: tuple[str, ...]
    why: str
    kind: Literal["rejected"] = "rejected"


class Expired(Struct, frozen=True):
    """Nobody decided in time."""

    kind: Literal["expired"] = "expired"


Decision = Approved | Pending | Rejected | Expired
