"""What could not be said is said elsewhere, and no plan waits for votes where nobody can see it.

Called by `bot.loops.deliver` when a platform refuses a message for good, by `bot.loops.listen` when it tells that messages or
rooms are gone, and by `bot.loops.trouble` while a chat takes nothing: each in the transaction that notes the fact itself.

A card that is gone from a thread is posted there again; where the room is gone, another card of the plan is enough; where
there is none, the operators' room gets it; where that cannot be had either, the plan is ended and its requester told. A question on which a run waits goes the same way.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection

from bot.cases import card
from bot.cases.card import same_room
from bot.house import House
from bot.model import plans as plan_model
from bot.model.errors import ParleyError
from bot.model.ids import short
from bot.model.people import Conversation
from bot.model.reports import Outgoing, Report
from bot.report import trouble
from bot.store import audit, outbox, plans, posts, questions
from bot.store.plan_rows import Stored
from bot.store.posts import Post

OFTEN = 3
"""So many cards of one revision are posted in one place; after that it counts as one that cannot have any."""


def refused(connection: Connection, house: House, message: Outgoing, error: ParleyError) -> None:
    """A platform never takes this message. Raises TransitionError when it is not on its way."""
    outbox.undeliverable(connection, message.number, str(error))
    now = house.clock.now()
    edited = posts.edited(connection, message.number)
    key = edited or message.key
    (post,) = posts.under(connection, key)[:1]
    known = edited is not None and not posts.lose(connection, edited, str(error))
    about = _plan(connection, post.subject)
    told = trouble.missed(_what(message, about), message.conversation, str(error))
    _tell(connection, house, post, error.reason, told, now)
    if about is not None and not known:
        _elsewhere(connection, house, about, post, now, here=edited is not None, why=str(error))
    if edited is None and message.report is not None:
        _ask(connection, house, post, message.report, now)


def gone(
    connection: Connection, house: House, instance: str, references: Iterable[str], why: str
) -> list[str]:
    """Messages of the bot's that somebody deleted. Those that nobody knows, while a post is on its way whose reference is not
    noted yet: it may be that one."""
    now = house.clock.now()
    unknown: list[str] = []
    for reference in references:
        post = posts.find(connection, instance, reference)
        if post is None:
            unknown.append(reference)
        elif posts.lose(connection, post.key, why):
            about = _plan(connection, post.subject)
            if about is not None:
                _elsewhere(connection, house, about, post, now, here=True, why=why)
    return unknown if unknown and outbox.coming(connection, instance) else []


def closed(connection: Connection, house: House, instance: str, room: str, why: str) -> bool:
    """A room that the bot can no longer write in: what waits there for votes is decided elsewhere. Whether a card is being sent
    there, which may have come out a moment ago."""
    now, here, coming = house.clock.now(), Conversation(instance, room, ""), False
    for stored in plans.in_state(connection, *_OPEN):
        there = card.cards(connection, stored)
        inside = [each for each in there if same_room(each.conversation, here)]
        coming = coming or any(each.state == "trying" for each in inside)
        lost = [each for each in inside if posts.lose(connection, each.key, why)]
        for post in lost[:1]:
            told = trouble.missed(_card_of(stored), post.conversation, why)
            _tell(connection, house, post, "closed", told, now)
            _elsewhere(connection, house, stored, post, now, here=False, why=why)
    return coming


def unseen(connection: Connection, house: House, away: Collection[str]) -> None:
    """Plans that wait for votes and whose cards are all still on their way to chats that take nothing: the operators'
    room gets them, unless it is in one of those chats itself."""
    operators, now = house.operators, house.clock.now()
    if operators is None or operators.instance in away:
        return
    for stored in plans.in_state(connection, "pending", "held"):
        there = card.cards(connection, stored)
        seen = any(
            each.sent_at is not None or each.conversation.instance not in away
            for each in there
            if each.stands
        )
        if stored.undecided and there and not seen:
            card.again(connection, house, stored, operators, now)


def wake(house: House, instance: str) -> None:
    """The loops that have something to do after any of these."""
    operators = house.operators.instance if house.operators else instance
    for topic in {"cards", f"outbox {instance}", f"outbox {operators}"}:
        house.bus.wake(topic)


_OPEN = tuple(state for state in plan_model.TRANSITIONS if state not in plan_model.ENDS)


def _plan(connection: Connection, subject: str) -> Stored | None:
    return card.named(connection, subject) if subject.startswith("plan:") else None


def _card_of(stored: Stored) -> str:
    return f"the card of plan {short(stored.plan.id)}"


def _what(message: Outgoing, about: Stored | None) -> str:
    """What was missed, in a few words. Words for one person stay theirs."""
    if about is not None:
        return _card_of(about)
    if message.only_to is not None:
        return "a word for one person"
    kind = message.report.kind if message.report else "reaction"
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _elsewhere(
    connection: Connection,
    house: House,
    stored: Stored,
    lost: Post,
    now: datetime,
    *,
    here: bool,
    why: str,
) -> None:
    """A plan that lost a card, or could not have it: `here` says that its place may take another one."""
    if stored.state in plan_model.ENDS:
        return
    there = card.cards(connection, stored)
    tried = sum(each.conversation == lost.conversation for each in there)
    if here and tried < OFTEN:
        card.again(connection, house, stored, lost.conversation, now)
    elif any(each.stands for each in there):
        return
    elif house.operators is not None and not _was_in(there, house.operators):
        card.again(connection, house, stored, house.operators, now)
    elif stored.undecided:
        _end(connection, house, stored, why, now)


def _ask(connection: Connection, house: House, lost: Post, report: Report, now: datetime) -> None:
    """A question on which a run waits is put to the operators, where its own thread cannot have it."""
    operators = house.operators
    kind, _, name = lost.subject.partition(":")
    asked = questions.fetch(connection, name) if kind == "question" else None
    if asked is None or not asked.plan or operators is None:
        return
    if not same_room(operators, lost.conversation):
        key = f"{lost.key}/operators"
        outbox.post(connection, key, operators, report, subject=lost.subject, at=now)


def _was_in(there: Iterable[Post], place: Conversation) -> bool:
    return any(same_room(each.conversation, place) for each in there)


def _end(connection: Connection, house: House, stored: Stored, why: str, now: datetime) -> None:
    """Nobody can see it, so nobody shall be able to approve it."""
    words = f"Its card could be shown nowhere: {why}"
    plans.settle_approval(connection, stored, "expired", at=now)
    plans.advance(connection, stored.plan.id, "expired", words, at=now)
    audit.record(
        connection,
        "plan expired",
        at=now,
        subject=stored.plan.id,
        digest=stored.digest,
        data={"rule": "unseen"},
    )
    key = f"unseen/{stored.plan.id}/{stored.plan.revision}"
    report, asked = trouble.unseen(stored.plan.id, why), stored.plan.conversation
    outbox.post(connection, key, asked, report, only_to=stored.account, at=now)


def _tell(
    connection: Connection, house: House, post: Post, reason: str, told: Report, now: datetime
) -> None:
    """One short message to the operators: once a day for the same thing in the same place, and never about their own room."""
    operators, place = house.operators, post.conversation
    if operators is None or same_room(operators, place):
        return
    about = post.subject or ("private" if post.only_to else "words")
    parts = (place.instance, place.room, place.thread, about, reason, f"{now:%Y-%m-%d}")
    outbox.post(connection, f"trouble/{'/'.join(parts)}", operators, told, at=now)
