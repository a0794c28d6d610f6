"""What follows a committed effect: posts go out, runs and cards are woken. Used by `bot.loops.dispatch`; `bot.loops.deliver` sends."""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from sqlalchemy import Connection

from bot.house import House
from bot.loops.deliver import Delivery
from bot.model.events import Event, Message
from bot.model.reports import Outgoing
from bot.store import due

GLANCE = "👀"
AFTER_RUN = 0.005
"""Seconds that cards wait behind a run that is about to begin."""


class Due(Struct, frozen=True):
    """What an effect left to do: posts that were claimed, by chat instance, and whether a run or a card waits."""

    posts: dict[str, list[Outgoing]]
    run: bool
    card: bool


class Follow:
    """`deliveries` are by chat instance."""

    def __init__(self, house: House, deliveries: Mapping[str, Delivery]) -> None:
        self._house = house
        self._deliveries = deliveries

    def serves(self, instance: str) -> bool:
        return instance in self._deliveries

    def claim(self, instances: Iterable[str]) -> Callable[[Connection], Due]:
        """For the end of a transaction of effects: claims what they said to these chats."""
        chats = [name for name in dict.fromkeys(instances) if name in self._deliveries]

        def look(connection: Connection) -> Due:
            posts = {name: self._deliveries[name].claim(connection) for name in chats}
            return Due(posts, *due.look(connection))

        return look

    def begin(self, seen: Iterable[Event], left: Due | None = None) -> None:
        """The first sign of life for what was seen, and what is left to do, after the commit. Returns at once."""
        signs = self._signs(seen)
        posts = left.posts if left is not None else {}
        for instance in dict.fromkeys((*signs, *posts)):
            self._deliveries[instance].begin(posts.get(instance, ()), signs.get(instance, ()))
        if left is not None:
            self._wake(left)

    def _signs(self, events: Iterable[Event]) -> dict[str, list[Outgoing]]:
        """What is seen, by chat instance. Not worth a row: a repeated 👀 changes nothing."""
        signs: dict[str, list[Outgoing]] = {}
        for each in events:
            instance = each.account.instance
            if isinstance(each, Message) and each.addressed and self.serves(instance):
                where, key = each.conversation, f"seen/{each.id}"
                sign = Outgoing(key, 0, where, "react", message=each.id, emoji=GLANCE)
                signs.setdefault(instance, []).append(sign)
        return signs

    def _wake(self, left: Due) -> None:
        """A run first: its claim shall not wait for a card."""
        if left.run:
            self._house.bus.wake("runs")
        if left.run or left.card:
            later = AFTER_RUN if left.run else 0.0
            asyncio.get_running_loop().call_later(later, self._house.bus.wake, "cards")
