"""What comes before its card's reference is noted: a vote or an answer that is faster than our own bookkeeping.

Asked by `bot.loops.dispatch`, which looks again whenever references were noted.
"""

from sqlalchemy import Connection

from bot.cases import card
from bot.model.events import Event, Message
from bot.store import outbox


def about(event: Event) -> str:
    """The message that a reaction or a click is on, or the thread that words are in: what is to be kept in order."""
    if isinstance(event, Message):
        where = event.conversation
        return f"{where.instance}\n{where.room}\n{where.thread}"
    return f"{event.account.instance}\n{event.message}"


def unposted(connection: Connection, event: Event) -> bool:
    """Whether it may be about a post that is on its way out: a mark on a message that nobody knows, or words in a thread
    that hangs on none that is known."""
    instance = event.account.instance
    if isinstance(event, Message):
        where = event.conversation
        return outbox.opening(connection, instance) and not card.talked_about(connection, where)
    if outbox.by_reference(connection, instance, event.message):
        return False
    return outbox.coming(connection, instance)
