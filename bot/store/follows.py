"""Which new plan grew out of one that had ended: a roll back, or the same once more. Written by the undo and again cases together
with the new plan, read by them and by the old plan's card."""

from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlmodel import Field, SQLModel

from bot.model.approvals import Follow


class FollowRow(SQLModel, table=True):
    """One new request. `next` is the new plan's id."""

    __tablename__ = "follows"
    number: int | None = Field(default=None, primary_key=True)
    plan: str = Field(index=True)
    revision: int
    kind: str
    next: str = Field(unique=True)
    person: str
    at: str


_LONGEST = 100
TABLE = FollowRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass


def add(connection: Connection, plan: str, revision: int, follow: Follow) -> None:
    """The new plan is another one than any that followed before."""
    connection.execute(
        insert(TABLE).values(
            plan=plan,
            revision=revision,
            kind=follow.kind,
            next=follow.plan,
            person=follow.person,
            at=follow.at.isoformat(),
        )
    )


def line(connection: Connection, plan: str, kind: str) -> list[str]:
    """The plans that led to this one by follows of that kind, the first one first; this one is the last."""
    columns, found = TABLE.c, [plan]
    while len(found) < _LONGEST:
        before = connection.execute(
            select(columns.plan).where(columns.next == found[0], columns.kind == kind)
        ).scalar()
        if before is None or before in found:
            break
        found.insert(0, before)
    return found


def ancestors(connection: Connection, plan: str, kind: str) -> int:
    """How many plans led to this one by follows of that kind."""
    return len(line(connection, plan, kind)) - 1


def newest(connection: Connection, plan: str, revision: int) -> Follow | None:
    """What grew out of this revision last; None for nothing yet."""
    columns = TABLE.c
    row = connection.execute(
        select(columns.kind, columns.next, columns.person, columns.at)
        .where(columns.plan == plan, columns.revision == revision)
        .order_by(columns.number.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Follow(row.kind, row.next, row.person, datetime.fromisoformat(row.at))
