"""What became of posts: where a card stands, what never came out, what waits for a platform that takes nothing.

Read by the cases, the loop of troubles, `parley check` and `/metrics`; `bot.store.outbox` writes what is sent.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, or_, select, update

from bot.model.people import Account, Conversation
from bot.store import documents
from bot.store.outbox_rows import OPEN, OUT, OUTBOX, State
from bot.store.statements import Statement

LATELY = timedelta(days=7)
"""How far back it is told what could not be delivered."""
NEWEST = 10_000
"""Rows that are looked through where somebody waits for the answer."""


class Post(Struct, frozen=True):
    """One message of the bot's, wherever it has got to. `words` say why it did not come out, or is no longer there."""

    key: str
    conversation: Conversation
    state: State
    reference: str | None
    sent_at: datetime | None
    subject: str
    words: str
    only_to: Account | None = None

    @property
    def stands(self) -> bool:
        """Whether it is there, or still on its way."""
        return self.state != "undeliverable"


class Stuck(Struct, frozen=True):
    """A chat that takes nothing: since when its oldest message waits after a failed try, why, and how many wait."""

    instance: str
    since: datetime
    words: str
    count: int


_columns = select(
    *(OUTBOX.c.key, OUTBOX.c.instance, OUTBOX.c.room, OUTBOX.c.thread, OUTBOX.c.state),
    *(OUTBOX.c.reference, OUTBOX.c.sent_at, OUTBOX.c.subject, OUTBOX.c.words, OUTBOX.c.only_to),
)
_under = Statement(
    _columns.where(
        or_(
            OUTBOX.c.key == bindparam("first"),
            OUTBOX.c.key.between(bindparam("low"), bindparam("high")),
        )
    ).order_by(OUTBOX.c.number)
)
_of = Statement(select(OUTBOX.c.of).where(OUTBOX.c.number == bindparam("row")))
_found = Statement(
    _columns.where(
        OUT,
        OUTBOX.c.instance == bindparam("chat"),
        OUTBOX.c.reference == bindparam("ref"),
    )
)
_lose = Statement(
    update(OUTBOX)
    .where(OUTBOX.c.key == bindparam("name"), OUTBOX.c.state == "sent")
    .values(state="undeliverable", words=bindparam("why"))
)
_failed = Statement(
    _columns.where(
        OUTBOX.c.state == "undeliverable",
        OUTBOX.c.number > bindparam("after"),
        OUTBOX.c.tried_at >= bindparam("since"),
    ).order_by(OUTBOX.c.number)
)
_last = Statement(select(func.coalesce(func.max(OUTBOX.c.number), 0)))
_stuck = Statement(
    select(
        *(OUTBOX.c.instance, func.min(OUTBOX.c.created_at), func.max(OUTBOX.c.words)),
        func.count(),
    )
    .where(OPEN, OUTBOX.c.words != "")
    .group_by(OUTBOX.c.instance)
)


def under(connection: Connection, key: str) -> list[Post]:
    """Everything posted under `key` or a key that continues it with `/`, in the order of posting."""
    # "0" follows "/" in every collation of bytes: the keys between are those that begin with `key/`.
    return [_post(row) for row in _under.all(connection, first=key, low=f"{key}/", high=f"{key}0")]


def edited(connection: Connection, number: int) -> str | None:
    """The key of the post that an edit with this number changes; None when the row is no edit."""
    row = _of.one(connection, row=number)
    return row[0] if row else None


def find(connection: Connection, instance: str, reference: str) -> Post | None:
    """The post that came out with this platform reference, also when it is gone by now."""
    row = _found.one(connection, chat=instance, ref=reference)
    return _post(row) if row else None


def lose(connection: Connection, key: str, words: str) -> bool:
    """A post that came out is no longer there, or takes no edit. False when it was not out."""
    return _lose.run(connection, name=key, why=words) > 0


def failed(connection: Connection, since: datetime, *, newest: int | None = None) -> list[Post]:
    """What could not be delivered, or was lost, and last tried since then, oldest first; `newest` bounds the search."""
    after = 0
    if newest is not None:
        last = _last.one(connection)
        after = (last[0] if last else 0) - newest
    return [_post(row) for row in _failed.all(connection, after=after, since=since.isoformat())]


def stuck(connection: Connection) -> list[Stuck]:
    """The chats for which something waits that was tried in vain."""
    return [
        Stuck(instance, datetime.fromisoformat(since), words, count)
        for instance, since, words, count in _stuck.all(connection)
    ]


def _post(row: Sequence[Any]) -> Post:
    key, instance, room, thread, state, reference, sent_at, subject, words, only_to = row
    return Post(
        key=key or "",
        conversation=Conversation(instance, room, thread),
        state=state,
        reference=reference,
        sent_at=datetime.fromisoformat(sent_at) if sent_at else None,
        subject=subject,
        words=words,
        only_to=None if only_to is None else documents.load(Account, only_to),
    )
