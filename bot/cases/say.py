"""Saying something in the transaction that makes it true. Called by every case."""

from datetime import datetime

from sqlalchemy import Connection

from bot.model.events import Event
from bot.model.people import Conversation
from bot.model.reports import Report
from bot.report import refusal as words
from bot.store import outbox

TAKEN_BACK = "What came of this is below."


def reply(connection: Connection, event: Event, report: Report, at: datetime) -> None:
    """The one post that answers this event, in its thread. Handled twice, it is posted once. Where an answer was begun that is not
    whole, this takes its place."""
    if event.conversation is not None:
        post(connection, event, event.conversation, report, at)


def post(
    connection: Connection, event: Event, where: Conversation, report: Report, at: datetime
) -> None:
    """As `reply`, in a thread that the event itself may not name."""
    outbox.put(connection, key(event), where, report, at=at)


def key(event: Event) -> str:
    """Of the one post that answers this event."""
    return f"reply/{event.account.instance}/{event.account.tenant}/{event.kind}/{event.id}"


def take_back(connection: Connection, event: Event, at: datetime) -> None:
    """An answer that was begun is none after all. What is said in its place in the same transaction is all that people see."""
    if outbox.known(connection, key(event)):
        outbox.edit(connection, key(event), words.note(TAKEN_BACK), at)


def whisper(
    connection: Connection, event: Event, where: Conversation, sentence: str, at: datetime
) -> None:
    """A private word to whoever made this event: why a vote or an answer changed nothing."""
    key = f"whisper/{event.account.instance}/{event.account.tenant}/{event.kind}/{event.id}"
    outbox.post(connection, key, where, words.note(sentence), only_to=event.account, at=at)


def stranger(
    connection: Connection, event: Event, where: Conversation, why: str, at: datetime
) -> None:
    """The one refusal that an unknown account gets."""
    account = event.account
    key = f"stranger/{account.instance}/{account.tenant}/{account.user}"
    outbox.post(connection, key, where, words.refusal(why, mention=account), at=at)
