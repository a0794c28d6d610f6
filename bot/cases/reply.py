"""A plain reply in a thread: it answers the open question there, else changes the newest pending plan, else it is none of our
business. Typed votes come this way too. Called by `bot.flow`."""

from msgspec import Struct
from sqlalchemy import Connection

from bot import words
from bot.cases import cancel, card, command, hold, questions, record, spoken, typed
from bot.cases.change import change
from bot.house import Effect, House, nothing
from bot.model import plans as plan_model
from bot.model.events import Message
from bot.model.questions import Question
from bot.store import plans
from bot.store import questions as asked
from bot.store.plan_rows import Stored


class Thread(Struct, frozen=True):
    """What is open in a thread: its newest question, its newest plan that has not ended, and the one that words like `hold`
    or `undo` are about."""

    question: Question | None
    plan: Stored | None
    ordered: Stored | None = None


async def handle(house: House, event: Message) -> Effect:
    """What these words change, if they are meant for us at all."""
    said_words = words.parse(event.text)
    thread = await house.store.read(lambda connection: _thread(connection, event, said_words))
    if event.spoken:
        return await _aloud(house, event, thread, said_words)
    if isinstance(said_words, words.Ballot):
        return command.ballot(house, event, said_words)
    if isinstance(said_words, words.Cancel | words.Stop) and thread.plan is not None:
        return await cancel.cancel(house, event, thread.plan)
    if isinstance(said_words, words.Resume) and thread.ordered is not None:
        return _resumed(house, event, thread.ordered)
    if thread.question is not None:
        return await _asked(house, event, thread.question, said_words)
    return await _unasked(house, event, thread, typed.order_of(said_words))


async def _asked(
    house: House, event: Message, question: Question, said_words: words.Command | None
) -> Effect:
    if questions.is_withdrawn(question, said_words):
        return questions.withdrawn(house, event, question)
    return await questions.answer_to(house, event, question, event.text)


async def _aloud(
    house: House, event: Message, thread: Thread, said_words: words.Command | None
) -> Effect:
    """A voice changes a plan that nobody approved yet, which asks everybody anew. It neither votes, orders nor answers."""
    if not isinstance(said_words, words.Show | None):
        return spoken.refused(house, event)
    if thread.question is not None:
        return spoken.refused(house, event, spoken.NO_ANSWER)
    return await _unasked(house, event, thread, None)


def _resumed(house: House, event: Message, held: Stored) -> Effect:
    """It is read again in the transaction: a vote may have approved it since."""
    id, revision = held.plan.id, held.plan.revision
    return lambda connection: hold.release(
        connection, house, event, plans.fetch(connection, id, revision)
    )


async def _unasked(
    house: House, event: Message, thread: Thread, order: typed.Order | None
) -> Effect:
    """Words that answer nothing. What would be rolled back is what was done: it cannot be changed."""
    if order is not None:
        found = thread.ordered
        return await typed.ordered(house, event, order, found) if found else nothing
    person, open_plan = house.people.who(event.account), thread.plan
    if person is None or open_plan is None or open_plan.state != "pending":
        return nothing
    if open_plan.plan.undoes:
        return nothing
    return record.acted_on(house, event, await change(house, event, person, open_plan))


def _thread(connection: Connection, event: Message, said_words: words.Command | None) -> Thread:
    here = (_newest(connection, each) for each in card.talked_about(connection, event.conversation))
    newest = next((stored for stored in here if stored.state not in plan_model.ENDS), None)
    question = asked.newest(connection, event.conversation)
    return Thread(question, newest, _ordered(connection, event, said_words))


def _ordered(
    connection: Connection, event: Message, said_words: words.Command | None
) -> Stored | None:
    if isinstance(said_words, words.Resume):
        return typed.held(connection, event, said_words.short)
    order = typed.order_of(said_words)
    return typed.meant(connection, event, order) if order else None


def _newest(connection: Connection, stored: Stored) -> Stored:
    """Its newest revision: the thread of a superseded card is as good a place as any for a further change."""
    return stored if stored.superseded_by is None else plans.fetch(connection, stored.plan.id)
