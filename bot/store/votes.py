"""Votes on plans. Written by `bot.cases.vote` in the transaction that decides, read by `bot.loops.publish` and the claim."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, or_, select, update
from sqlmodel import Field, SQLModel

from bot.model.approvals import Vote
from bot.store.documents import dump, load
from bot.store.statements import Statement


class VoteRow(SQLModel, table=True):
    """One vote as it was cast; withdrawn when `withdrawn_at` is set. Rows are never deleted."""

    __tablename__ = "votes"
    number: int | None = Field(default=None, primary_key=True)
    plan: str = Field(index=True)
    digest: str = Field(index=True)
    person: str
    verdict: str
    way: str
    document: bytes
    withdrawn_at: str | None = None


TABLE = VoteRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass

_STANDS = TABLE.c.withdrawn_at.is_(None), TABLE.c.digest == bindparam("of")
_cast = Statement(insert(TABLE), "plan", "digest", "person", "verdict", "way", "document")
_withdraw = Statement(
    update(TABLE)
    .where(
        *_STANDS,
        TABLE.c.person == bindparam("who"),
        or_(bindparam("said") == "", TABLE.c.verdict == bindparam("said")),
        or_(bindparam("how") == "", TABLE.c.way == bindparam("how")),
    )
    .values(withdrawn_at=bindparam("now"))
)
_standing = Statement(select(TABLE.c.document).where(*_STANDS).order_by(TABLE.c.number))


def cast(connection: Connection, plan_id: str, vote: Vote) -> bool:
    """Record a vote; an earlier standing one of the same person is withdrawn. False when that person's standing vote says the same already."""
    standing_vote = next(
        (each for each in standing(connection, vote.digest) if each.person == vote.person), None
    )
    if standing_vote is not None and standing_vote.verdict == vote.verdict:
        return False
    withdraw(connection, vote.digest, vote.person, at=vote.at)
    _cast.run(
        connection,
        plan=plan_id,
        digest=vote.digest,
        person=vote.person,
        verdict=vote.verdict,
        way=vote.way,
        document=dump(vote),
    )
    return True


def withdraw(
    connection: Connection,
    digest: str,
    person: str,
    *,
    verdict: str | None = None,
    way: str | None = None,
    at: datetime,
) -> bool:
    """Take back that person's standing vote (only one of that verdict and way, where given). False when there is none."""
    only = {"said": verdict or "", "how": way or ""}
    return _withdraw.run(connection, of=digest, who=person, now=at.isoformat(), **only) > 0


def standing(connection: Connection, digest: str) -> list[Vote]:
    """The votes that stand on one digest, in the order they were cast."""
    return [load(Vote, document) for (document,) in _standing.each(connection, of=digest)]
