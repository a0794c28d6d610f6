"""What is said in an event's thread where its handling came to nothing. Called by `bot.loops.dispatch`."""

import logging

from bot.cases import say
from bot.cases.stream import ended
from bot.house import Effect, House, nothing
from bot.model.errors import ParleyError
from bot.model.events import Click, Event, Message
from bot.report import refusal
from bot.store import inbox

log = logging.getLogger(__name__)

WORN_OUT = ParleyError(
    f"I was ended {inbox.MOST} times while handling this, so I left it.",
    "Say it again in other words; the log has the details.",
)


def broken(house: House, event: Event, error: BaseException) -> Effect:
    """The error's own sentence; of what nobody had thought of the log has the rest."""
    if isinstance(error, ParleyError):
        return _said(house, event, error)
    log.error("event %s could not be handled", event.id, exc_info=error)
    what = "Something in me broke while I handled this, and nothing was started."
    return _said(house, event, ParleyError(what, "Say it again; the log has the details."))


def worn_out(house: House, event: Event) -> Effect:
    """It is said to whoever spoke to the bot, and to nobody else."""
    told = isinstance(event, Click) or (isinstance(event, Message) and event.addressed)
    return _said(house, event, WORN_OUT) if told else ended(house, event, nothing)


def _said(house: House, event: Event, error: ParleyError) -> Effect:
    clean = house.redactor.redact
    report = refusal.error(clean(error.what), clean(error.mend))
    return lambda connection: say.reply(connection, event, report, house.clock.now())
