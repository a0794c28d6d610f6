"""`cancel`, `hold`, `undo`, `try again` and the answers about a run in words: about the plan of their thread, or the one that is
named. Called by the command and reply cases; each does what its control on the card does."""

from sqlalchemy import Connection

from bot import words
from bot.cases import again, cancel, card, questions, say
from bot.cases.hold import hold
from bot.cases.undo import undo
from bot.cases.views import view
from bot.house import Effect, House
from bot.model import plans as plan_model
from bot.model.events import Message
from bot.model.ids import short
from bot.report import refusal
from bot.report.controls import controls
from bot.store import marks, plans
from bot.store import questions as asked
from bot.store.plan_rows import Stored

Order = words.Hold | words.Undo | words.Again

_LIKE_SETTLES: dict[str, Order] = {"roll back": words.Undo(), "retry": words.Again()}
_WORDS = {
    "hold": "hold",
    "resume": "resume",
    "cancel": "cancel",
    "undo": "undo",
    "retry": "try again",
}
_ALWAYS_HELD = frozenset({"pending", "approved", "running"})
"""States in which `hold` works although the card has no room for it."""


def order_of(said: words.Command | None) -> Order | None:
    """The order that words are where no question in their thread takes them: `roll back` and `retry` answer one, too."""
    if isinstance(said, words.Settle):
        return _LIKE_SETTLES.get(said.choice)
    return said if isinstance(said, words.Hold | words.Undo | words.Again) else None


async def order(house: House, event: Message, said: words.Cancel | words.Settle | Order) -> Effect:
    """Words that mention the bot: where they mean no plan, that is said."""
    if isinstance(said, words.Settle):
        question = await house.store.read(lambda c: asked.newest(c, event.conversation))
        if question is not None and question.kind in questions.OF_RUNS:
            return await questions.answer_to(house, event, question, said.choice)
    wanted = said if isinstance(said, words.Cancel) else order_of(said)
    if wanted is None:
        return _refused(house, event, "Nothing is in doubt in this thread.")
    found = await house.store.read(lambda connection: meant(connection, event, wanted))
    if found is None or found.state in plan_model.ENDS:
        question = await house.store.read(lambda c: asked.newest(c, event.conversation))
        if question is not None and questions.is_withdrawn(question, wanted):
            return questions.withdrawn(house, event, question)
    if found is None:
        sentence = "Which plan? Write it in its thread, or with its short id; `plans` shows them."
        return _refused(house, event, sentence)
    if isinstance(wanted, words.Cancel):
        return await cancel.cancel(house, event, found)
    return await ordered(house, event, wanted, found)


def _refused(house: House, event: Message, sentence: str) -> Effect:
    report = refusal.refusal(sentence)
    return lambda connection: say.reply(connection, event, report, house.clock.now())


async def ordered(house: House, event: Message, wanted: Order, stored: Stored) -> Effect:
    """As `order`, of a plan at hand."""
    if isinstance(wanted, words.Again):
        return await again.again(house, event, stored)

    def effect(connection: Connection) -> None:
        current = plans.fetch(connection, stored.plan.id, stored.plan.revision)
        if isinstance(wanted, words.Hold):
            hold(connection, house, event, current, "typed")
        else:
            undo(connection, house, event, current)

    return effect


def meant(connection: Connection, event: Message, wanted: words.Cancel | Order) -> Stored | None:
    """The plan that is named, else the newest of the thread that the words can be about; None for none, or several."""
    if wanted.short:
        return named(connection, wanted.short)
    here = card.talked_about(connection, event.conversation)
    if isinstance(wanted, words.Cancel):
        return here[0] if here else None
    if isinstance(wanted, words.Hold):
        return next((each for each in here if each.state not in plan_model.ENDS), None)
    return next((each for each in here if each.state != "superseded"), None)


def named(connection: Connection, name: str) -> Stored | None:
    """The only plan with that id, or short id."""
    found = plans.find_stored(connection, name)
    return found[0] if len(found) == 1 else None


def held(connection: Connection, event: Message, name: str = "") -> Stored | None:
    """The newest plan of the thread that somebody holds, or the one that is named."""
    if name:
        return named(connection, name)
    here = card.talked_about(connection, event.conversation)
    return next((each for each in here if _is_held(connection, each)), None)


def _is_held(connection: Connection, stored: Stored) -> bool:
    if stored.state in plan_model.ENDS:
        return False
    return bool(marks.holders(connection, stored.plan.id, stored.plan.revision))


def that_apply(connection: Connection, house: House, event: Message) -> str:
    """The words that work in this thread now, for `help`; "" where there is no plan."""
    here = card.talked_about(connection, event.conversation)
    stored = next((each for each in here if each.state != "superseded"), None)
    if stored is None:
        return ""
    shown = view(connection, stored, house.people, house.clock.now())
    actions = [each.action for each in controls(shown)]
    if stored.state in _ALWAYS_HELD and "resume" not in actions:
        actions.append("hold")
    fitting = [f"`{_WORDS[each]}`" for each in actions if each in _WORDS]
    return f"Plan `{short(stored.plan.id)}` here: {' · '.join(fitting)}." if fitting else ""
