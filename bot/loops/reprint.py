"""At the start: open cards and questions are shown again where the screen begins empty. Called by `bot.app`."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from bot.cases import card
from bot.cases.questions import question_key
from bot.cases.views import view
from bot.house import House
from bot.loops.publish import deciders
from bot.model import plans as plan_model
from bot.report.plan import plan_card
from bot.report.question import question as question_card
from bot.store import outbox, plans, questions
from bot.store.plan_rows import Stored


async def reprint(house: House, instances: Collection[str]) -> None:
    """Every open card and question of these chats, as edits, before anything else is said there."""
    if instances:
        await house.store.write(lambda connection: _again(connection, house, instances))


def _again(connection: Connection, house: House, instances: Collection[str]) -> None:
    now = house.clock.now()
    open_states = [state for state in plan_model.TRANSITIONS if state not in plan_model.ENDS]
    for stored in reversed(plans.in_state(connection, *open_states)):
        _cards(connection, house, stored, instances, now)
    for asked in questions.open_ones(connection):
        key = question_key(asked.id)
        if asked.conversation.instance in instances and outbox.known(connection, key):
            outbox.edit(
                connection, key, question_card(asked, deciders(connection, house, asked)), now
            )


def _cards(
    connection: Connection,
    house: House,
    stored: Stored,
    instances: Collection[str],
    now: datetime,
) -> None:
    here = [
        each
        for each in card.cards(connection, stored)
        if each.stands and each.conversation.instance in instances
    ]
    if here:
        report = plan_card(view(connection, stored, house.people, now))
        for each in here:
            outbox.edit(connection, each.key, report, now)
