"""What is to be said, until it is said. `bot.cases` and the publishers post, the sender of each chat takes.

Nothing of a conversation overtakes what was put in before it. `trying` is committed before a send, so that after
a crash everybody knows which sends may have come out.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, false, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.sqlite import insert

from bot.model.people import Account, Conversation
from bot.model.reports import Outgoing, Report
from bot.store import documents, fresh
from bot.store.delivery import (
    claim,
    coming,
    opening,
    recover,
    retry,
    sent,
    sent_all,
    take,
    trying,
    trying_all,
    undeliverable,
    undelivered,
)
from bot.store.outbox_rows import EDITS, OUT, OUTBOX, TRANSITIONS, UNTRIED, State
from bot.store.statements import Statement

__all__ = [
    "TRANSITIONS",
    "Post",
    "Posted",
    "State",
    "by_reference",
    "claim",
    "coming",
    "edit",
    "known",
    "opening",
    "post",
    "post_all",
    "put",
    "react",
    "recover",
    "reference",
    "retry",
    "sent",
    "sent_all",
    "sent_at",
    "take",
    "trying",
    "trying_all",
    "undeliverable",
    "undelivered",
]


class Posted(Struct, frozen=True):
    """A post that came out: the platform's reference, where, and what it is about."""

    key: str
    reference: str
    conversation: Conversation
    subject: str
    only_to: Account | None = None


class Post(Struct, frozen=True):
    """One new message to be posted, for `post_all`."""

    key: str
    conversation: Conversation
    report: Report
    only_to: Account | None = None
    subject: str = ""


_COLUMNS = (
    *("key", "of", "kind", "instance", "room", "thread", "report"),
    *("message", "emoji", "only_to", "subject", "created_at"),
)
# In the words of SQL: what is the same for all of them is not handed over with each.
_EMPTY = dict.fromkeys(("not_before", "words", "tried_at", "sent_at"), sql("''"))
_NEW = _EMPTY | {"state": sql("'waiting'"), "tries": sql("0"), "uncertain": false()}
_insert = insert(OUTBOX).values(**_NEW)
_put = Statement(_insert.on_conflict_do_nothing(index_elements=["key"]), *_COLUMNS)
_by_key = Statement(
    select(
        *(OUTBOX.c.state, OUTBOX.c.tries, OUTBOX.c.instance, OUTBOX.c.room),
        *(OUTBOX.c.thread, OUTBOX.c.only_to, OUTBOX.c.subject),
        *(OUTBOX.c.sent_at, OUTBOX.c.reference),
    ).where(OUTBOX.c.key == bindparam("name"))
)
_redo_post = Statement(
    update(OUTBOX).where(OUTBOX.c.key == bindparam("name"), UNTRIED).values(report=bindparam("new"))
)
_redo_edit = Statement(
    update(OUTBOX)
    .where(OUTBOX.c.of == bindparam("name"), EDITS, UNTRIED)
    .values(report=bindparam("new"))
)
_replace = Statement(
    update(OUTBOX)
    .where(OUTBOX.c.of == bindparam("name"), EDITS, OUTBOX.c.state == "waiting")
    .values(state="replaced")
)


def post(
    connection: Connection,
    key: str,
    conversation: Conversation,
    report: Report,
    *,
    only_to: Account | None = None,
    subject: str = "",
    at: datetime,
) -> None:
    """Say something new. A key that was posted before changes nothing. `subject` is what `by_reference` gives back."""
    post_all(connection, (Post(key, conversation, report, only_to, subject),), at)


def post_all(connection: Connection, posts: Iterable[Post], at: datetime) -> None:
    """`post` for many, in this order."""
    for each in posts:
        _post(connection, each, at)


def _post(connection: Connection, new: Post, at: datetime) -> bool:
    """False where the key was posted before."""
    row = _row("post", new.conversation, at, report=new.report, only_to=new.only_to)
    number = _put.insert(connection, **row | {"key": new.key, "subject": new.subject})
    if number is None:
        return False
    outgoing = Outgoing(new.key, number, new.conversation, "post", new.report, only_to=new.only_to)
    fresh.note(connection, outgoing)
    return True


def put(
    connection: Connection, key: str, conversation: Conversation, report: Report, *, at: datetime
) -> None:
    """`post`, or `edit` of the post that has this key. One that could not be delivered, or is gone, is posted once more."""
    if _post(connection, Post(key, conversation, report), at):
        return
    row = _by_key.one(connection, name=key)
    if row is not None and row[0] == "undeliverable":
        put(connection, f"{key}/again", conversation, report, at=at)
    else:
        edit(connection, key, report, at)


def react(
    connection: Connection,
    key: str,
    conversation: Conversation,
    message: str,
    emoji: str,
    *,
    at: datetime,
) -> None:
    """Put `emoji` on the message with platform reference `message`. A key that was used before changes nothing."""
    row = _row("react", conversation, at) | {"key": key, "message": message, "emoji": emoji}
    _put.many(connection, [row])


def edit(connection: Connection, of: str, report: Report, at: datetime) -> bool:
    """Change what the post `of` says. Only the newest of several waiting edits goes out; a post that nobody tried to
    deliver is changed itself. Nothing happens to a post that could not be delivered, or is gone. True when it took the
    place of words that had not gone out. Raises KeyError."""
    found = _by_key.one(connection, name=of)
    if found is None:
        raise KeyError(of)
    state, tries, instance, room, thread, only_to, subject, _, _ = found
    new = documents.pack(report)
    if state == "undeliverable":
        return False
    if state == "waiting" and tries == 0:
        fresh.forget(connection)
        return bool(_redo_post.run(connection, name=of, new=new))
    if _redo_edit.run(connection, name=of, new=new):
        return True
    # A tried edit keeps its content for ever: a platform that knows its key would swallow another one.
    replaced = _replace.run(connection, name=of)
    row = _row("edit", Conversation(instance, room, thread), at)
    _put.many(connection, [row | {"of": of, "report": new, "only_to": only_to, "subject": subject}])
    return bool(replaced)


def _row(
    kind: str,
    conversation: Conversation,
    at: datetime,
    *,
    report: Report | None = None,
    only_to: Account | None = None,
) -> dict[str, Any]:
    return {
        "key": None,
        "of": None,
        "message": None,
        "emoji": None,
        "kind": kind,
        "instance": conversation.instance,
        "room": conversation.room,
        "thread": conversation.thread,
        "report": None if report is None else documents.pack(report),
        "only_to": None if only_to is None else documents.pack(only_to),
        "subject": "",
        "created_at": at.isoformat(),
    }


def by_reference(connection: Connection, instance: str, reference: str) -> Posted | None:
    """The post that `reference` is of, if the bot made it."""
    row = _by_reference.one(connection, chat=instance, ref=reference)
    return None if row is None else _posted(row)


def reference(connection: Connection, key: str) -> str | None:
    """The platform's reference of a post; None until it came out."""
    row = _by_key.one(connection, name=key)
    return row[-1] if row else None


def known(connection: Connection, key: str) -> bool:
    """Whether this key was posted, whatever became of it: it can be edited, and not posted again."""
    return _by_key.one(connection, name=key) is not None


def sent_at(connection: Connection, key: str) -> datetime | None:
    """When a post came out; None until it did."""
    row = _by_key.one(connection, name=key)
    return datetime.fromisoformat(row[-2]) if row and row[-2] else None


def _posted(row: Sequence[Any]) -> Posted:
    key, found, instance, room, thread, subject, only_to = row
    return Posted(key, found, Conversation(instance, room, thread), subject, _account(only_to))


def _account(data: bytes | None) -> Account | None:
    return None if data is None else documents.load(Account, data)


_post_columns = select(
    *(OUTBOX.c.key, OUTBOX.c.reference, OUTBOX.c.instance, OUTBOX.c.room),
    *(OUTBOX.c.thread, OUTBOX.c.subject, OUTBOX.c.only_to),
).where(OUT)
_by_reference = Statement(
    _post_columns.where(
        OUTBOX.c.instance == bindparam("chat"), OUTBOX.c.reference == bindparam("ref")
    )
)
