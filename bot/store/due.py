"""Who has something to do, in one look. Asked by `bot.loops.follow` at the end of a transaction of effects."""

from sqlalchemy import Connection, exists, select

from bot.store import plan_rows, questions, runs
from bot.store.statements import Statement

_look = Statement(
    select(
        exists(runs.RESUMABLE),
        exists(select(plan_rows.TABLE.c.id).where(plan_rows.LAGS)),
        exists(questions.UNPOSTED),
    )
)


def look(connection: Connection) -> tuple[bool, bool]:
    """Whether a run, and whether a card or a question, waits for its loop."""
    row = _look.one(connection)
    return (bool(row[0]), bool(row[1] or row[2])) if row else (False, False)
