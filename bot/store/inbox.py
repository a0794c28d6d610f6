"""What was heard and is not lost any more. `bot.loops` stores events here and works off what waits.

A row goes in before its platform is told that it arrived; its key stays for ever, so a redelivery finds it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection, Index, UniqueConstraint, bindparam, case, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Field, SQLModel

from bot.model.errors import TransitionError
from bot.model.events import Click, Event, Message, Reaction
from bot.store import documents
from bot.store.lane import lane_of
from bot.store.statements import Statement

State = Literal["waiting", "handling", "done", "failed"]

TRANSITIONS: dict[State, frozenset[State]] = {
    "waiting": frozenset({"handling"}),
    "handling": frozenset({"handling", "waiting", "done", "failed"}),
    "done": frozenset(),
    "failed": frozenset(),
}
"""`handling` follows itself when the process died over it and begins it again; a clean stop gives it back."""

MOST = 3
"""So often an event is begun; one that killed its handler each time ends `failed`."""

_REPLACED = "\ufffd".encode()
_OPEN = sql("state IN ('waiting', 'handling')")
_KINDS: dict[str, type[Message] | type[Reaction] | type[Click]] = {
    "message": Message,
    "reaction": Reaction,
    "click": Click,
}


class InboxRow(SQLModel, table=True):
    """One event. Rows are never deleted: a redelivery finds its key however late it comes."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("instance", "tenant", "platform_id", "kind", name="inbox_key"),
        Index("inbox_open", "id", sqlite_where=_OPEN),
    )
    id: int | None = Field(default=None, primary_key=True)
    instance: str
    tenant: str
    platform_id: str
    kind: str
    lane: str
    state: str
    attempts: int
    event: bytes | None
    words: str
    accepted_at: str


class CursorRow(SQLModel, table=True):
    """Up to where a chat instance has listened, in its adapter's own words."""

    __tablename__ = "cursors"
    instance: str = Field(primary_key=True)
    position: str
    moved_at: str


INBOX = InboxRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass
CURSORS = CursorRow.__table__  # type: ignore[attr-defined]  # as above


class Received(Struct, frozen=True):
    """A stored event. `id` rises in the order of acceptance; events of one `lane` are handled one after another."""

    id: int
    event: Event
    lane: str
    attempts: int
    accepted_at: datetime


_insert = Statement(
    insert(INBOX)
    .values(words=sql("''"))
    .on_conflict_do_nothing(index_elements=["instance", "tenant", "platform_id", "kind"]),
    *("instance", "tenant", "platform_id", "kind", "lane", "event", "accepted_at"),
    *("state", "attempts"),
)
_put_cursor = insert(CURSORS)
_move = Statement(
    _put_cursor.on_conflict_do_update(
        index_elements=["instance"],
        set_={
            "position": _put_cursor.excluded.position,
            "moved_at": _put_cursor.excluded.moved_at,
        },
    ),
    *("instance", "position", "moved_at"),
)
_cursor = Statement(select(CURSORS.c.position).where(CURSORS.c.instance == bindparam("of")))
_waiting = Statement(
    select(
        *(INBOX.c.id, INBOX.c.kind, INBOX.c.event),
        *(INBOX.c.lane, INBOX.c.attempts, INBOX.c.accepted_at),
    )
    .where(_OPEN)
    .order_by(INBOX.c.id)
)
_worn = INBOX.c.attempts >= MOST
_begin = Statement(
    update(INBOX)
    .where(INBOX.c.id == bindparam("of"), _OPEN)
    .values(
        attempts=INBOX.c.attempts + 1,
        state=case((_worn, "failed"), else_="handling"),
        words=case((_worn, f"It ended the process {MOST} times."), else_=""),
    )
    .returning(INBOX.c.attempts)
)
_first = Statement(
    update(INBOX)
    .where(INBOX.c.id == bindparam("of"), _OPEN, INBOX.c.state == "waiting")
    .values(attempts=1, state="handling")
)
_give_back = Statement(
    update(INBOX)
    .where(_OPEN, INBOX.c.state == "handling", INBOX.c.attempts > 0)
    .values(attempts=INBOX.c.attempts - 1, state="waiting")
)
_end = Statement(
    update(INBOX)
    .where(INBOX.c.id == bindparam("of"), INBOX.c.state == "handling")
    .values(state="done")
)
_state = Statement(select(INBOX.c.state).where(INBOX.c.id == bindparam("of")))
_open = Statement(
    select(INBOX.c.id).where(
        _OPEN,
        INBOX.c.instance == bindparam("chat"),
        INBOX.c.tenant == bindparam("team"),
        INBOX.c.platform_id == bindparam("ref"),
        INBOX.c.kind == bindparam("what"),
    )
)


def accept(
    connection: Connection,
    instance: str,
    events: Iterable[Event],
    cursor: str | None,
    at: datetime,
) -> list[Received]:
    """Store what is new of `events`, to be handled later, and the adapter's `cursor`. What was stored before is left out."""
    stored = [put(connection, instance, *storable(event), at) for event in events]
    move(connection, instance, cursor, at)
    return [received for received in stored if received is not None]


def storable(event: Event) -> tuple[Event, bytes, str]:
    """The event, its bytes and its lane. What UTF-8 cannot hold is replaced in them, so that no later write stumbles over it."""
    data = documents.pack(event)
    if _REPLACED in data:
        event = documents.load(type(event), data)
    return event, data, lane_of(event)


def put(
    connection: Connection,
    instance: str,
    event: Event,
    data: bytes,
    lane: str,
    at: datetime,
    state: Literal["waiting", "handling", "done"] = "waiting",
) -> Received | None:
    """Store one event, `storable`; None when it was stored before. `handling`: its first attempt begins with this very
    commit, and `done`: it ends with it."""
    attempts = int(state != "waiting")
    number = _insert.insert(
        connection,
        instance=instance,
        tenant=event.account.tenant,
        platform_id=event.id,
        kind=event.kind,
        lane=lane,
        event=data,
        accepted_at=at.isoformat(),
        state=state,
        attempts=attempts,
    )
    return None if number is None else Received(number, event, lane, attempts, at)


def move(connection: Connection, instance: str, cursor: str | None, at: datetime) -> None:
    """The adapter has listened up to `cursor`; None leaves it where it was."""
    if cursor is not None:
        _move.run(connection, instance=instance, position=cursor, moved_at=at.isoformat())


def cursor(connection: Connection, instance: str) -> str | None:
    """Where `instance` goes on listening; None at its first start."""
    row = _cursor.one(connection, of=instance)
    return row[0] if row else None


def waiting(connection: Connection) -> list[Received]:
    """Everything not done, in the order of acceptance: read once at the start, before listening."""
    return [
        Received(
            number,
            documents.load(_KINDS[kind], event),
            lane,
            attempts,
            datetime.fromisoformat(accepted_at),
        )
        for number, kind, event, lane, attempts, accepted_at in _waiting.all(connection)
    ]


def begin(connection: Connection, id: int) -> int:
    """Count one more attempt, to be committed before the handling, and say the how manieth it is.

    More than `MOST` means that the event is `failed` now: do not handle it, say so. Raises TransitionError, KeyError."""
    row = _begin.one(connection, of=id)
    if row is None:
        raise _refused(connection, id, "handling")
    attempts: int = row[0]
    return attempts


def begin_all(connection: Connection, events: Sequence[Received]) -> dict[int, int]:
    """`begin` for many, by their ids; those that were never begun in one statement. Raises TransitionError, and then none is begun."""
    fresh = [each.id for each in events if not each.attempts]
    if _first.many(connection, [{"of": id} for id in fresh]) != len(fresh):
        raise TransitionError(f"Of {len(fresh)} events not all are waiting.")
    again = {each.id: begin(connection, each.id) for each in events if each.attempts}
    return dict.fromkeys(fresh, 1) | again


def is_open(connection: Connection, event: Event) -> bool:
    """Whether it is stored, and not handled yet."""
    account = event.account
    key = {"chat": account.instance, "team": account.tenant, "ref": event.id, "what": event.kind}
    return _open.one(connection, **key) is not None


def give_back(connection: Connection) -> int:
    """At a clean stop: what was begun and is left for the next start did not end the process. How many."""
    return _give_back.run(connection)


def done(connection: Connection, id: int) -> None:
    """It is handled; call this in the transaction of its effects. Raises TransitionError, KeyError."""
    if not _end.run(connection, of=id):
        raise _refused(connection, id, "done")


def state(connection: Connection, id: int) -> State:
    """Raises KeyError."""
    row = _state.one(connection, of=id)
    if row is None:
        raise KeyError(id)
    return row[0]  # type: ignore[no-any-return]  # a State, by the table's own rules


def _refused(connection: Connection, id: int, to: State) -> TransitionError:
    return TransitionError(f"Event {id} is {state(connection, id)} and cannot become {to}.")
