"""What every case knows of a card: where it stands, how its posts are named, and what it means that its plan is decided.

A plan that waits for votes stands in the thread it was asked in and in every approvals room; each place has a post of its
own with the same subject. Called by the keep, vote, cancel, reply and command cases, and by the loops that publish and deliver.
"""

from datetime import datetime

from sqlalchemy import Connection

from bot.cases.views import view
from bot.house import House
from bot.metrics import COALESCED
from bot.model.events import Event, Message
from bot.model.people import Conversation
from bot.model.reports import Report
from bot.report.plan import plan_card
from bot.store import audit, outbox, plans, posts, runs
from bot.store.outbox import Posted
from bot.store.plan_rows import Stored
from bot.store.posts import Post


def card_key(stored: Stored) -> str:
    """The outbox key of a revision's first card; those of the others continue it with `/1`, `/2` …"""
    return f"card/{stored.plan.id}/{stored.plan.revision}"


def subject_of(stored: Stored) -> str:
    """How a card's post names its plan: `plan:ID:REVISION`."""
    return f"plan:{stored.plan.id}:{stored.plan.revision}"


def named(connection: Connection, subject: str) -> Stored:
    """The revision that a card's post names. Raises KeyError."""
    _, plan, revision = subject.split(":")
    return plans.fetch(connection, plan, int(revision))


def cards(connection: Connection, stored: Stored) -> list[Post]:
    """Every card of this revision, wherever it was ever to stand, in the order of posting."""
    return posts.under(connection, card_key(stored))


def show(
    connection: Connection, house: House, stored: Stored, report: Report, now: datetime
) -> set[str]:
    """Edit the card to this wherever it stands, and post it wherever it should stand and never did. The chats that have
    something to send."""
    there = cards(connection, stored)
    for each in there:
        edit(connection, house, each, report, now)
    missing = [place for place in _places(house, stored) if not _stood_in(there, place)]
    for number, place in enumerate(missing, len(there)):
        _post(connection, stored, number, place, report, now)
    return {each.instance for each in (*missing, *(each.conversation for each in there))}


def edit(connection: Connection, house: House, post: Post, report: Report, now: datetime) -> None:
    """What a card says, unless it is gone; counted when it replaces words that had not gone out yet."""
    if outbox.edit(connection, post.key, report, now):
        house.metrics.count(COALESCED, post.conversation.instance)


def again(
    connection: Connection, house: House, stored: Stored, place: Conversation, now: datetime
) -> None:
    """One more card as it is now, in a place that lost it or takes the place of one that cannot have it."""
    report = plan_card(view(connection, stored, house.people, now))
    _post(connection, stored, len(cards(connection, stored)), place, report, now)


def _post(
    connection: Connection,
    stored: Stored,
    number: int,
    place: Conversation,
    report: Report,
    now: datetime,
) -> None:
    key = f"{card_key(stored)}/{number}" if number else card_key(stored)
    outbox.post(connection, key, place, report, subject=subject_of(stored), at=now)


def _places(house: House, stored: Stored) -> list[Conversation]:
    """Where it should stand: in its thread, and while it waits for votes in the approvals rooms."""
    asked = stored.plan.conversation
    rooms = house.approval_rooms if stored.undecided else ()
    return [asked, *(room for room in rooms if not same_room(room, asked))]


def same_room(one: Conversation, other: Conversation) -> bool:
    return (one.instance, one.room) == (other.instance, other.room)


def _stood_in(there: list[Post], place: Conversation) -> bool:
    return any(each.conversation == place for each in there)


def seen_at(
    connection: Connection, stored: Stored, event: Event, *, named: bool = False
) -> datetime | None:
    """When the card that this vote is from came out; None: not yet. A mark is from the card it is on, words from one in
    their own thread, and words that name the plan from any."""
    out = [each for each in cards(connection, stored) if each.sent_at is not None]
    if isinstance(event, Message):
        from_here = [each for each in out if _hangs_on(event.conversation, each)]
        meant = from_here or (out if named else [])
    else:
        meant = [each for each in out if each.reference == event.message]
    return min((each.sent_at for each in meant if each.sent_at is not None), default=None)


def _hangs_on(thread: Conversation, post: Post) -> bool:
    """Whether the thread is the post's, or begins with it."""
    if post.conversation == thread:
        return True
    here = post.conversation.instance == thread.instance
    return here and post.reference in _names(thread)


def _names(thread: Conversation) -> tuple[str, str]:
    """The reference that the message has on which a thread hangs, as `Chat.send` gives it."""
    return thread.thread, f"{thread.room}/{thread.thread}"


def pressed_in(connection: Connection, event: Event, stored: Stored) -> Conversation:
    """Where private words to whoever made this event belong: where they were."""
    if event.conversation is not None:
        return event.conversation
    instance, message = event.account.instance, event.message
    posted = outbox.by_reference(connection, instance, message)
    return posted.conversation if posted else stored.plan.conversation


def talked_about(connection: Connection, thread: Conversation) -> list[Stored]:
    """The revisions that words in a thread are about, newest first: those asked there, and the one on whose card in an
    approvals room the thread hangs."""
    found = plans.in_thread(connection, thread)
    root = _root(connection, thread)
    if root is not None and root.subject.startswith("plan:") and root.conversation != thread:
        other = named(connection, root.subject)
        if all(subject_of(each) != root.subject for each in found):
            found = sorted((*found, other), key=lambda each: each.created_at, reverse=True)
    return found


def _root(connection: Connection, thread: Conversation) -> Posted | None:
    """The bot's own message on which a thread hangs."""
    references = _names(thread) if thread.thread else ()
    found = (outbox.by_reference(connection, thread.instance, each) for each in references)
    return next((each for each in found if each is not None), None)


def approve(connection: Connection, stored: Stored, by: str, house: House) -> None:
    """The plan may run: it is queued in this very transaction, and the claim looks at everything again."""
    now = house.clock.now()
    plans.settle_approval(connection, stored, "approved", by=by, at=now)
    plans.advance(connection, stored.plan.id, "approved", at=now)
    runs.create(connection, stored.plan, now)
    if stored.request.requirements:
        decided(house, stored, "approved", now)
    audit.record(
        connection, "plan approved", at=now, person=by, subject=stored.plan.id, digest=stored.digest
    )


def decided(house: House, stored: Stored, verdict: str, now: datetime) -> None:
    """How long people took to approve or reject it."""
    seconds = (now - stored.created_at).total_seconds()
    house.metrics.took(stored.plan.conversation.instance, verdict, seconds)
