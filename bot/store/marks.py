"""What people put on plans beside votes: claims, holds, ratings. Written by `bot.cases` in the transaction of the event, read by
the cards, and by `bot.execution` before every command: a plan that somebody holds begins nothing."""

from datetime import datetime

from sqlalchemy import Connection, Index, bindparam, insert, select, text, update
from sqlmodel import Field, SQLModel

from bot.model.approvals import Mark, MarkKind
from bot.model.people import Account
from bot.store.statements import Statement

STANDS = text("ended_at IS NULL")


class MarkRow(SQLModel, table=True):
    """One mark on one revision; taken off when `ended_at` is set. Of each kind a person has one that stands. Rows are never
    deleted."""

    __tablename__ = "marks"
    __table_args__ = (
        Index(
            *("marks_standing", "plan", "revision", "kind", "person"),
            unique=True,
            sqlite_where=STANDS,
        ),
    )
    number: int | None = Field(default=None, primary_key=True)
    plan: str
    revision: int
    kind: str
    person: str
    word: str
    way: str
    instance: str
    tenant: str
    user: str
    at: str
    ended_at: str | None = None


TABLE = MarkRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass

_COLUMNS = ("kind", "person", "word", "way", "instance", "tenant", "user", "at")
_of_plan = (
    TABLE.c.plan == bindparam("of"),
    TABLE.c.revision == bindparam("number_of"),
    STANDS,
)
_standing = Statement(
    select(*(TABLE.c[name] for name in _COLUMNS)).where(*_of_plan).order_by(TABLE.c.number)
)
_holders = Statement(
    select(TABLE.c.person).where(*_of_plan, TABLE.c.kind == "hold").order_by(TABLE.c.number)
)


def put(connection: Connection, plan: str, revision: int, mark: Mark) -> bool:
    """Put it on; an earlier one of that kind and person that says something else is taken off. False when it stands already."""
    same = [each for each in standing(connection, plan, revision) if _same(each, mark)]
    if any(each.word == mark.word for each in same):
        return False
    if same:
        take_off(connection, plan, revision, mark.kind, mark.person, at=mark.at)
    connection.execute(
        insert(TABLE).values(
            plan=plan,
            revision=revision,
            kind=mark.kind,
            person=mark.person,
            word=mark.word,
            way=mark.way,
            instance=mark.account.instance,
            tenant=mark.account.tenant,
            user=mark.account.user,
            at=mark.at.isoformat(),
        )
    )
    return True


def _same(one: Mark, other: Mark) -> bool:
    return (one.kind, one.person) == (other.kind, other.person)


def take_off(
    connection: Connection,
    plan: str,
    revision: int,
    kind: MarkKind,
    person: str | None = None,
    *,
    word: str | None = None,
    way: str | None = None,
    at: datetime,
) -> int:
    """Take off that person's mark (None: everybody's), only one of that word and way where given. How many there were."""
    wanted = [TABLE.c.plan == plan, TABLE.c.revision == revision, TABLE.c.kind == kind, STANDS]
    given = {"person": person, "word": word, "way": way}
    wanted += [TABLE.c[name] == value for name, value in given.items() if value is not None]
    done = connection.execute(update(TABLE).where(*wanted).values(ended_at=at.isoformat()))
    return int(done.rowcount)


def standing(connection: Connection, plan: str, revision: int) -> tuple[Mark, ...]:
    """The marks that stand on one revision, in the order they were put there."""
    rows = _standing.all(connection, of=plan, number_of=revision)
    return tuple(_mark(*row) for row in rows)


def _mark(
    kind: MarkKind, person: str, word: str, way: str, instance: str, tenant: str, user: str, at: str
) -> Mark:
    account = Account(instance, user, tenant)
    return Mark(kind, person, account, datetime.fromisoformat(at), way, word)  # type: ignore[arg-type]  # as it was put there


def holders(connection: Connection, plan: str, revision: int) -> tuple[str, ...]:
    """Who holds it, in the order of holding: a cheap look before a command."""
    return tuple(row[0] for row in _holders.all(connection, of=plan, number_of=revision))
