"""What the planner came to becomes an effect: a refusal, a question, or a plan. Called by the request and question cases."""

from msgspec.structs import replace
from sqlalchemy import Connection

from bot.cases import record, say
from bot.cases.compose import Composed, Origin, compose
from bot.cases.keep import keep
from bot.cases.think import clean, remember
from bot.cases.wish import Wish
from bot.house import Effect, House
from bot.model.ids import new_id, short
from bot.model.plans import Plan
from bot.model.ports import Answer, Idea, Thought, Unclear, Unknown, Wanted
from bot.model.questions import Question
from bot.model.reports import Report
from bot.model.sections import Refusal
from bot.report import refusal as words
from bot.store import questions


async def pursue(house: House, wish: Wish, idea: Idea) -> Effect:
    """Raises TemporaryError where a target cannot be reached."""
    match idea:
        case Unknown():
            report = words.refusal(idea.text, idea.nearest, idea.suggestion)
            return refused(house, wish, report, "unknown", idea.thought)
        case Answer():
            return _told(house, wish, idea)
        case Unclear():
            return lambda connection: _ask(connection, house, wish, idea)
        case Wanted(drafts=drafts):
            now = house.clock.now()
            people = everybody(wish, idea.thought)
            origin = Origin(new_id(now), 1, wish.request, people, wish.conversation, wish.spoken)
            return _kept(house, wish, await compose(house, drafts, origin), idea.thought)


def _kept(house: House, wish: Wish, composed: Composed | Refusal, thought: Thought) -> Effect:
    if isinstance(composed, Refusal):
        return refused(house, wish, words.refusal(composed.why), composed.rule, thought)

    def effect(connection: Connection) -> None:
        keep(connection, house, composed, wish.event.account)
        plan = composed.plan
        remember(connection, house, wish.talk, thought, summary(plan), plan.id)

    return effect


def _told(house: House, wish: Wish, answer: Answer) -> Effect:
    report = noted(words.note(clean(house, answer.text)), answer.thought)

    def effect(connection: Connection) -> None:
        say.post(connection, wish.event, wish.conversation, report, house.clock.now())
        remember(connection, house, wish.talk, answer.thought, answer.text)

    return effect


def everybody(wish: Wish, thought: Thought) -> tuple[str, ...]:
    """Everybody whose words are in it, whoever asked last: words of the thread that a model was told are among them."""
    return with_others(thought, wish.requesters)


def with_others(thought: Thought, requesters: tuple[str, ...]) -> tuple[str, ...]:
    """`requesters`, and before them those whose words in the thread a model was told."""
    return (*(each for each in thought.people if each not in requesters), *requesters)


def summary(plan: Plan) -> str:
    """A plan as a turn of the conversation."""
    steps = (
        f"{step.id}. {step.agent.name}: {step.section.title}"
        + "".join(f", {name} {value}" for name, value in step.slots.items())
        + "".join(f", {name} @{each.step}.{each.name}" for name, each in step.outputs.items())
        for step in plan.steps
    )
    return f"Plan {short(plan.id)}, revision {plan.revision}. " + " ".join(steps)


def refused(
    house: House,
    wish: Wish,
    report: Report,
    rule: str,
    thought: Thought = Thought(),  # noqa: B008 - a frozen value
) -> Effect:
    """A refusal is said, and is a row."""

    def effect(connection: Connection) -> None:
        at = house.clock.now()
        say.post(connection, wish.event, wish.conversation, noted(report, thought), at)
        record.refused(connection, house, wish.event, rule)
        remember(connection, house, wish.talk, thought, report.text)

    return effect


def noted(report: Report, thought: Thought) -> Report:
    """With the sentence that says who thought instead of whom."""
    if not thought.note:
        return report
    return replace(report, paragraphs=(*report.paragraphs, words.aside(thought.note)))


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
        requesters=everybody(wish, unclear.thought),
        spoken=wish.spoken,
        note=unclear.thought.note,
    )
    questions.ask(connection, question, now)
    remember(connection, house, wish.talk, unclear.thought, unclear.text)
