"""Audit rows of what was heard and refused, in the transaction of their effect. Called by the request, reply and pursue cases.

Votes, answers and switches have rows of their own, made where they are decided.
"""

from sqlalchemy import Connection

from bot.house import Effect, House
from bot.model.events import Event, Message
from bot.store import audit


def acted_on(house: House, event: Message, effect: Effect) -> Effect:
    """The effect, and that somebody's words led to it. The words are free of secrets since they were stored."""

    def commit(connection: Connection) -> None:
        person = house.people.who(event.account)
        audit.record(
            connection,
            "message",
            at=house.clock.now(),
            person=person.name if person else "",
            account=event.account,
            subject=event.id,
            data={"spoken": True} if event.spoken else None,
            text=event.text,
        )
        effect(connection)

    return commit


def refused(connection: Connection, house: House, event: Event, rule: str) -> None:
    """Somebody's wish was refused, and by which rule."""
    person = house.people.who(event.account)
    audit.record(
        connection,
        "refused",
        at=house.clock.now(),
        person=person.name if person else "",
        account=event.account,
        subject=event.id,
        data={"rule": rule},
    )
