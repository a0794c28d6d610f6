"""Plans and their cards' truth. Written by `bot.cases` and `bot.execution`, read by `bot.loops.publish` and the commands.

A revision's bytes never change. Its state does, and every change bumps `version`; whoever publishes cards looks
for rows whose `version` is ahead of `shown`, so no change is ever missed and many at once become one edit.
"""

from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, exists, func, insert, or_, select, update

from bot.model import approvals, plans
from bot.model.approvals import ApprovalRequest
from bot.model.errors import TransitionError
from bot.model.people import Account, Conversation
from bot.model.plans import Look, Plan
from bot.store.documents import dump
from bot.store.plan_rows import BORN, LAGS, TABLE, Stored, stored_of
from bot.store.run_rows import TABLE as RUNS
from bot.store.statements import Statement

_newest = select(func.max(TABLE.c.revision)).where(TABLE.c.id == bindparam("plan"))
_touch = Statement(
    update(TABLE)
    .where(TABLE.c.id == bindparam("plan"), TABLE.c.revision == _newest.scalar_subquery())
    .values(version=TABLE.c.version + 1)
)
_lags = Statement(select(TABLE.c.id).where(LAGS).limit(1))


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
    connection.execute(
        insert(TABLE).values(
            id=request.plan,
            revision=request.revision,
            instance=conversation.instance,
            room=conversation.room,
            thread=conversation.thread,
            state="pending",
            document=document,
            digest=request.digest,
            expires_at=request.expires_at.isoformat(),
            request=dump(request),
            approval="pending",
            looks=dump(looks),
            account=dump(account),
            quiet=quiet,
            version=1,
            shown=0,
            words="",
            decided_by="",
            created_at=at.isoformat(),
            changed_at=at.isoformat(),
        )
    )


def load(connection: Connection, plan_id: str, revision: int) -> Plan:
    """The plan of one revision. Raises KeyError."""
    return fetch(connection, plan_id, revision).plan


def fetch(connection: Connection, plan_id: str, revision: int | None = None) -> Stored:
    """One revision, or the newest, with everything around it. Raises KeyError."""
    wanted = TABLE.c.id == plan_id
    if revision is not None:
        wanted = and_(wanted, TABLE.c.revision == revision)
    row = connection.execute(
        select(TABLE).where(wanted).order_by(TABLE.c.revision.desc()).limit(1)
    ).first()
    if row is None:
        raise KeyError(plan_id)
    return stored_of(row)


def state(connection: Connection, plan_id: str) -> plans.State:
    """The state of the newest revision. Raises KeyError."""
    return fetch(connection, plan_id).state


def advance(
    connection: Connection, plan_id: str, to: plans.State, words: str = "", *, at: datetime
) -> None:
    """Move the newest revision to a state that its table allows. Raises TransitionError; the same state again only changes `words`."""
    now = connection.execute(
        select(TABLE.c.revision, TABLE.c.state)
        .where(TABLE.c.id == plan_id)
        .order_by(TABLE.c.revision.desc())
        .limit(1)
    ).first()
    if now is None:
        raise KeyError(plan_id)
    if to != now.state and to not in plans.TRANSITIONS[now.state]:
        raise TransitionError(f"Plan {plan_id} is {now.state} and cannot become {to}.")
    _set(connection, plan_id, now.revision, state=to, words=words, changed_at=at.isoformat())


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
    wanted = select(TABLE).where(LAGS)
    rows = connection.execute(wanted.order_by(BORN))
    return [stored_of(row) for row in rows]


def published(connection: Connection, plan_id: str, revision: int, version: int) -> None:
    """The card of that version is in the outbox."""
    connection.execute(
        update(TABLE)
        .where(TABLE.c.id == plan_id, TABLE.c.revision == revision)
        .values(shown=version)
    )


def in_thread(connection: Connection, conversation: Conversation, limit: int = 50) -> list[Stored]:
    """The newest revisions of a thread, newest first."""
    rows = connection.execute(
        select(TABLE)
        .where(
            TABLE.c.instance == conversation.instance,
            TABLE.c.room == conversation.room,
            TABLE.c.thread == conversation.thread,
        )
        .order_by(BORN.desc())
        .limit(limit)
    )
    return [stored_of(row) for row in rows]


def count(connection: Connection, *states: plans.State) -> int:
    """How many revisions are in one of these states."""
    return int(
        connection.execute(select(func.count()).where(TABLE.c.state.in_(states))).scalar_one()
    )


def in_state(
    connection: Connection, *states: plans.State, limit: int | None = None
) -> list[Stored]:
    """Plans in any of these states (all states when none is given), newest first."""
    wanted = select(TABLE).order_by(BORN.desc()).limit(limit)
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
        select(TABLE)
        .join(newest, and_(TABLE.c.id == newest.c.id, TABLE.c.revision == newest.c.revision))
        .where(or_(TABLE.c.id == safe, TABLE.c.id.like(f"%{safe}")))
        .order_by(BORN.desc())
    )
    return [stored_of(row) for row in rows]


_begun = exists().where(RUNS.c.plan == TABLE.c.id, RUNS.c.revision == TABLE.c.revision)
_late = TABLE.c.expires_at <= bindparam("now")
# Two statements: only the first can use the index of what is pending.
_pending_late = select(TABLE).where(TABLE.c.state == "pending", _late)
_held_late = select(TABLE).where(TABLE.c.state == "held", _late, ~_begun)


def overdue(connection: Connection, now: datetime) -> list[Stored]:
    """Plans whose time is over before anything began: pending ones, and those that somebody holds."""
    at = {"now": now.isoformat()}
    rows = [*connection.execute(_pending_late, at), *connection.execute(_held_late, at)]
    return [stored_of(row) for row in rows]


def _set(connection: Connection, plan_id: str, revision: int, **values: object) -> None:
    connection.execute(
        update(TABLE)
        .where(TABLE.c.id == plan_id, TABLE.c.revision == revision)
        .values(version=TABLE.c.version + 1, **values)
    )
