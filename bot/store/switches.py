"""Settings that people change in chat and that outlive a restart: today the global stop. Read again at every claim."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlmodel import Field, SQLModel

from bot.store.statements import Statement


class SwitchRow(SQLModel, table=True):
    """One switch that is on, with who turned it on and why."""

    __tablename__ = "switches"
    name: str = Field(primary_key=True)
    person: str
    reason: str
    at: str


TABLE = SwitchRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass

_why = Statement(select(TABLE.c.person, TABLE.c.reason).where(TABLE.c.name == bindparam("of")))


def turn_on(connection: Connection, name: str, person: str, reason: str, at: datetime) -> None:
    """Turn it on; the newest person and reason stand."""
    turn_off(connection, name)
    connection.execute(
        insert(TABLE).values(name=name, person=person, reason=reason, at=at.isoformat())
    )


def turn_off(connection: Connection, name: str) -> bool:
    """Turn it off. False when it was off."""
    return connection.execute(delete(TABLE).where(TABLE.c.name == name)).rowcount > 0


def why(connection: Connection, name: str) -> str | None:
    """In words who turned it on and why, or None when it is off."""
    row = _why.one(connection, of=name)
    if row is None:
        return None
    person, reason = row
    return f"{person} stopped everything" + (f": {reason}" if reason else "")
