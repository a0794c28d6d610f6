"""Votes on plans. Written by `bot.cases.vote` in the transaction that decides, read by `bot.loops.publish` and the claim."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlmodel import Field, SQLModel

from bot.model.approvals import Vote
from bot.store.documents import dump, load


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


def cast(connection: Connection, plan_id: str, vote: Vote) -> bool:
    """Record a vote; an earlier standing one of the same person is withdrawn. False when that person's standing vote says the same already."""
    standing_vote = next(
        (each for each in standing(connection, vote.digest) if each.person == vote.person), None
    )
    if standing_vote is not None and standing_vote.verdict == vote.verdict:
        return False
    withdraw(connection, vote.digest, vote.person, at=vote.at)
    connection.execute(
        insert(TABLE).values(
            plan=plan_id,
            digest=vote.digest,
            person=vote.person,
            verdict=vote.verdict,
            way=vote.way,
            document=dump(vote),
        )
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
    wanted = [TABLE.c.digest == digest, TABLE.c.person == person, TABLE.c.withdrawn_at.is_(None)]
    if verdict is not None:
        wanted.append(TABLE.c.verdict == verdict)
    if way is not None:
        wanted.append(TABLE.c.way == way)
    done = connection.execute(update(TABLE).where(*wanted).values(withdrawn_at=at.isoformat()))
    return done.rowcount > 0


def standing(connection: Connection, digest: str) -> list[Vote]:
    """The votes that stand on one digest, in the order they were cast."""
    rows = connection.execute(
        select(TABLE.c.document)
        .where(TABLE.c.digest == digest, TABLE.c.withdrawn_at.is_(None))
        .order_by(TABLE.c.number)
    )
    return [load(Vote, row.document) for row in rows]
