"""What was heard in a voice note, kept in the post that quotes it. Asked by the voice case after a crash, so that nobody is paid
twice, and by the loop that speaks results."""

from sqlalchemy import Connection, bindparam, select

from bot.model.reports import Report
from bot.store import documents
from bot.store.outbox_rows import OUTBOX
from bot.store.statements import Statement

_report = Statement(select(OUTBOX.c.report).where(OUTBOX.c.key == bindparam("name")))


def report(connection: Connection, key: str) -> Report | None:
    """What was posted under this key, whether it came out yet or not."""
    row = _report.one(connection, name=key)
    return documents.load(Report, row[0]) if row and row[0] else None
