"""Chats that take nothing for long, told to the operators once, and once more when they are back. A job of `bot.app`.

What is refused for good is told at once by `bot.cases.undelivered`; here it is what goes on failing: a server that is down, a
limit that never ends, a login that died. It is read in the outbox, and so is what was told: a restart forgets neither.
"""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.cases import undelivered
from bot.house import House
from bot.model.reports import Report
from bot.report import trouble
from bot.store import outbox, posts
from bot.store.posts import Stuck

log = logging.getLogger(__name__)

LONG = timedelta(minutes=5)
"""After which a chat that takes nothing is worth a word elsewhere."""


class Troubles:
    """One for the whole house, of the chats that are served here. Remembers since when it has seen each of them stuck."""

    def __init__(self, house: House, chats: Collection[str]) -> None:
        self._house = house
        self._chats = tuple(chats)
        self._since: dict[str, datetime] = {}

    async def look(self) -> None:
        """Tell what has become long, and what is over; while it lasts, nothing waits there unseen."""
        house, now = self._house, self._house.clock.now()
        stuck = {each.instance: each for each in await house.store.read(posts.stuck)}
        told = await house.store.read(lambda c: _told(c, self._chats))
        self._since = {name: self._since.get(name, now) for name in stuck}
        long = {name: stuck[name] for name, since in self._since.items() if now - since >= LONG}
        self._note(long)
        over = {name: at for name, at in told.items() if name not in stuck}
        if long or over or house.down:
            fresh = {name: each for name, each in long.items() if name not in told}
            await house.store.write(lambda c: self._tell(c, fresh, over, now))
            if house.operators is not None:
                house.bus.wake(f"outbox {house.operators.instance}")

    def _note(self, long: Mapping[str, Stuck]) -> None:
        """For `/healthz`, `status` and the log."""
        stuck = self._house.stuck
        for name in [each for each in stuck if each not in long]:
            log.warning("chat %s takes messages again", name)
            del stuck[name]
        for name, each in long.items():
            if name not in stuck:
                log.error(
                    "chat %s takes nothing, %d messages wait: %s", name, each.count, each.words
                )
            stuck[name] = f"takes nothing: {each.words}"

    def _tell(
        self,
        connection: Connection,
        fresh: Mapping[str, Stuck],
        over: Mapping[str, datetime],
        now: datetime,
    ) -> None:
        house = self._house
        for name, each in fresh.items():
            since = self._since[name]
            report = trouble.away(name, each.words, now - since, each.count)
            self._say(connection, name, f"{_AWAY}/{name}/{since.isoformat()}", report, now)
        for name, since in over.items():
            report = trouble.back(name, now - since)
            self._say(connection, name, f"{_BACK}/{name}/{since.isoformat()}", report, now)
        for name, why in house.down.items():
            key = f"trouble/down/{name}/{house.started_at.isoformat()}"
            self._say(connection, name, key, trouble.down(name, why), now)
        undelivered.unseen(connection, house, {*house.stuck, *house.down})

    def _say(
        self, connection: Connection, about: str, key: str, report: Report, now: datetime
    ) -> None:
        """Once, and never in the very chat that is in trouble."""
        operators = self._house.operators
        if operators is not None and operators.instance != about:
            outbox.post(connection, key, operators, report, at=now)


_AWAY, _BACK = "trouble/away", "trouble/back"


def _told(connection: Connection, chats: Collection[str]) -> dict[str, datetime]:
    """The chats that were said to take nothing and not yet to be back, and since when they took nothing."""
    found = {}
    for name in chats:
        for post in posts.under(connection, f"{_AWAY}/{name}")[-1:]:
            since = post.key.rpartition("/")[2]
            if not outbox.known(connection, f"{_BACK}/{name}/{since}"):
                found[name] = datetime.fromisoformat(since)
    return found
