"""Votes: a reaction, a button, or typed words become one vote, counted in the transaction that decides.

Only here are votes made, and only from events that a platform has authenticated. Called by `bot.flow` and the reply
case; an approved plan is queued as a run in the same transaction.
"""

from typing import Literal

from sqlalchemy import Connection

from approvals import gate
from approvals.gate import NotCounted
from bot.cases import cancel, questions, say
from bot.cases.card import approve, card_key
from bot.house import Effect, House, nothing
from bot.model.approvals import Approved, Rejected, Vote
from bot.model.events import Click, Event, Message, Reaction
from bot.model.ids import short
from bot.store import audit, outbox, plans, votes
from bot.store.plan_rows import Stored

Verdict = Literal["approve", "reject"]
Way = Literal["reaction", "click", "typed", "named"]

EMOJI: dict[str, Verdict] = {"✅": "approve", "❌": "reject"}
CANCEL = "🛑"
WORDS: dict[str, Verdict] = {"approve": "approve", "reject": "reject"}


async def reacted(house: House, event: Reaction) -> Effect:
    """✅ and ❌ vote, taking them off withdraws, 🛑 cancels; every other emoji is none of our business."""
    subject = await house.store.read(lambda connection: _subject(connection, event))
    if subject.startswith("question:") and event.added and event.emoji == "✅":
        return await questions.marked(house, event, subject.removeprefix("question:"))
    if not subject.startswith("plan:"):
        return nothing
    if event.emoji == CANCEL and event.added:
        return await cancel.asked(house, event, subject)
    verdict = EMOJI.get(event.emoji)
    if verdict is None:
        return nothing
    if event.added:
        return lambda connection: _on_card(connection, house, event, subject, verdict, "reaction")
    return lambda connection: _withdrawn(connection, house, event, subject, verdict)


async def clicked(house: House, event: Click) -> Effect:
    """A control under a card, or one of a question's choices."""
    subject = await house.store.read(lambda connection: _subject(connection, event))
    if subject.startswith("question:"):
        return await questions.answer(house, event, subject.removeprefix("question:"), event.action)
    if not subject.startswith("plan:"):
        return nothing
    if event.action == "cancel":
        return await cancel.asked(house, event, subject)
    verdict = WORDS.get(event.action)
    if verdict is None:
        return nothing
    return lambda connection: _on_card(connection, house, event, subject, verdict, "click")


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


def _subject(connection: Connection, event: Reaction | Click) -> str:
    posted = outbox.by_reference(connection, event.account.instance, event.message)
    return posted.subject if posted else ""


def fetch(connection: Connection, subject: str) -> Stored:
    """The plan that a card's post names."""
    _, plan, revision = subject.split(":")
    return plans.fetch(connection, plan, int(revision))


def _on_card(
    connection: Connection, house: House, event: Event, subject: str, verdict: Verdict, way: Way
) -> None:
    _count(connection, house, event, fetch(connection, subject), verdict, way, "")


def _withdrawn(
    connection: Connection, house: House, event: Reaction, subject: str, verdict: Verdict
) -> None:
    stored = fetch(connection, subject)
    person = house.people.who(event.account)
    if person is None or stored.state != "pending":
        return
    now = house.clock.now()
    if votes.withdraw(
        connection, stored.digest, person.name, verdict=verdict, way="reaction", at=now
    ):
        plans.touch(connection, stored.plan.id)
        audit.record(
            connection,
            "vote withdrawn",
            at=now,
            person=person.name,
            account=event.account,
            subject=stored.plan.id,
            digest=stored.digest,
        )


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
    now = house.clock.now()
    where = stored.plan.conversation
    if stored.state != "pending":
        _too_late(connection, house, event, stored)
        return
    cast = Vote("", event.account, stored.digest, verdict, event.at, way, reason)
    posted_at = outbox.sent_at(connection, card_key(stored))
    if posted_at is None and way == "named":
        _unseen(connection, house, event, stored, verdict)
        return
    admitted = gate.admit(stored.request, cast, house.people, now, card_posted_at=posted_at)
    if isinstance(admitted, NotCounted):
        say.whisper(connection, event, where, admitted.why, now)
        _recorded(
            connection,
            house,
            event,
            stored,
            "vote not counted",
            {"verdict": verdict, "rule": admitted.rule},
        )
        return
    if not votes.cast(connection, stored.plan.id, admitted):
        say.whisper(
            connection,
            event,
            where,
            f"Your {verdict} of plan {short(stored.plan.id)} is already in.",
            now,
        )
        return
    _recorded(connection, house, event, stored, "vote", {"verdict": verdict, "way": way}, reason)
    _decide(connection, house, stored)


def _unseen(
    connection: Connection, house: House, event: Event, stored: Stored, verdict: Verdict
) -> None:
    """Nobody votes on a card that nobody could read."""
    words = (
        f"Your `{verdict}` did not count: the card of plan {short(stored.plan.id)} has not come out, "
        "so nobody could read it. Ask again."
    )
    say.whisper(connection, event, stored.plan.conversation, words, house.clock.now())
    data = {"verdict": verdict, "rule": "unseen"}
    _recorded(connection, house, event, stored, "vote not counted", data)


def _too_late(connection: Connection, house: House, event: Event, stored: Stored) -> None:
    if house.people.who(event.account) is None:
        return
    state = stored.state.replace("_", " ")
    words = f"Plan {short(stored.plan.id)} is {state}; nothing was changed by your vote."
    say.whisper(connection, event, stored.plan.conversation, words, house.clock.now())


def _decide(connection: Connection, house: House, stored: Stored) -> None:
    now = house.clock.now()
    match gate.decide(stored.request, votes.standing(connection, stored.digest), house.people, now):
        case Approved(by=by):
            approve(connection, stored, ", ".join(by), house)
        case Rejected(by=by):
            plans.settle_approval(connection, stored, "rejected", by=", ".join(by), at=now)
            plans.advance(connection, stored.plan.id, "rejected", at=now)
        case _:
            plans.touch(connection, stored.plan.id)


def _recorded(
    connection: Connection,
    house: House,
    event: Event,
    stored: Stored,
    what: str,
    data: dict[str, str],
    text: str = "",
) -> None:
    person = house.people.who(event.account)
    audit.record(
        connection,
        what,
        at=house.clock.now(),
        person=person.name if person else "",
        account=event.account,
        subject=stored.plan.id,
        digest=stored.digest,
        data=data,
        text=house.redactor.redact(text),
    )
