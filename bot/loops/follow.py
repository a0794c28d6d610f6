"""What follows a committed effect: posts go out, runs and cards are woken. Used by `bot.loops.dispatch`; `bot.loops.deliver` sends."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.house import House
from bot.loops.deliver import Delivery
from bot.loops.share import share
from bot.model.events import Event, Message
from bot.model.reports import Outgoing
from bot.store import due

GLANCE = "👀"
AFTER_RUN = 0.005
"""Seconds that cards wait behind a run that is about to begin."""


@dataclass(frozen=True, slots=True)
class Due:
    """What an effect left to do: posts that were claimed, by chat instance, and whether a run or a card waits."""

    posts: dict[str, list[Outgoing]]
    run: bool
    card: bool


class Follow:
    """`deliveries` are by chat instance; tasks start in `group`."""

    def __init__(
        self, house: House, deliveries: Mapping[str, Delivery], group: asyncio.TaskGroup
    ) -> None:
        self._house = house
        self._deliveries = deliveries
        self._group = group

    def serves(self, instance: str) -> bool:
        return instance in self._deliveries

    def claim(self, instances: Iterable[str]) -> Callable[[Connection], Due]:
        """For the end of a transaction of effects: claims what they said to these chats."""
        chats = [name for name in dict.fromkeys(instances) if name in self._deliveries]

        def look(connection: Connection) -> Due:
            posts = {name: self._deliveries[name].claim(connection) for name in chats}
            return Due(posts, *due.look(connection))

        return look

    def begin(self, seen: Iterable[Event], left: Due | None) -> None:
        """The first sign of life for what was seen, and what is left to do. Returns at once."""
        self.glance(seen)
        if left is not None:
            self.go(left)

    def go(self, left: Due) -> None:
        """After the commit. A run first: its claim shall not wait for a card. Returns at once."""
        for instance, posts in left.posts.items():
            if posts:
                self._deliveries[instance].begin(posts)
        if left.run:
            self._house.bus.wake("runs")
        if left.run or left.card:
            later = AFTER_RUN if left.run else 0.0
            asyncio.get_running_loop().call_later(later, self._house.bus.wake, "cards")

    def glance(self, events: Iterable[Event]) -> None:
        """The first sign of life, before anything is said. Not worth a row: a repeated 👀 changes nothing."""
        seen = [each for each in events if isinstance(each, Message) and each.addressed]
        share(self._group, (each for each in seen if self.serves(each.account.instance)), self._see)

    async def _see(self, event: Message) -> None:
        key = f"seen/{event.id}"
        sign = Outgoing(key, 0, event.conversation, "react", message=event.id, emoji=GLANCE)
        await self._deliveries[event.account.instance].glance(sign)
