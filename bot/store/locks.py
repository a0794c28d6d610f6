"""Who has a target. Written by `bot.execution` in the transaction that claims or ends a run; read by the commands.

A row outlives the process: a run that is held or in doubt keeps its targets until it is answered, or until `unlock`.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlmodel import Field, SQLModel

from bot.store.statements import Statement


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


_COLUMNS = ("target", "run", "plan", "why", "question", "at")
_all = select(*(TABLE.c[name] for name in _COLUMNS))
_of_target = Statement(_all.where(TABLE.c.target == bindparam("name")))
_every = Statement(_all.order_by(TABLE.c.target))
_put = Statement(insert(TABLE), *_COLUMNS)
_keep = Statement(
    update(TABLE).where(TABLE.c.run == bindparam("name")).values(question=bindparam("what"))
)
_release = Statement(delete(TABLE).where(TABLE.c.run == bindparam("name")))
_unlock = Statement(delete(TABLE).where(TABLE.c.target == bindparam("name")))


class Lock(Struct, frozen=True):
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
    missing: list[str] = []
    for target in sorted(set(targets)):
        lock = _found(connection, target)
        if lock is None:
            missing.append(target)
        elif lock.run != run:
            return lock
    for target in missing:
        _put.run(
            connection, target=target, run=run, plan=plan, why=why, question="", at=at.isoformat()
        )
    return None


def keep(connection: Connection, run: str, question: str) -> None:
    """Say on the run's locks what must be answered before they are free ("" for nothing)."""
    _keep.run(connection, name=run, what=question)


def release(connection: Connection, run: str) -> None:
    """Free everything that the run has."""
    _release.run(connection, name=run)


def unlock(connection: Connection, target: str) -> Lock | None:
    """Free one target by a person's decision; the caller audits the reason. Returns what was freed, None when nothing was."""
    found = _found(connection, target)
    _unlock.run(connection, name=target)
    return found


def held(connection: Connection) -> list[Lock]:
    """Every lock, by target."""
    return [_lock(*row) for row in _every.all(connection)]


def _found(connection: Connection, target: str) -> Lock | None:
    row = _of_target.one(connection, name=target)
    return _lock(*row) if row else None


def _lock(target: str, run: str, plan: str, why: str, question: str, at: str) -> Lock:
    return Lock(target, run, plan, why, question, datetime.fromisoformat(at))
