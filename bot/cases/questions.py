"""Answers to open questions: a reply in the thread, a reaction, or a button. Called by the reply and vote cases.

The first answer that the question takes settles it; whoever is later changes nothing.
"""

from msgspec.structs import replace
from sqlalchemy import Connection

from approvals import gate
from approvals.gate import NotCounted
from bot.cases import say
from bot.cases.begin import begin
from bot.cases.pursue import pursue, said
from bot.cases.rooms import agents_in
from bot.cases.think import think
from bot.cases.wish import Wish, spoken_last
from bot.house import Effect, House, nothing
from bot.model.events import Event
from bot.model.people import Person
from bot.model.ports import Idea, Request
from bot.model.questions import Question
from bot.model.sections import Refusal
from bot.report import refusal as words
from bot.report.question import answered
from bot.store import audit, outbox, plans, posts, questions
from bot.words import Cancel, Command, Stop


def question_key(question_id: str) -> str:
    """The outbox key of a question's post."""
    return f"question/{question_id}"


OF_RUNS = frozenset({"in_doubt", "human"})
"""Questions about a run, which need somebody with a say."""
_REDOING = frozenset({"retry", "roll back"})
LEFT = "Then I leave it."
TOO_LATE = "That question is no longer open: your answer changed nothing."


YES, NO = frozenset({"yes", "y"}), frozenset({"no", "n"})


def _word(text: str) -> str:
    return text.strip().strip(".!").casefold()


async def answer(house: House, event: Event, question_id: str, text: str) -> Effect:
    """What this answer changes; `text` is a choice or free words."""
    question = await house.store.read(lambda connection: questions.fetch(connection, question_id))
    if question is None:
        return _closed(house, event)
    return await answer_to(house, event, question, text)


def _closed(house: House, event: Event) -> Effect:
    """A button under a question that is answered or withdrawn; it is said where the button was, if that is known."""
    where, known = event.conversation, house.people.who(event.account)
    if where is None or known is None:
        return nothing
    return lambda connection: say.whisper(connection, event, where, TOO_LATE, house.clock.now())


async def marked(house: House, event: Event, question_id: str) -> Effect:
    """✅ on a question's post says `done`, where that is one of its choices; it is no word for a slot."""
    question = await house.store.read(lambda connection: questions.fetch(connection, question_id))
    if question is None or question.kind not in OF_RUNS:
        return nothing
    return await answer_to(house, event, question, "done")


async def answer_to(house: House, event: Event, question: Question, text: str) -> Effect:
    """As `answer`, of a question at hand."""
    person = gate.requester(event.account, house.people)
    if isinstance(person, Refusal):
        why = person.why
        return lambda connection: say.whisper(
            connection, event, question.conversation, why, house.clock.now()
        )
    if question.kind in OF_RUNS:
        return lambda connection: _of_run(connection, house, event, question, text)
    wish = _wish(event, question, person)
    effect = await _planned(house, question, text, wish)
    return lambda connection: _settled(connection, house, wish, question, effect, text)


def is_withdrawn(question: Question, wanted: Command | None) -> bool:
    """Whether these words, said to it, mean that it need not be answered. What became of a run must be."""
    if question.kind in OF_RUNS:
        return False
    return isinstance(wanted, Stop) or (isinstance(wanted, Cancel) and not wanted.short)


def withdrawn(house: House, event: Event, question: Question) -> Effect:
    """Nobody wants to know any more: what was asked for is left."""
    person = gate.requester(event.account, house.people)

    def effect(connection: Connection) -> None:
        now = house.clock.now()
        if isinstance(person, Refusal):
            say.whisper(connection, event, question.conversation, person.why, now)
        elif questions.settle(connection, question.id, now):
            _record(connection, house, event, question, "cancel")
            say.post(connection, event, question.conversation, words.note(LEFT), now)
        else:
            say.whisper(connection, event, question.conversation, TOO_LATE, now)

    return effect


def _wish(event: Event, question: Question, person: Person) -> Wish:
    names = spoken_last(question.requesters, person.name)
    conversation, request = question.conversation, question.request
    return Wish(event, conversation, request, names, question.spoken)


async def _planned(house: House, question: Question, text: str, wish: Wish) -> Effect:
    if question.kind == "wanted":
        return await _wanted(house, question, text, wish)
    agents = agents_in(house, question.conversation)
    idea: Idea
    if question.kind == "words":
        told = replace(wish, last=text.strip(), request=f"{wish.request} — {text.strip()}")
        asked = Request(told.last, agents, before=question.request)
        return await pursue(house, told, await think(house, told.talk, asked))
    if question.kind == "slot" and question.draft is not None:
        idea = house.planner.answer(question.draft, question.slot, text)
    else:
        request = Request(question.request, agents, question.draft)
        idea = await house.planner.settle(request, question.kind, question.choices, text)
    return await pursue(house, wish, idea)


async def _wanted(house: House, question: Question, text: str, wish: Wish) -> Effect:
    word = _word(text)
    if word in YES:
        return await begin(house, wish)
    if word in NO:
        return said(house, wish, words.note(LEFT))
    return said(house, wish, words.refusal("Answer yes or no."))


def _settled(
    connection: Connection, house: House, wish: Wish, question: Question, effect: Effect, text: str
) -> None:
    now = house.clock.now()
    if question.kind == "wanted" and _word(text) not in YES | NO:
        effect(connection)
        return
    if questions.settle(connection, question.id, now):
        _record(connection, house, wish.event, question, text)
        effect(connection)
    else:
        say.whisper(connection, wish.event, wish.conversation, TOO_LATE, now)


def _of_run(
    connection: Connection, house: House, event: Event, question: Question, text: str
) -> None:
    """What became of a command, or a step for a person: by who may say so, and only one of the choices."""
    now = house.clock.now()
    choice = " ".join(text.casefold().strip(" .!").split())
    if choice not in question.choices:
        say.whisper(
            connection,
            event,
            question.conversation,
            f"Answer one of: {' · '.join(question.choices)}.",
            now,
        )
        return
    request = plans.fetch(connection, question.plan).request
    may = gate.may_redo if choice in _REDOING else gate.may_stop
    person = may(request, event.account, house.people)
    if isinstance(person, NotCounted):
        say.whisper(connection, event, question.conversation, person.why, now)
        return
    if not house.runner.settle(connection, question, choice, person.name, now):
        say.whisper(connection, event, question.conversation, TOO_LATE, now)
        return
    _record(connection, house, event, question, choice)


def _record(
    connection: Connection, house: House, event: Event, question: Question, text: str
) -> None:
    """The answer is in the audit log, and the question's post says what was answered and by whom."""
    person = house.people.who(event.account)
    if person is not None:
        report = answered(question, house.redactor.redact(text), person.name)
        for post in posts.under(connection, question_key(question.id)):
            outbox.edit(connection, post.key, report, house.clock.now())
    audit.record(
        connection,
        "question answered",
        at=house.clock.now(),
        person=person.name if person else "",
        account=event.account,
        subject=question.plan or question.id,
        data={"kind": question.kind},
        text=house.redactor.redact(text),
    )
