"""Plans and their cards' truth. Written by `bot.cases` and `bot.execution`, read by `bot.loops.publish` and the commands.

A revision's bytes never change. Its state does, and every change bumps `version`; whoever publishes cards looks
for rows whose `version` is ahead of `shown`, so no change is ever missed and many at once become one edit.
"""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from bot.model import approvals, plans
from bot.model.approvals import ApprovalRequest
from bot.model.errors import TransitionError
from bot.model.people import Account, Conversation
from bot.model.plans import Look, Plan
from bot.store import documents
from bot.store.plan_rows import BORN, LAGS, ROWS, TABLE, Stored, stored_of
from bot.store.run_rows import TABLE as RUNS
from bot.store.statements import Statement

_OF_PLAN = TABLE.c.id == bindparam("plan")
_OF_REVISION = and_(_OF_PLAN, TABLE.c.revision == bindparam("number"))
_newest = select(func.max(TABLE.c.revision)).where(_OF_PLAN)
_save = Statement(
    insert(TABLE).values(
        state="pending", approval="pending", version=1, shown=0, words="", decided_by=""
    ),
    *("id", "revision", "instance", "room", "thread", "document", "digest", "request"),
    *("expires_at", "looks", "account", "quiet", "created_at", "changed_at"),
    *("state", "approval", "version", "shown", "words", "decided_by"),
)
_one = Statement(ROWS.where(_OF_REVISION))
_latest = Statement(ROWS.where(_OF_PLAN).order_by(TABLE.c.revision.desc()).limit(1))
_document = Statement(select(TABLE.c.document).where(_OF_REVISION))
_request = Statement(select(TABLE.c.request).where(_OF_REVISION))
_state = Statement(
    select(TABLE.c.revision, TABLE.c.state)
    .where(_OF_PLAN)
    .order_by(TABLE.c.revision.desc())
    .limit(1)
)
_touch = Statement(
    update(TABLE)
    .where(_OF_PLAN, TABLE.c.revision == _newest.scalar_subquery())
    .values(version=TABLE.c.version + 1)
)
_published = Statement(update(TABLE).where(_OF_REVISION).values(shown=bindparam("now")))
_lags = Statement(select(TABLE.c.id).where(LAGS).limit(1))
_unpublished = Statement(ROWS.where(LAGS).order_by(BORN))
_in_thread = Statement(
    ROWS.where(
        TABLE.c.instance == bindparam("chat"),
        TABLE.c.room == bindparam("in_room"),
        TABLE.c.thread == bindparam("in_thread"),
    )
    .order_by(BORN.desc())
    .limit(bindparam("most"))
)


def save(
    connection: Connection,
    document: bytes,
    request: ApprovalRequest,
    conversation: Conversation,
    account: Account,
    looks: dict[str, Look],
    *,
    quiet: bool,
    at: datetime,
) -> None:
    """A new revision, pending. `document` is stored byte for byte: it is what `request.digest` was taken of."""
    _save.run(
        connection,
        id=request.plan,
        revision=request.revision,
        instance=conversation.instance,
        room=conversation.room,
        thread=conversation.thread,
        document=document,
        digest=request.digest,
        expires_at=request.expires_at.isoformat(),
        request=documents.dump(request),
        looks=documents.dump(looks),
        account=documents.dump(account),
        quiet=quiet,
        created_at=at.isoformat(),
        changed_at=at.isoformat(),
    )


def load(connection: Connection, plan_id: str, revision: int) -> Plan:
    """The plan of one revision. Raises KeyError."""
    return fetch(connection, plan_id, revision).plan


def fetch(connection: Connection, plan_id: str, revision: int | None = None) -> Stored:
    """One revision, or the newest, with everything around it. Raises KeyError."""
    if revision is None:
        row = _latest.one(connection, plan=plan_id)
    else:
        row = _one.one(connection, plan=plan_id, number=revision)
    if row is None:
        raise KeyError(plan_id)
    return stored_of(row)


def document(connection: Connection, plan_id: str, revision: int) -> bytes:
    """The stored bytes of a revision. Raises KeyError."""
    row = _document.one(connection, plan=plan_id, number=revision)
    if row is None:
        raise KeyError(plan_id)
    return bytes(row[0])


def request(connection: Connection, plan_id: str, revision: int) -> ApprovalRequest:
    """What a revision was posted for approval as. Raises KeyError."""
    row = _request.one(connection, plan=plan_id, number=revision)
    if row is None:
        raise KeyError(plan_id)
    return documents.load(ApprovalRequest, row[0])


def state(connection: Connection, plan_id: str) -> plans.State:
    """The state of the newest revision. Raises KeyError."""
    return _newest_state(connection, plan_id)[1]


def _newest_state(connection: Connection, plan_id: str) -> tuple[int, plans.State]:
    row = _state.one(connection, plan=plan_id)
    if row is None:
        raise KeyError(plan_id)
    revision, found = row
    return revision, found


def advance(
    connection: Connection, plan_id: str, to: plans.State, words: str = "", *, at: datetime
) -> None:
    """Move the newest revision to a state that its table allows. Raises TransitionError; the same state again only changes `words`."""
    revision, now = _newest_state(connection, plan_id)
    if to != now and to not in plans.TRANSITIONS[now]:
        raise TransitionError(f"Plan {plan_id} is {now} and cannot become {to}.")
    _set(connection, plan_id, revision, state=to, words=words, changed_at=at.isoformat())


def settle_approval(
    connection: Connection, stored: Stored, to: approvals.State, *, by: str = "", at: datetime
) -> None:
    """Move the approval of a revision. Raises TransitionError."""
    if to not in approvals.TRANSITIONS[stored.approval]:
        raise TransitionError(
            f"The approval of plan {stored.plan.id} is {stored.approval} and cannot become {to}."
        )
    _set(
        connection,
        stored.plan.id,
        stored.plan.revision,
        approval=to,
        decided_by=by,
        changed_at=at.isoformat(),
    )


def supersede(connection: Connection, stored: Stored, by: int, *, at: datetime) -> None:
    """Revision `by` takes this one's place; all its votes are void. A stale one only learns who follows it. Called
    before `save` of the next. Raises TransitionError."""
    values: dict[str, object] = {"superseded_by": by}
    if stored.state != "stale":
        if "superseded" not in plans.TRANSITIONS[stored.state]:
            raise TransitionError(
                f"Plan {stored.plan.id} is {stored.state} and cannot be changed any more."
            )
        settle_approval(connection, stored, "superseded", at=at)
        values["state"] = "superseded"
    _set(connection, stored.plan.id, stored.plan.revision, changed_at=at.isoformat(), **values)


def touch(connection: Connection, plan_id: str) -> None:
    """Something that the card shows has changed."""
    _touch.run(connection, plan=plan_id)


def lagging(connection: Connection) -> bool:
    """Whether any card does not tell the truth yet: a cheap look before a transaction."""
    return _lags.one(connection) is not None


def unpublished(connection: Connection) -> list[Stored]:
    """Revisions whose card does not tell the truth yet, oldest first."""
    return [stored_of(row) for row in _unpublished.all(connection)]


def published(connection: Connection, plan_id: str, revision: int, version: int) -> None:
    """The card of that version is in the outbox."""
    _published.run(connection, plan=plan_id, number=revision, now=version)


def in_thread(connection: Connection, conversation: Conversation, limit: int = 50) -> list[Stored]:
    """The newest revisions of a thread, newest first."""
    room, thread = conversation.room, conversation.thread
    where = {"chat": conversation.instance, "in_room": room, "in_thread": thread}
    return [stored_of(row) for row in _in_thread.all(connection, **where, most=limit)]


def count(connection: Connection, *states: plans.State) -> int:
    """How many revisions are in one of these states."""
    return int(
        connection.execute(select(func.count()).where(TABLE.c.state.in_(states))).scalar_one()
    )


def in_state(
    connection: Connection, *states: plans.State, limit: int | None = None
) -> list[Stored]:
    """Plans in any of these states (all states when none is given), newest first."""
    wanted = ROWS.order_by(BORN.desc()).limit(limit)
    if states:
        wanted = wanted.where(TABLE.c.state.in_(states))
    return [stored_of(row) for row in connection.execute(wanted)]


def find(connection: Connection, name: str) -> tuple[Plan, ...]:
    """The newest revisions of the plans whose id, or short id, is `name`."""
    return tuple(stored.plan for stored in find_stored(connection, name))


def find_stored(connection: Connection, name: str) -> list[Stored]:
    """As `find`, with everything around each plan; newest first."""
    safe = name.casefold()
    if not safe or not all(letter in "0123456789abcdef" for letter in safe):
        return []
    newest = (
        select(TABLE.c.id, func.max(TABLE.c.revision).label("revision"))
        .group_by(TABLE.c.id)
        .subquery()
    )
    rows = connection.execute(
        ROWS.join(newest, and_(TABLE.c.id == newest.c.id, TABLE.c.revision == newest.c.revision))
        .where(or_(TABLE.c.id == safe, TABLE.c.id.like(f"%{safe}")))
        .order_by(BORN.desc())
    )
    return [stored_of(row) for row in rows]


_begun = exists().where(RUNS.c.plan == TABLE.c.id, RUNS.c.revision == TABLE.c.revision)
_late = TABLE.c.expires_at <= bindparam("now")
# Two statements: only the first can use the index of what is pending.
_pending_late = Statement(ROWS.where(TABLE.c.state == "pending", _late))
_held_late = Statement(ROWS.where(TABLE.c.state == "held", _late, ~_begun))


def overdue(connection: Connection, now: datetime) -> list[Stored]:
    """Plans whose time is over before anything began: pending ones, and those that somebody holds."""
    at = now.isoformat()
    rows = [*_pending_late.all(connection, now=at), *_held_late.all(connection, now=at)]
    return [stored_of(row) for row in rows]


def _set(connection: Connection, plan_id: str, revision: int, **values: object) -> None:
    new = {f"new_{name}": value for name, value in values.items()}
    _setting(*values).run(connection, plan=plan_id, number=revision, **new)


@cache
def _setting(*names: str) -> Statement:
    """Gives these columns of a revision their `new_` values."""
    new: dict[str, ColumnElement[Any]] = {name: bindparam(f"new_{name}") for name in names}
    return Statement(update(TABLE).where(_OF_REVISION).values(version=TABLE.c.version + 1, **new))
