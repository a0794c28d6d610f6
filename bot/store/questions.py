"""Open questions. Asked by `bot.cases` and `bot.execution`, posted by `bot.loops.publish`, settled by an answer in the thread."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, insert, literal_column, select, update
from sqlmodel import Field, SQLModel

from bot.model.errors import TransitionError
from bot.model.people import Conversation
from bot.model.questions import Question
from bot.store.documents import dump, load
from bot.store.statements import Statement

TRANSITIONS: dict[str, frozenset[str]] = {
    "open": frozenset({"answered", "withdrawn"}),
    "answered": frozenset(),
    "withdrawn": frozenset(),
}


class QuestionRow(SQLModel, table=True):
    """One question. `posted` is false until its post is in the outbox."""

    __tablename__ = "questions"
    id: str = Field(primary_key=True)
    instance: str
    room: str
    thread: str
    kind: str
    run: str = Field(default="", index=True)
    state: str = Field(default="open", index=True)
    posted: bool = False
    document: bytes
    asked_at: str
    settled_at: str | None = None


TABLE = QuestionRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass
BORN: ColumnElement[int] = literal_column("questions.rowid")
"""The order of asking. Not the time: the clock may be set back."""


def ask(connection: Connection, question: Question, at: datetime) -> None:
    """A new open question; `bot.loops.publish` posts it."""
    connection.execute(
        insert(TABLE).values(
            id=question.id,
            instance=question.conversation.instance,
            room=question.conversation.room,
            thread=question.conversation.thread,
            kind=question.kind,
            run=question.run,
            state="open",
            posted=False,
            document=dump(question),
            asked_at=at.isoformat(),
        )
    )


def settle(connection: Connection, question_id: str, at: datetime, to: str = "answered") -> bool:
    """Close a question. False when somebody was faster: only the first answer counts."""
    if to not in TRANSITIONS["open"]:
        raise TransitionError(f"A question cannot become {to}.")
    done = connection.execute(
        update(TABLE)
        .where(TABLE.c.id == question_id, TABLE.c.state == "open")
        .values(state=to, settled_at=at.isoformat())
    )
    return done.rowcount > 0


def fetch(connection: Connection, question_id: str) -> Question | None:
    """An open question by id."""
    row = connection.execute(
        select(TABLE.c.document).where(TABLE.c.id == question_id, TABLE.c.state == "open")
    ).first()
    return load(Question, row.document) if row else None


def newest(connection: Connection, conversation: Conversation) -> Question | None:
    """The newest open question of a thread."""
    row = connection.execute(
        select(TABLE.c.document)
        .where(
            TABLE.c.instance == conversation.instance,
            TABLE.c.room == conversation.room,
            TABLE.c.thread == conversation.thread,
            TABLE.c.state == "open",
        )
        .order_by(BORN.desc())
        .limit(1)
    ).first()
    return load(Question, row.document) if row else None


UNPOSTED = select(TABLE.c.id).where(TABLE.c.state == "open", TABLE.c.posted.is_(False))
_waits = Statement(UNPOSTED.limit(1))


def waiting(connection: Connection) -> bool:
    """Whether any open question was never posted: a cheap look."""
    return _waits.one(connection) is not None


def unposted(connection: Connection) -> list[Question]:
    """Open questions that nobody has read yet."""
    rows = connection.execute(
        select(TABLE.c.document)
        .where(TABLE.c.state == "open", TABLE.c.posted.is_(False))
        .order_by(BORN)
    )
    return [load(Question, row.document) for row in rows]


def posted(connection: Connection, question_id: str) -> None:
    """Its post is in the outbox."""
    connection.execute(update(TABLE).where(TABLE.c.id == question_id).values(posted=True))


def open_ones(connection: Connection) -> list[Question]:
    """Every open question."""
    rows = connection.execute(
        select(TABLE.c.document).where(TABLE.c.state == "open").order_by(BORN)
    )
    return [load(Question, row.document) for row in rows]


def withdraw_of_run(connection: Connection, run: str, at: datetime) -> None:
    """Close what is still asked about a run that has ended."""
    connection.execute(
        update(TABLE)
        .where(TABLE.c.run == run, TABLE.c.state == "open")
        .values(state="withdrawn", settled_at=at.isoformat())
    )
