"""What models have cost: a row for each idea, whatever came of it. Written by `bot.cases`, read for budgets, cards and `status`."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Index, bindparam, func, insert, select, update
from sqlmodel import Field, SQLModel

from bot.model.people import Conversation
from bot.model.ports import Thought
from bot.store.statements import Statement

MICRO = 1_000_000


class SpendingRow(SQLModel, table=True):
    """One idea. `micros` are millionths of a dollar, None where the price is not known."""

    __tablename__ = "spending"
    __table_args__ = (Index("spending_day", "at", "person"),)
    number: int | None = Field(default=None, primary_key=True)
    at: str
    person: str
    instance: str
    room: str
    plan: str = Field(default="", index=True)
    provider: str
    model: str
    questions: int
    tokens: int
    micros: int | None = None
    milliseconds: int
    note: str = ""


TABLE = SpendingRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass


_SUM = select(
    func.coalesce(func.sum(TABLE.c.questions), 0),
    func.coalesce(func.sum(TABLE.c.tokens), 0),
    func.coalesce(func.sum(TABLE.c.micros), 0),
    func.count() - func.count(TABLE.c.micros),
    func.coalesce(func.sum(TABLE.c.milliseconds), 0),
    func.group_concat(TABLE.c.model.distinct()),
    func.coalesce(func.max(TABLE.c.note), ""),
)
_of_plan = Statement(_SUM.where(TABLE.c.plan == bindparam("about")))


class Sum(Struct, frozen=True):
    """Of some rows. `unpriced` is how many of them have no known price; `models` are their names, `note` is why another
    was asked than the first choice."""

    questions: int = 0
    tokens: int = 0
    dollars: float = 0.0
    unpriced: int = 0
    seconds: float = 0.0
    models: tuple[str, ...] = ()
    note: str = ""


def record(
    connection: Connection,
    thought: Thought,
    *,
    person: str,
    where: Conversation,
    at: datetime,
) -> int | None:
    """Note what an idea cost, or why no model was asked: the row's number, None where there is nothing to note."""
    if not (thought.questions or thought.note):
        return None
    usage = thought.usage
    added: int = connection.execute(
        insert(TABLE).values(
            at=at.isoformat(),
            person=person,
            instance=where.instance,
            room=where.room,
            provider=thought.provider,
            model=thought.model or thought.provider,
            note=thought.note,
            questions=thought.questions,
            tokens=usage.fresh + usage.kept + usage.written,
            micros=None if usage.dollars is None else round(usage.dollars * MICRO),
            milliseconds=round(thought.seconds * 1000),
        )
    ).lastrowid
    return added


def came_to(connection: Connection, number: int, plan: str) -> None:
    """The idea of that row became a plan, or was about one."""
    connection.execute(update(TABLE).where(TABLE.c.number == number).values(plan=plan))


def of_plan(connection: Connection, plan: str) -> Sum:
    """All revisions of it."""
    row = _of_plan.one(connection, about=plan)
    return _read(row)


def of_person(connection: Connection, person: str, since: datetime) -> Sum:
    return _sum(connection, TABLE.c.person == person, TABLE.c.at >= since.isoformat())


def of_room(connection: Connection, where: Conversation, since: datetime) -> Sum:
    return _sum(
        connection,
        TABLE.c.instance == where.instance,
        TABLE.c.room == where.room,
        TABLE.c.at >= since.isoformat(),
    )


def of_all(connection: Connection, since: datetime) -> Sum:
    return _sum(connection, TABLE.c.at >= since.isoformat())


def by_person(connection: Connection, since: datetime) -> list[tuple[str, Sum]]:
    """Who spent how much, most first."""
    rows = connection.execute(
        _SUM.add_columns(TABLE.c.person)
        .where(TABLE.c.at >= since.isoformat())
        .group_by(TABLE.c.person)
        .order_by(func.sum(TABLE.c.micros).desc())
    )
    return [(str(person), _read(sums)) for *sums, person in rows]


def _sum(connection: Connection, *where: ColumnElement[bool]) -> Sum:
    return _read(connection.execute(_SUM.where(*where)).one())


def _read(row: Any) -> Sum:
    if row is None:
        return Sum()
    questions, tokens, micros, unpriced, milliseconds, names, note = row
    models = tuple(sorted({each for each in str(names or "").split(",") if each}))
    return Sum(questions, tokens, micros / MICRO, unpriced, milliseconds / 1000, models, note)
