"""The first tables, written out as they were when the first databases were made with them.

Nothing here follows the code any more: `0002` and its like say what has changed since.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Column = sa.Column[Any]
Part = Column | sa.Index | sa.UniqueConstraint


def upgrade() -> None:
    tables = sa.MetaData()
    for define in (_talk, _plans, _runs, _audit):
        define(tables)
    tables.create_all(op.get_bind(), checkfirst=False)


def _table(tables: sa.MetaData, name: str, *parts: Part | Sequence[Part], **options: Any) -> None:
    flat: list[Part] = []
    for part in parts:
        flat.extend(part if isinstance(part, Sequence) else (part,))
    sa.Table(name, tables, *flat, **options)


def _words(*names: str, index: bool = False) -> list[Column]:
    return [sa.Column(name, sa.String(), nullable=False, index=index or None) for name in names]


def _maybe(*names: str) -> list[Column]:
    return [sa.Column(name, sa.String()) for name in names]


def _whole(*names: str) -> list[Column]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _bytes(*names: str) -> list[Column]:
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names]


def _bool(name: str) -> Column:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _number(name: str = "number") -> Column:
    return sa.Column(name, sa.Integer(), primary_key=True, nullable=False)


def _name(name: str = "id") -> Column:
    return sa.Column(name, sa.String(), primary_key=True, nullable=False)


def _some(name: str, condition: str, *columns: str) -> sa.Index:
    return sa.Index(name, *columns, sqlite_where=sa.text(condition))


def _talk(tables: sa.MetaData) -> None:
    """What was heard, asked and said."""
    _table(
        tables,
        "inbox",
        _number("id"),
        _words("instance", "tenant", "platform_id", "kind", "lane", "state"),
        _whole("attempts"),
        sa.Column("event", sa.LargeBinary()),
        _words("words", "accepted_at"),
        sa.UniqueConstraint("instance", "tenant", "platform_id", "kind", name="inbox_key"),
        _some("inbox_open", "state IN ('waiting', 'handling')", "id"),
    )
    _table(tables, "cursors", _name("instance"), _words("position", "moved_at"))
    _table(
        tables,
        "questions",
        _name(),
        _words("instance", "room", "thread", "kind"),
        _words("run", "state", index=True),
        _bool("posted"),
        _bytes("document"),
        _words("asked_at"),
        _maybe("settled_at"),
    )
    _outbox(tables)


def _outbox(tables: sa.MetaData) -> None:
    is_open = "state IN ('waiting', 'trying')"
    _table(
        tables,
        "outbox",
        _number(),
        sa.Column("key", sa.String(), unique=True),
        _maybe("of"),
        _words("kind", "instance", "room", "thread", "state"),
        _whole("tries"),
        _bool("uncertain"),
        sa.Column("report", sa.LargeBinary()),
        _maybe("message", "emoji"),
        sa.Column("only_to", sa.LargeBinary()),
        _words("subject"),
        _maybe("reference"),
        _words("not_before", "words", "created_at", "tried_at", "sent_at"),
        _some("outbox_open", is_open, "number"),
        _some("outbox_edits", f'"of" IS NOT NULL AND {is_open}', "of"),
        _some(
            "outbox_reference", "kind = 'post' AND reference IS NOT NULL", "instance", "reference"
        ),
        sqlite_autoincrement=True,
    )


def _plans(tables: sa.MetaData) -> None:
    """What was asked for, and who said what to it."""
    _table(
        tables,
        "plans",
        _name(),
        _number("revision"),
        _words("instance", "room", "thread"),
        _words("state", index=True),
        _words("words"),
        _bytes("document"),
        _words("digest", index=True),
        _words("expires_at"),
        _bytes("request"),
        _words("approval"),
        _bytes("looks", "account"),
        _bool("quiet"),
        _words("decided_by"),
        sa.Column("superseded_by", sa.Integer()),
        _whole("version", "shown"),
        _words("created_at", "changed_at"),
        _some("plans_lagging", "version > shown", "id"),
        _some("plans_waiting", "state = 'pending'", "expires_at"),
        sa.Index("plans_thread", "instance", "room", "thread"),
    )
    _table(
        tables,
        "votes",
        _number(),
        _words("plan", "digest", index=True),
        _words("person", "verdict", "way"),
        _bytes("document"),
        _maybe("withdrawn_at"),
    )
    _table(tables, "switches", _name("name"), _words("person", "reason", "at"))


def _runs(tables: sa.MetaData) -> None:
    """What was done."""
    _table(
        tables,
        "runs",
        _name(),
        _words("plan", index=True),
        _whole("revision"),
        _words("state", index=True),
        _words("owner", "undoes", "behind", "words", "doing"),
        _whole("total", "finished"),
        _words("created_at"),
        _maybe("started_at", "ended_at"),
    )
    _table(
        tables,
        "attempts",
        _number(),
        sa.Column("id", sa.String(), nullable=False, unique=True),
        _words("run", index=True),
        _words("step", "phase"),
        _whole("position"),
        _bytes("action"),
        _words("state", index=True),
        _words("owner", "started_at"),
        _maybe("ended_at"),
        sa.Column("exit", sa.Integer()),
        _words("output"),
        _whole("dropped"),
        _words("words", "fault"),
    )
    _table(
        tables,
        "locks",
        _name("target"),
        _words("run", index=True),
        _words("plan", "why", "question", "at"),
    )


def _audit(tables: sa.MetaData) -> None:
    """Who did it."""
    _table(
        tables,
        "audit",
        _number("id"),
        _words("at", "person", "instance", "tenant", "user"),
        _words("what", "subject", "digest", "data", "text_hash"),
        sqlite_autoincrement=True,
    )
    apart = sa.Column("id", sa.Integer(), primary_key=True, nullable=False, autoincrement=False)
    _table(tables, "audit_texts", apart, _bytes("salt"), _words("words"))
    _table(
        tables,
        "audit_seals",
        _number(),
        _whole("first", "last"),
        _bytes("leaves"),
        _words("previous", "head", "mac", "at"),
    )
