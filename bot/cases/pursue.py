"""What the planner came to becomes an effect: a refusal, a question, or a plan. Called by the request and question cases."""

from dataclasses import dataclass

from sqlalchemy import Connection

from bot.cases import record, say
from bot.cases.compose import Composed, Origin, compose
from bot.cases.keep import keep
from bot.house import Effect, House
from bot.model.events import Event
from bot.model.ids import new_id
from bot.model.people import Conversation
from bot.model.ports import Idea, Unclear, Unknown, Wanted
from bot.model.questions import Question
from bot.model.reports import Report
from bot.model.sections import Refusal
from bot.report import refusal as words
from bot.store import questions


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose words led here: the event to answer, the request in its own words, everyone who had a say in it, and whether any
    of them were spoken."""

    event: Event
    conversation: Conversation
    request: str
    requesters: tuple[str, ...]
    spoken: bool = False


async def pursue(house: House, wish: Wish, idea: Idea) -> Effect:
    """Raises TemporaryError where a target cannot be reached."""
    match idea:
        case Unknown():
            report = words.refusal(idea.text, idea.nearest, idea.suggestion)
            return refused(house, wish, report, "unknown")
        case Unclear():
            return lambda connection: _ask(connection, house, wish, idea)
        case Wanted(drafts=drafts):
            now = house.clock.now()
            origin = Origin(
                new_id(now), 1, wish.request, wish.requesters, wish.conversation, wish.spoken
            )
            return _kept(house, wish, await compose(house, drafts, origin))


def _kept(house: House, wish: Wish, composed: Composed | Refusal) -> Effect:
    if isinstance(composed, Refusal):
        return refused(house, wish, words.refusal(composed.why), composed.rule)
    return lambda connection: keep(connection, house, composed, wish.event.account)


def refused(house: House, wish: Wish, report: Report, rule: str) -> Effect:
    """A refusal is said, and is a row."""

    def effect(connection: Connection) -> None:
        at = house.clock.now()
        say.post(connection, wish.event, wish.conversation, report, at)
        record.refused(connection, house, wish.event, rule)

    return effect


def said(house: House, wish: Wish, report: Report) -> Effect:
    """One post in the wish's thread."""
    return lambda connection: say.post(
        connection, wish.event, wish.conversation, report, house.clock.now()
    )


def _ask(connection: Connection, house: House, wish: Wish, unclear: Unclear) -> None:
    now = house.clock.now()
    question = Question(
        id=new_id(now),
        kind=unclear.kind,
        conversation=wish.conversation,
        text=unclear.text,
        choices=unclear.choices,
        request=wish.request,
        draft=unclear.draft,
        slot=unclear.slot,
        requesters=wish.requesters,
        spoken=wish.spoken,
    )
    questions.ask(connection, question, now)
