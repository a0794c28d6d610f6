"""What done actions have put out under the names that their sections declare. Written by `runs` in the transaction that closes an
attempt, read with it: what later steps use, also after a restart, is what stands here."""

from sqlalchemy import Connection, bindparam, insert, select
from sqlmodel import Field, SQLModel

from bot.model.runs import Attempt, Returned
from bot.store.statements import Statement


class OutputRow(SQLModel, table=True):
    """One value of its type, or in `fault` why there is none."""

    __tablename__ = "outputs"
    number: int | None = Field(default=None, primary_key=True)
    run: str = Field(index=True)
    attempt: str
    name: str
    type: str
    value: str
    fault: str


TABLE = OutputRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass
_COLUMNS = ("attempt", "name", "type", "value", "fault")
_add = Statement(insert(TABLE), "run", *_COLUMNS)
_of_run = Statement(
    select(*(TABLE.c[name] for name in _COLUMNS))
    .where(TABLE.c.run == bindparam("name"))
    .order_by(TABLE.c.number)
)


def add(connection: Connection, attempt: Attempt) -> None:
    """What this attempt holds."""
    for each in attempt.returned:
        _add.run(
            connection,
            run=attempt.run,
            attempt=attempt.id,
            name=each.name,
            type=each.type,
            value=each.value,
            fault=each.fault,
        )


def of_run(connection: Connection, run: str) -> dict[str, tuple[Returned, ...]]:
    """By attempt, each in the order in which it was put there."""
    found: dict[str, tuple[Returned, ...]] = {}
    for attempt, *rest in _of_run.all(connection, name=run):
        found[attempt] = (*found.get(attempt, ()), Returned(*rest))
    return found
