"""`ask web1 why the site is slow`: an investigation's beginning and its ends without an answer. Begun by the request case; what
lies between is `bot.cases.looking`, which a bot without a model never loads."""

import re
from collections.abc import Sequence

from sqlalchemy import Connection

from bot.cases.wish import Wish
from bot.house import Effect, House
from bot.model.errors import ParleyError
from bot.model.ids import new_id
from bot.model.investigations import Investigation
from bot.model.plans import Agent
from bot.report import refusal
from bot.store import investigations, outbox

_MEANT = re.compile(
    r"\s*(?:please\s+|can you\s+|could you\s+)*(?:ask|investigate|diagnose|find out|look into|figure out|why)\b",
    re.IGNORECASE,
)


def is_meant(house: House, text: str) -> bool:
    """Whether words ask for an investigation. Without a model there is none."""
    return house.models is not None and bool(_MEANT.match(text))


def begin(house: House, wish: Wish, agents: Sequence[Agent], text: str) -> Effect:
    """It begins when the message is committed."""
    now = house.clock.now()
    begun = Investigation(
        new_id(now),
        wish.conversation,
        wish.event.account,
        wish.requesters[-1],
        text,
        tuple(agent.name for agent in agents),
        wish.spoken,
    )

    def effect(connection: Connection) -> None:
        investigations.begin(connection, begun, now)

    return effect


def gave_up(connection: Connection, house: House, asked: Investigation, why: ParleyError) -> None:
    """It is said that there will be no answer."""
    now = house.clock.now()
    if investigations.end(connection, asked.id, "failed", now):
        report = refusal.error(why.what, why.mend, mention=asked.account)
        outbox.put(connection, key(asked), asked.conversation, report, at=now)


def interrupted(connection: Connection, house: House) -> list[Investigation]:
    """At the start: what an earlier process was looking into is over, and said to be."""
    now = house.clock.now()
    left = investigations.running(connection)
    for each in left:
        if investigations.end(connection, each.id, "interrupted", now):
            report = refusal.error(
                "I was ended while I looked into this.", "Ask again.", mention=each.account
            )
            outbox.put(connection, key(each), each.conversation, report, at=now)
    return left


def key(asked: Investigation) -> str:
    """Of the one post that answers it."""
    return f"inquiry/{asked.id}"
