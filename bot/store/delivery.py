"""The way of an outbox row to its platform: taken, tried, sent. Called, as `bot.store.outbox`, by each chat's sender."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, update

from bot.model.errors import TransitionError
from bot.model.people import Account, Conversation
from bot.model.reports import Outgoing, Report
from bot.store import documents, fresh
from bot.store.outbox_rows import EDITS, OPEN, OUTBOX, State
from bot.store.statements import Statement

_EDITED = OUTBOX.alias("edited")
_OF_CHAT = or_(bindparam("chat") == "", OUTBOX.c.instance == bindparam("chat"))

FEW = 8
"""So many that wait: up to there it is cheaper to ask of the conversation of each whether a send is under way than to read all that are."""

# Apart from `_scan`: a NOT IN over three columns makes SQLite compare each row that waits with each that is under way.
_trying = select(OUTBOX.c.instance, OUTBOX.c.room, OUTBOX.c.thread).where(
    OPEN, OUTBOX.c.state == "trying"
)
_under_way = Statement(_trying.where(_OF_CHAT))
_under_way_in = Statement(
    _trying.where(
        OUTBOX.c.thread == bindparam("in_thread"),
        OUTBOX.c.room == bindparam("in_room"),
        OUTBOX.c.instance == bindparam("chat"),
    ).limit(1)
)
_scan = Statement(
    select(
        *(OUTBOX.c.number, OUTBOX.c.instance, OUTBOX.c.room),
        *(OUTBOX.c.thread, OUTBOX.c.not_before, OUTBOX.c.tried_at),
    )
    .where(OPEN, OUTBOX.c.state == "waiting", _OF_CHAT)
    .order_by(OUTBOX.c.number)
)
_whole = Statement(
    select(
        *(OUTBOX.c.number, OUTBOX.c.key, OUTBOX.c.of, OUTBOX.c.kind, OUTBOX.c.instance),
        *(OUTBOX.c.room, OUTBOX.c.thread, OUTBOX.c.report, OUTBOX.c.message, OUTBOX.c.emoji),
        *(OUTBOX.c.only_to, OUTBOX.c.uncertain, _EDITED.c.reference),
    )
    .select_from(OUTBOX.outerjoin(_EDITED, _EDITED.c.key == OUTBOX.c.of))
    .where(OUTBOX.c.number == bindparam("of"))
)


def _moving(before: State, **values: Any) -> Statement:
    return Statement(
        update(OUTBOX)
        .where(OUTBOX.c.number == bindparam("row"), OUTBOX.c.state == before)
        .values(**values)
    )


_undelivered = Statement(select(func.count()).select_from(OUTBOX).where(OPEN, _OF_CHAT))
_opening = Statement(
    select(OUTBOX.c.number)
    .where(
        OPEN,
        OUTBOX.c.state == "trying",
        OUTBOX.c.kind == "post",
        OUTBOX.c.thread == "",
        OUTBOX.c.instance == bindparam("chat"),
    )
    .limit(1)
)
_coming = Statement(
    select(OUTBOX.c.number)
    .where(
        OPEN,
        OUTBOX.c.kind == "post",
        OUTBOX.c.instance == bindparam("chat"),
        or_(OUTBOX.c.state == "trying", OUTBOX.c.uncertain),
    )
    .limit(1)
)
_try = _moving("waiting", state="trying", tries=OUTBOX.c.tries + 1, tried_at=bindparam("now"))
_sent = _moving("trying", state="sent", reference=bindparam("ref"), sent_at=bindparam("now"))
_retry = _moving(
    "trying",
    state="waiting",
    words=bindparam("why"),
    not_before=bindparam("due"),
    uncertain=or_(OUTBOX.c.uncertain, bindparam("maybe")),
)
_recover = Statement(
    update(OUTBOX).where(OPEN, OUTBOX.c.state == "trying").values(state="waiting", uncertain=True)
)
_give_up = Statement(
    update(OUTBOX)
    .where(OUTBOX.c.number == bindparam("row"), OPEN)
    .values(state="undeliverable", words=bindparam("why"))
    .returning(OUTBOX.c.key)
)
_give_up_edits = Statement(
    update(OUTBOX)
    .where(OUTBOX.c.of == bindparam("name"), EDITS)
    .values(state="undeliverable", words=bindparam("why"))
)
_state = Statement(select(OUTBOX.c.state).where(OUTBOX.c.number == bindparam("row")))


def take(
    connection: Connection, now: datetime, limit: int, *, instance: str = "", each: int = 1
) -> list[Outgoing]:
    """What may be sent now, oldest first, at most `limit` and at most `each` of one conversation, of one chat instance
    or of all (""). Whoever takes several of a conversation sends them one after another and stops at the first that
    does not come out. A conversation with a send under way gives nothing. Between this and `trying` an edit may change
    what a post says: call both in one transaction, as `claim` does."""
    at = now.isoformat()
    taken: list[int] = []
    rows = _scan.each(connection, chat=instance)
    first = list(islice(rows, FEW + 1))
    counts = dict.fromkeys(_busy(connection, instance, [row[1:4] for row in first]), each)
    for number, chat, room, thread, due, tried in chain(first, rows):
        where = (chat, room, thread)
        before = counts.get(where, 0)
        if before >= each:
            continue
        if not _due(due, tried, at):
            counts[where] = each
            continue
        counts[where] = before + 1
        taken.append(number)
        if len(taken) == limit:
            break
    known = fresh.posts(connection)
    return [
        known.pop(number) if number in known else _outgoing(_whole.all(connection, of=number)[0])
        for number in taken
    ]


def _busy(
    connection: Connection, instance: str, waiting: Sequence[tuple[Any, ...]]
) -> Iterable[tuple[Any, ...]]:
    """The conversations with a send under way: of few that wait only those among them."""
    if len(waiting) > FEW:
        return _under_way.all(connection, chat=instance)
    asked = (
        _under_way_in.one(connection, chat=chat, in_room=room, in_thread=thread)
        for chat, room, thread in waiting
    )
    return [where for where in asked if where is not None]


def claim(
    connection: Connection, now: datetime, limit: int, *, instance: str = "", each: int = 1
) -> list[Outgoing]:
    """`take`, and `trying` for all that was taken, in the caller's one transaction."""
    taken = take(connection, now, limit, instance=instance, each=each)
    trying_all(connection, [outgoing.number for outgoing in taken], now)
    return taken


def _due(not_before: str, tried_at: str, now: str) -> bool:
    """Also when the last try lies ahead: then the clock was set back, and nobody shall wait until it comes round again."""
    return not_before <= now or tried_at > now


def _outgoing(row: Sequence[Any]) -> Outgoing:
    number, key, of, kind, instance, room, thread, report, message, emoji, only_to, maybe, ref = row
    return Outgoing(
        key=key or f"{of}/{number}",
        number=number,
        conversation=Conversation(instance, room, thread),
        kind=kind,
        report=None if report is None else documents.load(Report, report),
        message=ref if kind == "edit" else message,
        emoji=emoji,
        only_to=None if only_to is None else documents.load(Account, only_to),
        uncertain=bool(maybe),
    )


def trying(connection: Connection, number: int, at: datetime) -> None:
    """To be committed before the send. Raises TransitionError, KeyError."""
    trying_all(connection, (number,), at)


def trying_all(connection: Connection, numbers: Iterable[int], at: datetime) -> None:
    """`trying` for many, in one statement."""
    now = at.isoformat()
    _move(connection, _try, "trying", [{"row": number, "now": now} for number in numbers])


def sent(connection: Connection, number: int, reference: str, at: datetime) -> None:
    """It came out as `reference`. Raises TransitionError, KeyError."""
    sent_all(connection, ((number, reference),), at)


def sent_all(connection: Connection, sent: Iterable[tuple[int, str]], at: datetime) -> None:
    """`sent` for many pairs of number and reference, in one statement."""
    now = at.isoformat()
    rows = [{"row": number, "ref": reference, "now": now} for number, reference in sent]
    _move(connection, _sent, "sent", rows)


def retry(
    connection: Connection,
    number: int,
    words: str,
    not_before: datetime,
    *,
    uncertain: bool = True,
) -> None:
    """It did not come out, as far as is known, and goes again at `not_before`.

    `uncertain` is false when the platform said that it refused it. Raises TransitionError, KeyError."""
    row = {"row": number, "why": words, "due": not_before.isoformat(), "maybe": uncertain}
    _move(connection, _retry, "waiting", [row])


def undeliverable(connection: Connection, number: int, words: str) -> None:
    """It never comes out, nor does any edit of it; what is behind it goes on. Raises TransitionError, KeyError."""
    row = _give_up.one(connection, row=number, why=words)
    if row is None:
        raise _refused(connection, number, "undeliverable")
    if row[0] is not None:
        _give_up_edits.run(connection, name=row[0], why=words)


def undelivered(connection: Connection, instance: str = "") -> int:
    """How much still waits or is under way, for one chat instance or for all ("")."""
    row = _undelivered.one(connection, chat=instance)
    return int(row[0]) if row else 0


def coming(connection: Connection, instance: str) -> bool:
    """Whether a post may have come out of which the reference is not noted yet."""
    return _coming.one(connection, chat=instance) is not None


def opening(connection: Connection, instance: str) -> bool:
    """Whether a post that opens a thread is being sent: people may answer it before its reference is noted."""
    return _opening.one(connection, chat=instance) is not None


def recover(connection: Connection) -> int:
    """At the start, before anything is taken: what a dead process was sending waits again, uncertain. How many."""
    return _recover.run(connection)


def _move(connection: Connection, statement: Statement, to: State, rows: list[Any]) -> None:
    if rows and statement.many(connection, rows) != len(rows):
        numbers = [row["row"] for row in rows]
        if len(numbers) == 1:
            raise _refused(connection, numbers[0], to)
        raise TransitionError(f"Of the outbox rows {numbers} not all can become {to}.")


def _refused(connection: Connection, number: int, to: State) -> TransitionError:
    row = _state.one(connection, row=number)
    if row is None:
        raise KeyError(number)
    return TransitionError(f"Outbox row {number} is {row[0]} and cannot become {to}.")
