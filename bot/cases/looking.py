"""A model looks, read by read, each seen in the thread, and answers with what shows it. Carried out by `bot.loops.inquire`; begun, and
ended where there is no answer, by `bot.cases.investigate`.

Every look is a plan like any other that a person asked for: composed, guarded, run, answered in the thread. It is a read that
runs at once, or it is not made.
"""

import asyncio
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from bot.cases.compose import Composed, Origin, compose
from bot.cases.investigate import key
from bot.cases.keep import keep
from bot.cases.stream import Place, streaming
from bot.cases.think import circumstances, paid, remember, told_at_home
from bot.cases.views import view
from bot.cases.wish import Talk
from bot.house import House
from bot.model import plans as plan_model
from bot.model.errors import ParleyError
from bot.model.ids import new_id
from bot.model.investigations import Investigation
from bot.model.plans import Draft
from bot.model.ports import Request
from bot.model.sections import Refusal, Risk
from bot.planner.inquiry import WORDS, Conclusion, Inquiry, Look, readable
from bot.report.inquiry import concluded
from bot.report.outcome import failure
from bot.report.safe import plain
from bot.report.view import attempts
from bot.store import investigations, outbox, plans

STEPS = 12
SECONDS = 90.0
TOKENS = 60_000
"""What one investigation may take: looks, seconds, and tokens of the model."""
ENOUGH = f"{STEPS} looks are all there are"
LAST = 30.0
"""Seconds more for the answer."""
SECTIONS = 8
_LOOK = 0.05
"""Seconds between two looks whether a read has ended."""
_WAIT = timedelta(seconds=30)


async def look_into(house: House, asked: Investigation) -> None:
    """All of it: look until there is an answer, or until it has taken enough; then say it. Raises ParleyError where no model
    answers and nothing was seen."""
    inquiry = await _inquiry(house, asked)
    is_open = partial(investigations.is_running, id=asked.id)
    place = Place(key(asked), asked.conversation, _cut, is_open, asked.account)
    try:
        async with streaming(house, place) as inquiry.listener:
            said = await _looked(house, asked, inquiry)
    finally:
        talk, thought = _talk(asked), inquiry.bill.thought
        await house.store.write(lambda connection: paid(connection, house, talk, thought))
    await house.store.write(partial(_say, house=house, asked=asked, inquiry=inquiry, said=said))


async def _looked(house: House, asked: Investigation, inquiry: Inquiry) -> Conclusion:
    ends = house.clock.monotonic() + SECONDS
    while True:
        last = _is_enough(inquiry, house.clock.monotonic() - ends)
        try:
            async with asyncio.timeout(max(0.0, ends - house.clock.monotonic()) + LAST):
                move = await inquiry.next(last=last)
        except TimeoutError:
            move = Conclusion("I could not come to an answer in time.", (), asked.text)
        except ParleyError as error:
            if not inquiry.looks:
                raise
            move = Conclusion(f"I could not come to an answer. {error}", (), asked.text)
        if isinstance(move, Conclusion):
            return move
        looks = [
            await _look(house, asked, draft, ends)
            if place < STEPS
            else _unmade(house, draft, ENOUGH)
            for place, draft in enumerate(move, len(inquiry.looks))
        ]
        inquiry.saw(looks, told_at_home(house, *(look.output for look in looks)))


def _talk(asked: Investigation) -> Talk:
    return Talk(asked.conversation, (asked.person,), asked.text)


def _is_enough(inquiry: Inquiry, over: float) -> bool:
    usage = inquiry.bill.thought.usage
    tokens = usage.fresh + usage.kept + usage.written
    return over >= 0 or len(inquiry.looks) >= STEPS or tokens >= TOKENS


async def _inquiry(house: House, asked: Investigation) -> Inquiry:
    models = house.models
    assert models is not None  # nothing is begun without one
    agents = tuple(agent for agent in house.agents if agent.name in asked.agents)
    request = await circumstances(house, _talk(asked), Request(asked.text, agents))
    if request.alone:
        raise ParleyError(request.alone, "Ask tomorrow, or ask for one read by its name.")
    packs = tuple(dict.fromkeys(pack for agent in agents for pack in agent.packs))
    hits = house.catalogue.search(asked.text, 50, packs)
    found = [section for hit in hits if (section := house.catalogue.section(hit.id))]
    sections = readable([*found, *(x for x in house.catalogue.sections(packs) if x not in found)])
    return Inquiry(
        house.catalogue, house.renderer, models.router, house.clock, request, sections[:SECTIONS]
    )


def _unmade(house: House, draft: Draft, why: str) -> Look:
    return Look(draft, _title(house, draft), f"It was not made: {why}.", good=False)


def _title(house: House, draft: Draft) -> str:
    section = house.catalogue.section(draft.section)
    return section.title if section else draft.section


async def _look(house: House, asked: Investigation, draft: Draft, ends: float) -> Look:
    """One read, made as if the person had asked for it; what it said, free of secrets."""
    if house.clock.monotonic() >= ends:
        return _unmade(house, draft, "no time is left")
    title = _title(house, draft)
    name = new_id(house.clock.now())
    words = f"{title} on {draft.agent} — {asked.text}"
    origin = Origin(name, 1, words, (asked.person,), asked.conversation, asked.spoken)
    try:
        composed = await compose(house, (draft,), origin)
    except ParleyError as error:
        return Look(draft, title, str(error), good=False)
    if isinstance(composed, Refusal):
        return Look(draft, title, composed.why, good=False)
    if composed.plan.risk is not Risk.READ or not composed.automatic:
        return Look(
            draft, title, "Somebody would have to approve this. It was not made.", good=False
        )
    return await _made(house, asked, draft, title, composed, ends)


async def _made(
    house: House, asked: Investigation, draft: Draft, title: str, composed: Composed, ends: float
) -> Look:
    plan = composed.plan
    await house.store.write(lambda connection: keep(connection, house, composed, asked.account))
    house.bus.wake("runs")
    last = min(ends, house.clock.monotonic() + _WAIT.total_seconds())
    while house.clock.monotonic() < last:
        state = await house.store.read(lambda connection: plans.state(connection, plan.id))
        if state in plan_model.ENDS:
            return await house.store.read(lambda c: _seen(c, house, draft, title, plan.id))
        await house.clock.sleep(_LOOK)
    return Look(draft, title, "It has not ended in time.", good=False)


def _seen(connection: Connection, house: House, draft: Draft, title: str, plan: str) -> Look:
    shown = view(connection, plans.fetch(connection, plan), house.people, house.clock.now())
    output = "\n".join(each.output for each in attempts(shown, "do"))
    if shown.state != "done":
        output = f"{failure(shown)}\n{output}"
    clean = house.redactor.redact(output).strip()
    return Look(draft, title, clean or "There is nothing.", good=shown.state == "done")


def _say(
    connection: Connection, house: House, asked: Investigation, inquiry: Inquiry, said: Conclusion
) -> None:
    """Once: the answer, and what it took."""
    now = house.clock.now()
    if not investigations.end(connection, asked.id, "answered", now):
        return
    looks = [
        f"{number} {look.draft.agent}: {look.title}"
        for number, look in enumerate(inquiry.looks, 1)
        if number in said.evidence
    ]
    note, clean = inquiry.request.private, house.redactor.redact
    text = _cut(clean(plain(said.text)))
    # Joined before it is masked: the report makes one line of it.
    missing = clean(" ".join(plain(said.missing).split()))
    report = concluded(text, looks, missing, asked.account, note)
    outbox.put(connection, key(asked), asked.conversation, report, at=now)
    remember(connection, house, _talk(asked), inquiry.bill.thought, text)


def _cut(text: str) -> str:
    return text.strip()[:WORDS]
