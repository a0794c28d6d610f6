"""Posts that never came out. Read by `parley check`; `bot.store.outbox` writes."""

from sqlalchemy import Connection, select

from bot.store.outbox_rows import OUTBOX
from bot.store.statements import Statement

_failed = Statement(
    select(OUTBOX.c.words).where(OUTBOX.c.state == "undeliverable").order_by(OUTBOX.c.number)
)


def failed(connection: Connection) -> list[str]:
    """Why posts could not be delivered, oldest first."""
    return [row[0] for row in _failed.all(connection)]
