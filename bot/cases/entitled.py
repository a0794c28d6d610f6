"""Who may do something to a plan, told privately where not; and the row that says who did it. Called by every case behind a
control: hold, mark, undo, again, cancel, vote."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from approvals.gate import NotCounted
from approvals.people import People
from bot.cases import card, say
from bot.house import House
from bot.model.approvals import ApprovalRequest
from bot.model.events import Event
from bot.model.people import Account, Person
from bot.store import audit
from bot.store.plan_rows import Stored

May = Callable[[ApprovalRequest, Account, People], Person | NotCounted]


def entitled(
    connection: Connection, house: House, event: Event, stored: Stored, action: str, may: May
) -> Person | None:
    """The person who made the event, where `may` lets them; else None, with a word to them alone and a row."""
    person = may(stored.request, event.account, house.people)
    if isinstance(person, Person):
        return person
    told(connection, house, event, stored, person.why)
    data = {"action": action, "rule": person.rule}
    recorded(connection, house, event, stored, "not counted", data)
    return None


def told(connection: Connection, house: House, event: Event, stored: Stored, words: str) -> None:
    """A private word where they pressed or wrote, which need not be where the plan was asked."""
    where = card.pressed_in(connection, event, stored)
    say.whisper(connection, event, where, words, house.clock.now())


def recorded(
    connection: Connection,
    house: House,
    event: Event,
    stored: Stored,
    what: str,
    data: Mapping[str, str] | None = None,
    text: str = "",
) -> None:
    """What somebody did to this revision."""
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
