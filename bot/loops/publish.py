"""The cards' truth. Whatever changed a plan only raised its version; this loop, started by `bot.app`, looks for plans and
questions whose card lags behind, and puts posts and edits into the outbox in the transaction that notes them as shown.

So no change is ever missed, many at once become one edit, and a crash in between is made good at the next look.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.cases import card
from bot.cases.questions import question_key
from bot.cases.views import view
from bot.house import House
from bot.loops import patience
from bot.loops.speak import Speaker
from bot.model import plans as plan_model
from bot.model.people import Conversation
from bot.model.questions import Question
from bot.report.answer import answer
from bot.report.plan import plan_card
from bot.report.question import question as question_card
from bot.report.result import result
from bot.store import outbox, plans, questions
from bot.store.plan_rows import Stored

PACE = timedelta(seconds=1)
"""Progress edits of one conversation come at most this often; every other change shows at once."""
LOOK = 5.0
"""Seconds after which the loop looks without being woken."""
_MOVING = frozenset({"running", "rolling_back"})


class Publisher:
    """One for the whole house. Remembers only when it last showed progress where. `speaker` says aloud what is to be."""

    def __init__(self, house: House, speaker: Speaker | None = None) -> None:
        self._house = house
        self._speaker = speaker
        self._last: dict[Conversation, datetime] = {}

    async def publish(self) -> None:
        """For ever: look, show, wait until something changes."""
        while True:
            waits = await self.once()
            await self._house.bus.wait("cards", PACE.total_seconds() if waits else LOOK)

    async def once(self) -> bool:
        """Show everything that lags behind. True when progress waits for its pace."""
        if not await patience.read(self._house, _lagging):
            return False
        places, waits, aloud = await patience.write(self._house, self._show)
        for instance in places:
            self._house.bus.wake(f"outbox {instance}")
        if self._speaker:
            for stored in aloud:
                self._speaker.say(stored)
        for topic in ("settled", "homes"):
            self._house.bus.wake(topic)
        return waits

    def _show(self, connection: Connection) -> tuple[set[str], bool, list[Stored]]:
        """The chats that have something to send, whether progress waits, and what is to be spoken."""
        now = self._house.clock.now()
        places: set[str] = set()
        aloud: list[Stored] = []
        waits = False
        for stored in plans.unpublished(connection):
            if self._too_soon(stored, now):
                waits = True
                continue
            if stored.state in _MOVING:
                self._last[stored.plan.conversation] = now
            places |= _card(connection, self._house, stored, now)
            plans.published(connection, stored.plan.id, stored.plan.revision, stored.version)
            if self._speaker and self._speaker.wants(stored):
                aloud.append(stored)
        for asked in questions.unposted(connection):
            _ask(connection, self._house, asked, now)
            places.add(asked.conversation.instance)
        return places, waits, aloud

    def _too_soon(self, stored: Stored, now: datetime) -> bool:
        last = self._last.get(stored.plan.conversation)
        return stored.state in _MOVING and last is not None and last <= now < last + PACE


def _lagging(connection: Connection) -> bool:
    return plans.lagging(connection) or questions.waiting(connection)


def _card(connection: Connection, house: House, stored: Stored, now: datetime) -> set[str]:
    """The card as it is now, in every place; at the end of a run the result follows its last edit, in the thread it was
    asked in. A `read` gets one answer instead. The chats that have something to send."""
    shown = view(connection, stored, house.people, now)
    ended = stored.state in plan_model.ENDS
    asked = stored.plan.conversation
    if stored.quiet:
        if ended:
            report = answer(shown, stored.account)
            key = f"answer/{stored.plan.id}/{stored.plan.revision}"
            outbox.post(connection, key, asked, report, at=now)
        return {asked.instance}
    places = card.show(connection, house, stored, plan_card(shown), now)
    if ended and shown.run is not None and shown.run.ended_at is not None:
        key = f"result/{shown.run.id}"
        outbox.post(connection, key, asked, result(shown, stored.account), at=now)
    return places | {asked.instance}


def _ask(connection: Connection, house: House, asked: Question, now: datetime) -> None:
    report = question_card(asked, deciders(connection, house, asked))
    outbox.post(
        connection,
        question_key(asked.id),
        asked.conversation,
        report,
        subject=f"question:{asked.id}",
        at=now,
    )
    questions.posted(connection, asked.id)


def deciders(connection: Connection, house: House, asked: Question) -> tuple[str, ...]:
    """Who may answer a question about a run; everybody known may answer the others."""
    if not asked.plan:
        return ()
    needs = (
        need
        for each in plans.fetch(connection, asked.plan).request.requirements
        for need in each.needs
    )
    return tuple(
        dict.fromkeys(person.name for need in needs for person in house.people.having(need.role))
    )
