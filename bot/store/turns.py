"""What was said in a thread and matters for what is said next. Written with each effect by `bot.cases`, read before a model is asked.

Kept apart from the inbox: an event is handled once, a turn is read again with every further message of its thread.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Index, bindparam, insert, select
from sqlmodel import Field, SQLModel

from bot.model.llm import Said
from bot.model.people import Conversation
from bot.store.statements import Statement


class TurnRow(SQLModel, table=True):
    """One turn. `role` is `user` or `assistant`; `person` is who said it, "" for the bot."""

    __tablename__ = "turns"
    __table_args__ = (Index("turns_thread", "instance", "room", "thread"),)
    number: int | None = Field(default=None, primary_key=True)
    instance: str
    room: str
    thread: str
    role: str
    person: str
    text: str
    at: str = Field(index=True)


TABLE = TurnRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass
_newest = Statement(
    select(TABLE.c.role, TABLE.c.text, TABLE.c.person)
    .where(
        TABLE.c.instance == bindparam("chat"),
        TABLE.c.room == bindparam("place"),
        TABLE.c.thread == bindparam("root"),
    )
    .order_by(TABLE.c.number.desc())
    .limit(bindparam("most"))
)


def add(
    connection: Connection, where: Conversation, person: str, turns: Sequence[Said], at: datetime
) -> None:
    """Further turns of a thread, in order; those of the role `user` are the person's."""
    rows = [
        {
            **{"instance": where.instance, "room": where.room, "thread": where.thread},
            **{"role": turn.role, "text": turn.text, "at": at.isoformat()},
            "person": person if turn.role == "user" else "",
        }
        for turn in turns
    ]
    if rows:
        connection.execute(insert(TABLE), rows)


def newest(
    connection: Connection, where: Conversation, most: int
) -> tuple[list[Said], tuple[str, ...]]:
    """The last `most` turns of a thread, oldest first, and whose words are among them."""
    rows = _newest.all(
        connection, chat=where.instance, place=where.room, root=where.thread, most=most
    )
    people = dict.fromkeys(person for *_, person in reversed(rows) if person)
    return [Said(role, text) for role, text, _ in reversed(rows)], tuple(people)
