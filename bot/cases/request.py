"""A mention: somebody wants something new. Called by `bot.flow`."""

from sqlalchemy import Connection

from approvals import gate
from bot import words
from bot.cases import command, record, say, spoken
from bot.cases.begin import begin
from bot.cases.pursue import pursue, said
from bot.cases.wish import Wish
from bot.house import Effect, House
from bot.model.events import Message
from bot.model.people import Person
from bot.model.ports import Unclear
from bot.model.sections import Refusal
from bot.report.question import LATE_CHOICES, late


async def handle(house: House, event: Message) -> Effect:
    """A command word, or a request to be planned."""
    person = gate.requester(event.account, house.people)
    if isinstance(person, Refusal):
        return stranger(house, event, person)
    return record.acted_on(house, event, await _wanted(house, event, person))


def stranger(house: House, event: Message, refusal: Refusal) -> Effect:
    """Somebody unknown wants something."""

    def effect(connection: Connection) -> None:
        say.stranger(connection, event, event.conversation, refusal.why, house.clock.now())
        record.refused(connection, house, event, refusal.rule)

    return effect


async def _wanted(house: House, event: Message, person: Person) -> Effect:
    wanted = words.parse(event.text, addressed=True)
    if event.spoken and not isinstance(wanted, words.Show | None):
        return spoken.refused(house, event)
    if wanted is not None:
        return await command.handle(house, event, person, wanted)
    wish = Wish(event, event.conversation, event.text.strip(), (person.name,), event.spoken)
    now = house.clock.now()
    if now - event.at > house.late:
        asked = Unclear("wanted", late(wish.request, event.at, now), LATE_CHOICES)
        return await pursue(house, wish, asked)
    if not wish.request:
        return said(house, wish, command.help_words(house, wish.conversation))
    return await begin(house, wish)
