"""From the outbox to a platform, in order within a conversation. Started by `bot.app` for each chat.

What could not be delivered for a passing reason goes again, later and later; what never can be is loud: in the log,
in `status` and in `parley check`.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from bot.house import House
from bot.model.errors import ParleyError, PermanentError, TemporaryError
from bot.model.ports import Chat
from bot.model.reports import Outgoing
from bot.store import outbox

log = logging.getLogger(__name__)

BATCH = 500
LOOK = 1.0
"""Seconds after which the outbox is looked at without being woken: retries fall due."""
FIRST, LONGEST = 1.0, 300.0
"""Seconds before the first retry, and at most before a later one."""


class Delivery:
    """One chat's sender. Batches run side by side, a conversation's messages never."""

    def __init__(self, house: House, instance: str, chat: Chat, group: asyncio.TaskGroup) -> None:
        self._house = house
        self._instance = instance
        self._chat = chat
        self._group = group
        self._tries: dict[int, int] = {}
        self.sending = 0

    async def deliver(self) -> None:
        """For ever: take what may go, mark it, send it."""
        while True:
            taken = await self._take()
            if not taken:
                await self._house.bus.wait(f"outbox {self._instance}", LOOK)
                continue
            self.sending += 1
            self._group.create_task(self._batch(taken))

    async def _take(self) -> list[Outgoing]:
        """What may go now, marked in the same transaction: an edit that comes later finds it on its way."""
        now = self._house.clock.now()
        if not await self._house.store.read(lambda c: outbox.undelivered(c, self._instance)):
            return []
        return await self._house.store.write(
            lambda c: outbox.claim(c, now, BATCH, instance=self._instance, each=20)
        )

    async def _batch(self, taken: Sequence[Outgoing]) -> None:
        try:
            threads = groupby(sorted(taken, key=_place), key=_place)
            sent = await asyncio.gather(*(self._thread(list(each)) for _, each in threads))
            done = [pair for pairs in sent for pair in pairs]
            now = self._house.clock.now()
            await self._house.store.write(lambda connection: outbox.sent_all(connection, done, now))
        finally:
            self.sending -= 1
        self._house.bus.wake("settled")
        self._house.bus.wake(f"outbox {self._instance}")

    async def _thread(self, messages: Sequence[Outgoing]) -> list[tuple[int, str]]:
        """A conversation's messages one after another; behind the first that does not come out, the rest waits."""
        done: list[tuple[int, str]] = []
        for position, message in enumerate(messages):
            try:
                done.append((message.number, await self._chat.send(message)))
                self._tries.pop(message.number, None)
            except TemporaryError as error:
                await self._later(messages[position:], error)
                break
            except ParleyError as error:
                await self._never(message, error)
            except Exception as error:
                log.exception("chat %s broke while sending", self._instance)
                await self._never(message, PermanentError(f"The adapter broke: {error!r}."))
        return done

    async def _later(self, waiting: Sequence[Outgoing], error: TemporaryError) -> None:
        first = waiting[0].number
        tries = self._tries[first] = self._tries.get(first, 0) + 1
        seconds = error.after if error.after is not None else min(LONGEST, FIRST * 2 ** (tries - 1))
        due = self._house.clock.now() + timedelta(seconds=seconds)
        log.warning(
            "chat %s did not take a message, again in %.0f s: %s", self._instance, seconds, error
        )
        for each in waiting:
            number, maybe = each.number, each.number == first and error.after is None
            await self._house.store.write(
                lambda connection, number=number, maybe=maybe: outbox.retry(  # type: ignore[misc]  # bound defaults
                    connection, number, str(error), due, uncertain=maybe
                )
            )

    async def _never(self, message: Outgoing, error: ParleyError) -> None:
        log.error("chat %s refused a message for good: %s", self._instance, error)
        self._house.health[self._instance] = f"a message could not be delivered: {error}"
        await self._house.store.write(
            lambda connection: outbox.undeliverable(connection, message.number, str(error))
        )


def _place(message: Outgoing) -> tuple[str, str]:
    return message.conversation.room, message.conversation.thread
