"""`use port 9090`, said in the thread of a plan that waits: a new revision, and everybody is asked anew. Called by the reply case.

What needs no model is done without one: a value that fits one step alone. Everything else is for a model, where there is one.
"""

import re

from msgspec.structs import replace
from sqlalchemy import Connection

from bot.cases.compose import Composed, Origin, compose
from bot.cases.keep import keep
from bot.cases.pursue import everybody, noted, refused, said, summary
from bot.cases.renew import drafts
from bot.cases.rooms import agents_in
from bot.cases.think import clean, remember, think
from bot.cases.wish import Wish, spoken_last
from bot.house import Effect, House
from bot.model.events import Message
from bot.model.people import Person
from bot.model.plans import Draft, Plan
from bot.model.ports import Answer, Idea, Request, Thought, Unclear, Unknown, Wanted
from bot.model.sections import Refusal
from bot.report import refusal
from bot.store.plan_rows import Stored

_PLAIN = re.compile(r"\s*(?:use|make it|set|change|call it|name it)\b", re.IGNORECASE)
"""How a change of a value begins: for that no model is needed."""
_MORE = re.compile(
    r"\s*(?:and|also|plus|und|auch|y|también)\b(?!\s+(?:use|set|change|make)\b)", re.IGNORECASE
)
"""How something more begins: its values belong to no step that is there."""


async def change(house: House, event: Message, person: Person, stored: Stored) -> Effect:
    """What these words make of the plan. Raises TemporaryError where a target cannot be reached."""
    plan, text = stored.plan, event.text.strip()
    wish = Wish(
        event,
        event.conversation,
        f"{plan.request} — {text}",
        spoken_last(plan.requesters, person.name),
        plan.spoken or event.spoken,
        text,
    )
    idea = await _idea(house, wish, plan)
    if isinstance(idea, Wanted):
        return await _revised(house, wish, stored, idea)
    text = clean(house, idea.text)
    report = refusal.note(text) if isinstance(idea, Answer) else refusal.refusal(text)
    shown = said(house, wish, noted(report, idea.thought))

    def effect(connection: Connection) -> None:
        shown(connection)
        remember(connection, house, wish.talk, idea.thought, idea.text, plan.id)

    return effect


async def _idea(house: House, wish: Wish, plan: Plan) -> Idea:
    before = drafts(plan)
    changed = offline(house, plan, before, wish.talk.said)
    if house.models is None or (isinstance(changed, Wanted) and _PLAIN.match(wish.talk.said)):
        return changed
    idea = await think(
        house,
        wish.talk,
        Request(wish.talk.said, agents_in(house, wish.conversation), before=plan.request),
    )
    unasked = isinstance(idea, Unknown | Wanted) and not idea.thought.provider
    thought = Thought(note=idea.thought.note, bill=idea.thought.bill)
    return replace(changed, thought=thought) if unasked else idea


def offline(house: House, plan: Plan, before: tuple[Draft, ...], text: str) -> Wanted | Unclear:
    """The steps with what the words change, where it is one step alone that they can mean."""
    if _MORE.match(text):
        return Unclear("slot", "That is one more wish: ask for it by itself, in a message to me.")
    tried = [
        house.planner.change(draft.slots, step.section, text, draft.agent)
        for draft, step in zip(before, plan.steps, strict=True)
    ]
    fits = [number for number, slots in enumerate(tried) if not isinstance(slots, Unclear)]
    if len(fits) > 1:
        names = " and ".join(str(number + 1) for number in fits)
        return Unclear("slot", f"That could change steps {names}. Say which, and to what.")
    if not fits:
        unclear = next(each for each in tried if isinstance(each, Unclear))
        return (
            unclear
            if len(tried) == 1
            else Unclear("slot", "Say which value to change, and to what.")
        )
    slots = tried[fits[0]]
    assert not isinstance(slots, Unclear)
    draft = before[fits[0]]
    open_still = {name: output for name, output in draft.outputs.items() if name not in slots}
    new = replace(draft, slots=slots, outputs=open_still)
    return Wanted((*before[: fits[0]], new, *before[fits[0] + 1 :]))


async def _revised(house: House, wish: Wish, stored: Stored, idea: Wanted) -> Effect:
    plan = stored.plan
    origin = Origin(
        plan.id,
        plan.revision + 1,
        wish.request,
        everybody(wish, idea.thought),
        plan.conversation,
        spoken=wish.spoken,
    )
    composed = await compose(house, idea.drafts, origin)
    if isinstance(composed, Refusal):
        report = refusal.refusal(composed.why)
        return refused(house, wish, report, composed.rule, idea.thought)
    return _kept(house, wish, composed, stored, idea.thought)


def _kept(house: House, wish: Wish, composed: Composed, stored: Stored, thought: Thought) -> Effect:
    def effect(connection: Connection) -> None:
        keep(connection, house, composed, stored.account, stored, wish.event.account)
        remember(connection, house, wish.talk, thought, summary(composed.plan), composed.plan.id)

    return effect
