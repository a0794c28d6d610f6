"""The table of plans, and a row as a value. `bot.store.plans` reads and writes it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Index, literal_column, select, text
from sqlmodel import Field, SQLModel

from bot.model import approvals, plans
from bot.model.approvals import ApprovalRequest
from bot.model.people import Account
from bot.model.plans import Look, Plan
from bot.store import documents

LAGS = text("version > shown")
PENDING = text("state = 'pending'")


class PlanRow(SQLModel, table=True):
    """One revision. `document` is the canonical bytes that `digest` is of. `quiet`: a `read` request, answered without a card."""

    __tablename__ = "plans"
    __table_args__ = (
        Index("plans_lagging", "id", sqlite_where=LAGS),
        Index("plans_waiting", "expires_at", sqlite_where=PENDING),
        Index("plans_thread", "instance", "room", "thread"),
    )
    id: str = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    instance: str
    room: str
    thread: str
    state: str = Field(index=True)
    words: str = ""
    document: bytes
    digest: str = Field(index=True)
    expires_at: str
    request: bytes
    approval: str
    looks: bytes
    account: bytes
    quiet: bool = False
    decided_by: str = ""
    superseded_by: int | None = None
    version: int = 1
    shown: int = 0
    created_at: str
    changed_at: str


TABLE = PlanRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass
BORN: ColumnElement[int] = literal_column("plans.rowid")
"""The order of making. Not the time: the clock may be set back."""


class Stored(Struct, frozen=True):
    """A revision with everything around it."""

    plan: Plan
    digest: str
    state: plans.State
    words: str
    request: ApprovalRequest
    approval: approvals.State
    looks: dict[str, Look]
    account: Account
    quiet: bool
    decided_by: str
    superseded_by: int | None
    version: int
    shown: int
    created_at: datetime
    changed_at: datetime

    @property
    def undecided(self) -> bool:
        """Whether it waits for votes, held or not."""
        return self.approval == "pending" and self.state in {"pending", "held"}


_COLUMNS = (
    *("document", "digest", "state", "words", "request", "approval", "looks", "account", "quiet"),
    *("decided_by", "superseded_by", "version", "shown", "created_at", "changed_at"),
)
ROWS = select(*(TABLE.c[name] for name in _COLUMNS))
"""Rows for `stored_of`, to be narrowed down."""


def stored_of(row: Sequence[Any]) -> Stored:
    """One of `ROWS`. Raises UnreadableError."""
    document, digest, state, words, request, approval, looks, account, quiet, *others = row
    decided_by, superseded_by, version, shown, created_at, changed_at = others
    return Stored(
        plan=documents.load(Plan, document),
        digest=digest,
        state=state,
        words=words,
        request=documents.load(ApprovalRequest, request),
        approval=approval,
        looks=documents.load(dict[str, Look], looks),
        account=documents.load(Account, account),
        quiet=bool(quiet),
        decided_by=decided_by,
        superseded_by=superseded_by,
        version=version,
        shown=shown,
        created_at=datetime.fromisoformat(created_at),
        changed_at=datetime.fromisoformat(changed_at),
    )
