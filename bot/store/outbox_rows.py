"""The outbox's table and its states. `bot.store.outbox` fills it, `bot.store.delivery` empties it."""

from typing import Literal

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

State = Literal["waiting", "trying", "sent", "undeliverable", "replaced"]

TRANSITIONS: dict[State, frozenset[State]] = {
    "waiting": frozenset({"trying", "undeliverable", "replaced"}),
    "trying": frozenset({"sent", "waiting", "undeliverable"}),
    "sent": frozenset({"undeliverable"}),
    "undeliverable": frozenset(),
    "replaced": frozenset(),
}
"""`replaced` is an edit whose newer version took its place after it was tried. What was `sent` and is no longer there is
`undeliverable` as well (`bot.store.posts.lose`): no edit of it is tried again."""

OPEN = sql("state IN ('waiting', 'trying')")
EDITS = sql("\"of\" IS NOT NULL AND state IN ('waiting', 'trying')")
OUT = sql("kind = 'post' AND reference IS NOT NULL")
UNTRIED = sql("state = 'waiting' AND tries = 0")


class OutboxRow(SQLModel, table=True):
    """One thing to deliver. `key` names posts and reactions, `of` is the key of the post that an edit changes."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_open", "number", sqlite_where=OPEN),
        Index("outbox_edits", "of", sqlite_where=EDITS),
        Index("outbox_reference", "instance", "reference", sqlite_where=OUT),
        {"sqlite_autoincrement": True},
    )
    number: int | None = Field(default=None, primary_key=True)
    key: str | None = Field(default=None, unique=True)
    of: str | None = None
    kind: str
    instance: str
    room: str
    thread: str
    state: str
    tries: int
    uncertain: bool
    report: bytes | None
    message: str | None
    emoji: str | None
    only_to: bytes | None
    subject: str
    reference: str | None
    not_before: str
    words: str
    created_at: str
    tried_at: str
    sent_at: str


OUTBOX = OutboxRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass
