"""What models may cost and have cost today. Asked by `bot.cases.think` before one is asked, and by the `status` command."""

from datetime import datetime

from sqlalchemy import Connection

from bot.house import House
from bot.llm import Budget
from bot.model.people import Conversation
from bot.report import cost
from bot.report.safe import line
from bot.store import spending


def spent(
    connection: Connection, budget: Budget, person: str, where: Conversation, since: datetime
) -> str:
    """Why no model may be asked any more today; "" while one may."""
    own = spending.of_person(connection, person, since)
    tokens = budget.tokens and own.tokens >= budget.tokens
    if tokens or (budget.dollars and own.dollars >= budget.dollars):
        return f"{person}'s budget for models is spent until midnight UTC, so none was asked."
    if budget.channel_dollars:
        room = spending.of_room(connection, where, since)
        if room.dollars >= budget.channel_dollars:
            return "This room's budget for models is spent until midnight UTC, so none was asked."
    return ""


def today(now: datetime) -> datetime:
    """When the day began, which is a UTC day."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def models_today(connection: Connection, house: House) -> tuple[str, ...]:
    """What models have cost today, who spent most, and which of them does not answer."""
    if house.models is None:
        return ()
    since = today(house.clock.now())
    people = spending.by_person(connection, since)
    shown = [f"{line(name)}: {cost.amount(theirs)}" for name, theirs in people[:3]]
    troubles = [
        f"{each.name}: {each.trouble}" for each in house.models.router.providers if each.trouble
    ]
    return tuple(filter(None, (cost.of_day(spending.of_all(connection, since)), *shown, *troubles)))
