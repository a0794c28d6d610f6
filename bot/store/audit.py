"""Who did what, when, to which digest: rows that are only ever added, in the transaction of what they tell.

Every room that changes something calls `record`; `bot.store.seal` chains the rows, `parley audit` shows them. Words
that somebody wrote lie apart under a salted hash, so that they can be deleted and the chain still holds.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlmodel import Field, SQLModel

from bot.model.people import Account
from bot.store import documents
from bot.store.statements import Statement

SALT = 16

# ASCII: half a surrogate pair from outside stays an escape instead of breaking the row.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class AuditRow(SQLModel, table=True):
    """One thing done. `data` is JSON; `text_hash` is of salt and words, "" when nobody's words belong to it; the words are in `audit_texts`."""

    __tablename__ = "audit"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    at: str
    person: str
    instance: str
    tenant: str
    user: str
    what: str
    subject: str
    digest: str
    data: str
    text_hash: str


class AuditText(SQLModel, table=True):
    """Words apart, under their row's id: the row has SHA-256 over salt and words, and both go when the words go."""

    __tablename__ = "audit_texts"
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    salt: bytes
    words: str


AUDIT = AuditRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass
TEXTS = AuditText.__table__  # type: ignore[attr-defined]  # as above

COLUMNS = (
    *("id", "at", "person", "instance", "tenant", "user"),
    *("what", "subject", "digest", "data", "text_hash"),
)
_add = Statement(insert(AUDIT), *COLUMNS[1:])
_add_words = Statement(insert(TEXTS), "id", "salt", "words")
_rows = Statement(
    select(*(AUDIT.c[name] for name in COLUMNS), TEXTS.c.words)
    .select_from(AUDIT.outerjoin(TEXTS, TEXTS.c.id == AUDIT.c.id))
    .where(AUDIT.c.at >= bindparam("since"))
    .order_by(AUDIT.c.id)
)
_newest = Statement(
    select(AUDIT.c.at, AUDIT.c.person, AUDIT.c.what, AUDIT.c.subject)
    .order_by(AUDIT.c.id.desc())
    .limit(bindparam("most"))
)
_forget = Statement(
    delete(TEXTS).where(TEXTS.c.id.in_(select(AUDIT.c.id).where(AUDIT.c.at < bindparam("before"))))
)


def record(
    connection: Connection,
    what: str,
    *,
    at: datetime,
    person: str = "",
    account: Account | None = None,
    subject: str = "",
    digest: str = "",
    data: Mapping[str, Any] | None = None,
    text: str = "",
) -> None:
    """Add a row: `what` was done by `person` on `account` to `subject` (an id) in the version `digest`.

    `text` is what somebody wrote; everything must be free of secrets already. `data` is JSON. Raises ValueError."""
    salt = os.urandom(SALT) if text else b""
    words = documents.whole(text).encode()
    row = _add.insert(
        connection,
        at=at.isoformat(),
        person=person,
        instance=account.instance if account else "",
        tenant=account.tenant if account else "",
        user=account.user if account else "",
        what=what,
        subject=subject,
        digest=digest,
        data=_json(data),
        text_hash=hashlib.sha256(salt + words).hexdigest() if text else "",
    )
    if text:
        _add_words.run(connection, id=row, salt=salt, words=words.decode())


def _json(data: Mapping[str, Any] | None) -> str:
    return _encode(dict(data)) if data else "{}"


class Entry(Struct, frozen=True):
    """What a row says in a list: who did what, when, and to what (an id). `person` is "" for the bot and for strangers."""

    at: datetime
    person: str
    what: str
    subject: str


def newest(connection: Connection, most: int) -> list[Entry]:
    """The last rows, newest first."""
    return [
        Entry(datetime.fromisoformat(at), *rest)
        for at, *rest in _newest.each(connection, most=most)
    ]


def forget_words(connection: Connection, before: datetime) -> int:
    """Delete what people wrote before then; the rows and their seals stay. How many texts."""
    return _forget.run(connection, before=before.isoformat())


def export(connection: Connection, since: datetime | None = None) -> Iterator[str]:
    """The rows at or after `since` as JSON lines, oldest first. `text` is null where it was deleted or never was."""
    for row in _rows.each(connection, since=since.isoformat() if since else ""):
        line = dict(zip(COLUMNS, row, strict=False))
        line["data"] = json.loads(line["data"])
        yield json.dumps({**line, "text": row[-1]}, ensure_ascii=False)
