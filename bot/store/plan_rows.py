"""The table of plans, and a row as a value. `bot.store.plans` reads and writes it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Index, Row, literal_column, text
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


@dataclass(frozen=True, slots=True)
class Stored:
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


def stored_of(row: Row[tuple[object, ...]]) -> Stored:
    return Stored(
        plan=documents.load(Plan, row.document),
        digest=row.digest,
        state=row.state,
        words=row.words,
        request=documents.load(ApprovalRequest, row.request),
        approval=row.approval,
        looks=documents.load(dict[str, Look], row.looks),
        account=documents.load(Account, row.account),
        quiet=row.quiet,
        decided_by=row.decided_by,
        superseded_by=row.superseded_by,
        version=row.version,
        shown=row.shown,
        created_at=datetime.fromisoformat(row.created_at),
        changed_at=datetime.fromisoformat(row.changed_at),
    )
