"""Who thinks about a request: a model, where one is configured and may, else the offline planner. Called by the request, question
and reply cases; what it came to goes on to `bot.cases.pursue`, which remembers it here in the effect's transaction."""

import re
from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from bot.cases import budget, card, say
from bot.cases.stream import Place, streaming
from bot.cases.wish import Talk
from bot.house import House
from bot.llm import Models
from bot.model.llm import SENTENCE, Said
from bot.model.ports import Idea, Request, Thought
from bot.planner import privacy
from bot.redact import MASK
from bot.report.safe import plain
from bot.store import inbox, spending, turns

TURNS = 12
"""So many turns of a thread are told to a model as they were."""
OLDER = 40
"""So many before them are told in a line each."""
STILL = "I am still thinking about it"
_LINE, _TURN = 160, 4_000
"""Characters of an older and of a newer turn that a model is told."""


class _Known(Struct, frozen=True):
    """What the store says before a model is asked."""

    turns: tuple[Said, ...]
    people: tuple[str, ...]
    spent: str
    private: str


async def think(house: House, talk: Talk, request: Request) -> Idea:
    """The idea; what it cost is noted by then, whatever comes of it. An answer in words is shown in the thread while it is being
    written."""
    if house.models is None:
        return await house.planner.plan(request)
    asked = await circumstances(house, talk, request)
    with house.leaving.may():
        idea = await _asked(house, house.models, talk, asked)
    bill = await house.store.write(lambda connection: paid(connection, house, talk, idea.thought))
    return replace(idea, thought=replace(idea.thought, bill=bill))


async def _asked(house: House, models: Models, talk: Talk, request: Request) -> Idea:
    if talk.event is None:
        return await models.planner.plan(request)
    is_open = partial(inbox.is_open, event=talk.event)
    place = Place(say.key(talk.event), talk.conversation, _told, is_open, still=STILL)
    async with streaming(house, place) as stream:
        return await models.planner.plan(request, stream)


def _told(text: str) -> str:
    """An answer as `bot.planner.picks` cuts it."""
    return " ".join(text.split())[: SENTENCE - 1]


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
        roles=house.roles,
        hidden=privacy.hidden((*request.agents, *request.others), models.private),
        private=known.private or _private(house, models, request, said),
    )


def clean(house: House, text: str) -> str:
    """A model's sentence as people may read it. Where it was cut off, so may be a secret at its end."""
    words = plain(text)
    if len(words) < SENTENCE:
        return house.redactor.redact(words)
    return f"{house.redactor.settled(words[:-1]).rstrip()} …"


def told_at_home(house: House, *texts: str) -> str:
    """Why these texts may be told to no model outside; "" where they may."""
    globs = house.models.private if house.models else ()
    return privacy.why(texts, MASK, globs)


def remember(
    connection: Connection, house: House, talk: Talk, thought: Thought, answer: str, plan: str = ""
) -> None:
    """What was said and answered, in the transaction that makes the answer true; and the plan that it is about."""
    if house.models is None:
        return
    words = (Said("user", talk.said), Said("assistant", house.redactor.redact(answer)))
    turns.add(connection, talk.conversation, _person(talk), words, house.clock.now())
    if plan and thought.bill is not None:
        spending.came_to(connection, thought.bill, plan)


def paid(connection: Connection, house: House, talk: Talk, thought: Thought) -> int | None:
    """Note what it cost; the number of that row."""
    where, now = talk.conversation, house.clock.now()
    return spending.record(connection, thought, person=_person(talk), where=where, at=now)


def _person(talk: Talk) -> str:
    return talk.requesters[-1] if talk.requesters else ""


def _known(connection: Connection, house: House, models: Models, talk: Talk) -> _Known:
    said, people = turns.newest(connection, talk.conversation, TURNS + OLDER)
    today = budget.today(house.clock.now())
    person = talk.requesters[-1] if talk.requesters else ""
    return _Known(
        tuple(summed(said)),
        people,
        budget.spent(connection, models.budget, person, talk.conversation, today),
        _planned_privately(connection, talk),
    )


def _planned_privately(connection: Connection, talk: Talk) -> str:
    """What a thread has planned with a pack for home is told to nobody outside, whatever is said in it afterwards."""
    here = card.talked_about(connection, talk.conversation)
    steps = (step.section for stored in here for step in stored.plan.steps)
    return privacy.of_sections(steps)


def summed(said: Sequence[Said]) -> list[Said]:
    """The newest turns as they were, those before them in a line each. Who said what stays apart: only people's words fill slots."""
    older, recent = said[:-TURNS], said[-TURNS:]
    short = (Said(each.role, _begun(" ".join(each.text.split()), _LINE)) for each in older)
    return [*short, *(Said(each.role, _begun(each.text, _TURN)) for each in recent)]


def _begun(text: str, most: int) -> str:
    """Its beginning, in whole words: half a word is nothing that anybody said."""
    return text if len(text) <= most else re.sub(r"\S*$", "", text[: most + 1]).rstrip()


def _private(house: House, models: Models, request: Request, said: Sequence[Said]) -> str:
    own = (request.text, request.words, request.before, request.failure)
    if why := told_at_home(house, *(turn.text for turn in said), *own):
        return why
    agents = (*request.agents, *request.others)
    packs = tuple(dict.fromkeys(pack for agent in agents for pack in agent.packs))
    people = (turn.text for turn in said if turn.role == "user")
    for text in dict.fromkeys((request.text, request.before, *people)):
        hits = house.catalogue.search(text, packs=packs)
        found = [(hit, section) for hit in hits if (section := house.catalogue.section(hit.id))]
        if why := privacy.of_section(found):
            return why
    return ""
