"""How much waits in the inbox and the outbox of each chat. Read by `bot.health`."""

from collections import Counter

from sqlalchemy import Connection, select, text

from bot.store.inbox import INBOX
from bot.store.outbox_rows import OPEN, OUTBOX
from bot.store.statements import Statement

# Word for word the condition of the index `inbox_open`. Counted here: a GROUP BY makes SQLite read every event there ever was.
_heard = Statement(select(INBOX.c.instance).where(text("state IN ('waiting', 'handling')")))
_unsent = Statement(select(OUTBOX.c.instance).where(OPEN))


def inbox(connection: Connection) -> Counter[str]:
    """Events stored and not handled yet, by instance."""
    return Counter(instance for (instance,) in _heard.each(connection))


def outbox(connection: Connection) -> Counter[str]:
    """What is still to be said, by instance."""
    return Counter(instance for (instance,) in _unsent.each(connection))
