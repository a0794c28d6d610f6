"""Who thinks about a request: a model, where one is configured and may, else the offline planner. Called by the request, question
and reply cases; what it came to goes on to `bot.cases.pursue`, which remembers it here in the effect's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.cases.wish import Talk
from bot.house import House
from bot.llm import Budget, Models
from bot.model.llm import Said
from bot.model.people import Conversation
from bot.model.ports import Idea, Request, Thought
from bot.planner import privacy
from bot.redact import MASK
from bot.report import cost
from bot.report.safe import line
from bot.store import spending, turns

TURNS = 12
"""So many turns of a thread are told to a model as they were."""
OLDER = 40
"""So many before them are told in a line each."""
_LINE = 160


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store says before a model is asked."""

    turns: tuple[Said, ...]
    people: tuple[str, ...]
    spent: str


async def think(house: House, talk: Talk, request: Request) -> Idea:
    """The idea, with what it cost."""
    if house.models is None:
        return await house.planner.plan(request)
    asked = await circumstances(house, talk, request)
    with house.leaving.may():
        return await house.models.planner.plan(asked)


async def circumstances(house: House, talk: Talk, request: Request) -> Request:
    """The request with what was said before it, and why some models, or all of them, may not be asked."""
    models = house.models
    if models is None:
        return request
    known = await house.store.read(lambda connection: _known(connection, house, models, talk))
    said = (*known.turns, *request.turns)
    return replace(
        request,
        turns=said,
        people=known.people,
        alone=known.spent,
        hidden=privacy.hidden((*request.agents, *request.others), models.private),
        private=_private(house, models, request, said),
    )


def remember(
    connection: Connection, house: House, talk: Talk, thought: Thought, answer: str, plan: str = ""
) -> None:
    """What was said and answered, and what it cost: in the transaction that makes the answer true."""
    if house.models is None:
        return
    now = house.clock.now()
    words = (Said("user", talk.said), Said("assistant", house.redactor.redact(answer)))
    person = talk.requesters[-1] if talk.requesters else ""
    turns.add(connection, talk.conversation, person, words, now)
    spending.record(connection, thought, person=person, where=talk.conversation, plan=plan, at=now)


def _known(connection: Connection, house: House, models: Models, talk: Talk) -> _Known:
    said, people = turns.newest(connection, talk.conversation, TURNS + OLDER)
    today = _today(house.clock.now())
    person = talk.requesters[-1] if talk.requesters else ""
    return _Known(
        tuple(summed(said)),
        people,
        spent(connection, models.budget, person, talk.conversation, today),
    )


def summed(said: Sequence[Said]) -> list[Said]:
    """The newest turns as they were, those before them in a line each. Who said what stays apart: only people's words fill slots."""
    older, recent = said[:-TURNS], said[-TURNS:]
    return [*(Said(each.role, " ".join(each.text.split())[:_LINE]) for each in older), *recent]


def spent(
    connection: Connection, budget: Budget, person: str, where: Conversation, today: datetime
) -> str:
    """Why no model may be asked any more today; "" while one may."""
    own = spending.of_person(connection, person, today)
    tokens = budget.tokens and own.tokens >= budget.tokens
    if tokens or (budget.dollars and own.dollars >= budget.dollars):
        return f"{person}'s budget for models is spent until midnight UTC, so none was asked."
    if budget.channel_dollars:
        room = spending.of_room(connection, where, today)
        if room.dollars >= budget.channel_dollars:
            return "This room's budget for models is spent until midnight UTC, so none was asked."
    return ""


def _today(now: datetime) -> datetime:
    return now - timedelta(
        hours=now.hour, minutes=now.minute, seconds=now.second, microseconds=now.microsecond
    )


def _private(house: House, models: Models, request: Request, said: Sequence[Said]) -> str:
    own = (request.text, request.words, request.before, request.failure)
    texts = (*(turn.text for turn in said), *own)
    if why := privacy.why(texts, MASK, models.private):
        return why
    agents = (*request.agents, *request.others)
    packs = tuple(dict.fromkeys(pack for agent in agents for pack in agent.packs))
    hits = house.catalogue.search(request.text, packs=packs)
    found = [(hit, section) for hit in hits if (section := house.catalogue.section(hit.id))]
    return privacy.of_section(found)


def models_today(connection: Connection, house: House) -> tuple[str, ...]:
    """What models have cost today, who spent most, and which of them does not answer."""
    if house.models is None:
        return ()
    today = _today(house.clock.now())
    people = spending.by_person(connection, today)
    shown = [f"{line(name)}: {cost.amount(spent)}" for name, spent in people[:3]]
    troubles = [
        f"{each.name}: {each.trouble}" for each in house.models.router.providers if each.trouble
    ]
    return tuple(filter(None, (cost.of_day(spending.of_all(connection, today)), *shown, *troubles)))
