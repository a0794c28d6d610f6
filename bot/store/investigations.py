"""Investigations under way: a row each, so that one that a dead process left is said to have ended. Written by
`bot.cases.investigate`, read by `bot.loops.inquire`."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlmodel import Field, SQLModel

from bot.model.errors import TransitionError
from bot.model.investigations import Investigation
from bot.store.documents import dump, load
from bot.store.statements import Statement

TRANSITIONS: dict[str, frozenset[str]] = {
    "running": frozenset({"answered", "failed", "interrupted"}),
    "answered": frozenset(),
    "failed": frozenset(),
    "interrupted": frozenset(),
}


class InvestigationRow(SQLModel, table=True):
    """One question that is being looked into."""

    __tablename__ = "investigations"
    id: str = Field(primary_key=True)
    state: str = Field(default="running", index=True)
    document: bytes
    begun_at: str
    ended_at: str | None = None


TABLE = InvestigationRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass
_running = Statement(
    select(TABLE.c.document).where(TABLE.c.state == "running").order_by(TABLE.c.id)
)

_state = Statement(select(TABLE.c.state).where(TABLE.c.id == bindparam("of")))


def begin(connection: Connection, investigation: Investigation, at: datetime) -> None:
    connection.execute(
        insert(TABLE).values(
            id=investigation.id,
            state="running",
            document=dump(investigation),
            begun_at=at.isoformat(),
        )
    )


def running(connection: Connection) -> list[Investigation]:
    """Those that nobody has ended, oldest first."""
    return [load(Investigation, document) for (document,) in _running.all(connection)]


def is_running(connection: Connection, id: str) -> bool:
    """Whether nobody has ended it."""
    return _state.one(connection, of=id) == ("running",)


def end(connection: Connection, id: str, to: str, at: datetime) -> bool:
    """False when it had ended already. Raises TransitionError for a state that is no end."""
    if to not in TRANSITIONS["running"]:
        raise TransitionError(f"An investigation cannot become {to}.")
    done = connection.execute(
        update(TABLE)
        .where(TABLE.c.id == id, TABLE.c.state == "running")
        .values(state=to, ended_at=at.isoformat())
    )
    return done.rowcount > 0
