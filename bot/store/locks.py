"""Who has a target. Written by `bot.execution` in the transaction that claims or ends a run; read by the commands.

A row outlives the process: a run that is held or in doubt keeps its targets until it is answered, or until `unlock`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlmodel import Field, SQLModel


class LockRow(SQLModel, table=True):
    """One target that a run has. `question` is the id of what must be answered first, if anything."""

    __tablename__ = "locks"
    target: str = Field(primary_key=True)
    run: str = Field(index=True)
    plan: str
    why: str = ""
    question: str = ""
    at: str


TABLE = LockRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass


@dataclass(frozen=True, slots=True)
class Lock:
    """One target and who has it."""

    target: str
    run: str
    plan: str
    why: str
    question: str
    at: datetime


def take(
    connection: Connection, targets: Iterable[str], run: str, plan: str, why: str, at: datetime
) -> Lock | None:
    """Take all targets, in sorted order, or none of them: then the answer is the lock that is in the way."""
    wanted = sorted(set(targets))
    held = {lock.target: lock for lock in _found(connection, wanted)}
    others = [lock for lock in held.values() if lock.run != run]
    if others:
        return min(others, key=lambda lock: lock.target)
    missing = [target for target in wanted if target not in held]
    for target in missing:
        row = {"target": target, "run": run, "plan": plan, "why": why, "question": ""}
        connection.execute(insert(TABLE).values(**row, at=at.isoformat()))
    return None


def keep(connection: Connection, run: str, question: str) -> None:
    """Say on the run's locks what must be answered before they are free ("" for nothing)."""
    connection.execute(update(TABLE).where(TABLE.c.run == run).values(question=question))


def release(connection: Connection, run: str) -> None:
    """Free everything that the run has."""
    connection.execute(delete(TABLE).where(TABLE.c.run == run))


def unlock(connection: Connection, target: str) -> Lock | None:
    """Free one target by a person's decision; the caller audits the reason. Returns what was freed, None when nothing was."""
    found = _found(connection, [target])
    connection.execute(delete(TABLE).where(TABLE.c.target == target))
    return found[0] if found else None


def held(connection: Connection) -> list[Lock]:
    """Every lock, by target."""
    return [_lock(row) for row in connection.execute(select(TABLE).order_by(TABLE.c.target))]


def _found(connection: Connection, targets: list[str]) -> list[Lock]:
    rows = connection.execute(select(TABLE).where(TABLE.c.target.in_(targets)))
    return [_lock(row) for row in rows]


def _lock(row: Row[tuple[object, ...]]) -> Lock:
    return Lock(
        row.target, row.run, row.plan, row.why, row.question, datetime.fromisoformat(row.at)
    )
