"""Votes: a reaction, a button, or typed words become one vote, counted in the transaction that decides.

Only here are votes made, and only from events that a platform has authenticated. Called by `bot.flow` and the reply
case; an approved plan is queued as a run in the same transaction.
"""

from typing import Literal

from sqlalchemy import Connection

from approvals import gate
from approvals.gate import NotCounted
from bot.cases import card, press, questions
from bot.cases.card import approve
from bot.cases.entitled import recorded, told
from bot.cases.press import Place
from bot.house import Effect, House, nothing
from bot.model.approvals import Approved, Rejected, Vote
from bot.model.events import Click, Event, Message, Reaction
from bot.model.ids import short
from bot.store import audit, plans, votes
from bot.store.plan_rows import Stored

Verdict = Literal["approve", "reject"]
Way = Literal["reaction", "click", "typed", "named"]

EMOJI: dict[str, Verdict] = {"✅": "approve", "❌": "reject"}
WORDS: dict[str, Verdict] = {"approve": "approve", "reject": "reject"}


async def reacted(house: House, event: Reaction) -> Effect:
    """✅ and ❌ vote, and taking them off withdraws; the other controls are the press case's; every other emoji is none of our
    business."""
    place = await house.store.read(lambda connection: press.find(connection, event))
    emoji = press.bare(event.emoji)
    verdict, action = EMOJI.get(emoji), press.EMOJI.get(emoji)
    if place is None:
        return nothing
    if action is not None:
        if event.added:
            return await press.put(house, event, place, action)
        return press.taken_off(house, event, place, action)
    if place.question and event.added and verdict == "approve":
        return await questions.marked(house, event, place.question)
    return _marked(house, event, place, verdict) if verdict and place.is_card else nothing


def _marked(house: House, event: Reaction, place: Place, verdict: Verdict) -> Effect:
    if event.added:
        return lambda connection: _on_card(connection, house, event, place, verdict, "reaction")
    return lambda connection: _withdrawn(connection, house, event, place, verdict)


async def clicked(house: House, event: Click) -> Effect:
    """A control under a card, or one of a question's choices."""
    place = await house.store.read(lambda connection: press.find(connection, event))
    if place is None:
        return nothing
    if place.question:
        return await questions.answer(house, event, place.question, event.action)
    action, verdict = press.CLICKS.get(event.action), WORDS.get(event.action)
    if action is not None:
        return await press.put(house, event, place, action)
    if verdict is None or not place.is_card:
        return nothing
    return lambda connection: _on_card(connection, house, event, place, verdict, "click")


def typed(
    connection: Connection,
    house: House,
    event: Message,
    stored: Stored,
    verdict: Verdict,
    way: Way,
    reason: str,
) -> None:
    """`approve` or `reject` written in the card's thread; `named` when the plan's short id was written too."""
    _count(connection, house, event, stored, verdict, way, reason)


def _on_card(
    connection: Connection, house: House, event: Event, place: Place, verdict: Verdict, way: Way
) -> None:
    stored = card.named(connection, f"plan:{place.plan}")
    _count(connection, house, event, stored, verdict, way, "")


def _withdrawn(
    connection: Connection, house: House, event: Reaction, place: Place, verdict: Verdict
) -> None:
    stored = card.named(connection, f"plan:{place.plan}")
    person = house.people.who(event.account)
    if person is None or not stored.undecided:
        return
    now = house.clock.now()
    if votes.withdraw(
        connection, stored.digest, person.name, verdict=verdict, way="reaction", at=now
    ):
        plans.touch(connection, stored.plan.id)
        recorded(connection, house, event, stored, "vote withdrawn")


def _count(
    connection: Connection,
    house: House,
    event: Event,
    stored: Stored,
    verdict: Verdict,
    way: Way,
    reason: str,
) -> None:
    """Admit, store, decide: the whole way of one vote."""
    if not stored.undecided:
        _too_late(connection, house, event, stored)
        return
    cast = Vote("", event.account, stored.digest, verdict, event.at, way, reason)
    admitted = _admitted(connection, house, event, stored, cast)
    if isinstance(admitted, NotCounted):
        told(connection, house, event, stored, admitted.why)
        data = {"verdict": verdict, "rule": admitted.rule}
        recorded(connection, house, event, stored, "vote not counted", data)
    elif not votes.cast(connection, stored.plan.id, admitted):
        words = f"Your {verdict} of plan {short(stored.plan.id)} is already in."
        told(connection, house, event, stored, words)
    else:
        data = {"verdict": verdict, "way": way}
        recorded(connection, house, event, stored, "vote", data, reason)
        _decide(connection, house, stored)


def _admitted(
    connection: Connection, house: House, event: Event, stored: Stored, cast: Vote
) -> Vote | NotCounted:
    """Nobody votes on a card that nobody could read."""
    posted_at = card.seen_at(connection, stored, event, named=cast.way == "named")
    if posted_at is None and cast.way == "named":
        why = (
            f"Your `{cast.verdict}` did not count: the card of plan {short(stored.plan.id)} has not come out, "
            "so nobody could read it. Ask again."
        )
        return NotCounted("unseen", why)
    now = house.clock.now()
    return gate.admit(stored.request, cast, house.people, now, card_posted_at=posted_at)


def _too_late(connection: Connection, house: House, event: Event, stored: Stored) -> None:
    if house.people.who(event.account) is None:
        return
    state = stored.state.replace("_", " ")
    words = f"Plan {short(stored.plan.id)} is {state}; nothing was changed by your vote."
    told(connection, house, event, stored, words)


def _decide(connection: Connection, house: House, stored: Stored) -> None:
    now = house.clock.now()
    match gate.decide(stored.request, votes.standing(connection, stored.digest), house.people, now):
        case Approved(by=by) if stored.state == "held":
            _approve_held(connection, house, stored, ", ".join(by))
        case Approved(by=by):
            approve(connection, stored, ", ".join(by), house)
        case Rejected(by=by):
            plans.settle_approval(connection, stored, "rejected", by=", ".join(by), at=now)
            plans.advance(connection, stored.plan.id, "rejected", at=now)
            card.decided(house, stored, "rejected", now)
        case _:
            plans.touch(connection, stored.plan.id)


def _approve_held(connection: Connection, house: House, stored: Stored, by: str) -> None:
    """Approved, and not queued before whoever holds it lets it go."""
    now = house.clock.now()
    plans.settle_approval(connection, stored, "approved", by=by, at=now)
    card.decided(house, stored, "approved", now)
    audit.record(
        connection, "plan approved", at=now, person=by, subject=stored.plan.id, digest=stored.digest
    )
