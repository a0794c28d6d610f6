"""From the outbox to a platform, in order within a conversation. Started by `bot.app` for each chat; `bot.loops.dispatch` hands
over what it has just claimed.

What could not be delivered for a passing reason goes again, later and later; what never can be is loud, and goes elsewhere
where it matters: `bot.cases.undelivered`.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

from msgspec.structs import replace
from sqlalchemy import Connection

from bot.cases import undelivered
from bot.house import House
from bot.loops import patience
from bot.loops.share import share
from bot.metrics import FAILURES, POSTS
from bot.model.errors import (
    LoginError,
    ParleyError,
    PermanentError,
    TemporaryError,
    TransitionError,
)
from bot.model.people import Conversation
from bot.model.ports import Chat
from bot.model.reports import Outgoing
from bot.store import outbox
from bot.store.transaction import Raised

log = logging.getLogger(__name__)

BATCH = 1000
EACH = 20
"""Messages claimed at once, in all and of one conversation."""
LOOK = 1.0
"""Seconds after which the outbox is looked at without being woken: retries fall due."""
LINGER = 0.1
"""Seconds that the note that something came out may wait for others like it, where nobody could react to it."""
FIRST, LONGEST = 1.0, 300.0
"""Seconds before the first retry, and at most before a later one."""
ANSWERS = frozenset({"answer", "refusal", "error", "result"})
"""Reports that nobody can vote on: their reference may be noted a little later."""


class Delivery:
    """One chat's sender. Batches run side by side, a conversation's messages never."""

    def __init__(self, house: House, instance: str, chat: Chat, group: asyncio.TaskGroup) -> None:
        self._house = house
        self._instance = instance
        self._chat = chat
        self._group = group
        self._tries: dict[int, int] = {}
        self._sent: list[tuple[int, str]] = []
        self.dead = False

    async def deliver(self) -> None:
        """Until the login is dead: take what may go, mark it, send it."""
        while not self.dead:
            taken = await self._take()
            if taken:
                self.begin(taken)
            else:
                await self._house.bus.wait(f"outbox {self._instance}", LOOK)

    async def _take(self) -> list[Outgoing]:
        if self.dead or not await patience.read(
            self._house, lambda c: outbox.undelivered(c, self._instance)
        ):
            return []
        return await patience.write(self._house, self.claim)

    def claim(self, connection: Connection) -> list[Outgoing]:
        """What may go now, marked in the same transaction: an edit that comes later finds it on its way."""
        if self.dead:
            return []
        now = self._house.clock.now()
        return outbox.claim(connection, now, BATCH, instance=self._instance, each=EACH)

    def begin(self, taken: Iterable[Outgoing], signs: Iterable[Outgoing] = ()) -> None:
        """Send these signs of life, and what was claimed. Returns at once."""
        threads: dict[Conversation, list[Outgoing]] = {}
        for each in taken:
            threads.setdefault(each.conversation, []).append(each)
        first = (partial(self._sign, sign) for sign in signs)
        then = (partial(self._thread, messages) for messages in threads.values())
        share(self._group, (*first, *then))

    async def _sign(self, sign: Outgoing) -> None:
        """A sign of life, which is not worth a row; that it fails is only noted."""
        try:
            await self._chat.send(sign)
        except ParleyError as error:
            log.info("no sign of life in %s: %s", self._instance, error)
        except Exception:  # an adapter's own mistake must not end the others
            log.exception("chat %s broke over a sign of life", self._instance)

    async def _thread(self, messages: Sequence[Outgoing]) -> None:
        await self._send(messages)
        self._house.bus.wake("noted")

    async def _send(self, messages: Sequence[Outgoing]) -> None:
        """A conversation's messages one after another; behind the first that does not come out, the rest waits."""
        out: dict[str, str] = {}
        for position, taken in enumerate(messages):
            message = _of_post(taken, out)
            if message is None:
                continue
            try:
                out[message.key] = _storable(await self._chat.send(message))
                await self._out(message, out[message.key])
            except TemporaryError as error:
                return await self._later(messages[position:], error)
            except LoginError as error:
                return await self._die(messages[position:], error)
            except ParleyError as error:
                await self._never(message, error)
            except Exception as error:  # an adapter's own mistake must not block the conversation
                log.exception("chat %s broke while sending", self._instance)
                await self._never(message, PermanentError(f"The adapter broke: {error!r}."))
        return None

    async def _out(self, message: Outgoing, reference: str) -> None:
        """It came out. Where people can react to it that is noted at once, else with others like it."""
        self._tries.pop(message.number, None)
        self._house.metrics.count(POSTS, self._instance, message.kind)
        first = not self._sent
        self._sent.append((message.number, reference))
        if not _final(message):
            await self._note()
            if (
                message.uncertain
            ):  # people may have reacted to it long ago, when nobody here knew it
                self._house.bus.wake(f"reread {self._instance}")
        elif first:
            self._group.create_task(self._linger())

    async def _linger(self) -> None:
        await self._house.clock.sleep(LINGER)
        await self._note()

    async def _note(self) -> None:
        """That these came out, in one commit; what stood behind them goes next."""
        done, self._sent = self._sent, []
        if done:
            now = self._house.clock.now()
            note = partial(outbox.sent_all, sent=done, at=now)
            writes: list[Callable[[Connection], list[Outgoing] | None]] = [note, self.claim]
            noted, taken = await patience.write_all(self._house, writes)
            if isinstance(noted, Raised):
                raise noted.error
            if isinstance(taken, list) and taken:
                self.begin(taken)
        for topic in ("settled", "noted"):
            self._house.bus.wake(topic)

    async def _die(self, waiting: Sequence[Outgoing], error: LoginError) -> None:
        """The login is dead: what was to be said waits for the next start."""
        log.error("chat %s says nothing any more: %s", self._instance, error)
        self.dead = True
        self._failed(error, final=False)
        self._house.down[self._instance] = str(error)
        await self._again(waiting, str(error), FIRST, uncertain=False)

    async def _later(self, waiting: Sequence[Outgoing], error: TemporaryError) -> None:
        first = waiting[0].number
        tries = self._tries[first] = self._tries.get(first, 0) + 1
        backoff = min(LONGEST, FIRST * 2.0 ** (tries - 1))
        seconds = error.after if error.after is not None else backoff
        log.warning("chat %s: again in %.0f s: %s", self._instance, seconds, error)
        self._failed(error, final=False)
        uncertain = error.out or error.after is None
        await self._again(waiting, str(error), seconds, uncertain=uncertain)

    async def _again(
        self, waiting: Sequence[Outgoing], words: str, seconds: float, *, uncertain: bool
    ) -> None:
        due = self._house.clock.now() + timedelta(seconds=seconds)
        first = waiting[0].number

        def again(connection: Connection) -> None:
            for each in waiting:
                maybe = uncertain and each.number == first
                with suppress(TransitionError):  # an edit went with its post, which was refused
                    outbox.retry(connection, each.number, words, due, uncertain=maybe)

        await patience.write(self._house, again)

    async def _never(self, message: Outgoing, error: ParleyError) -> None:
        log.error("chat %s refused a message for good: %s", self._instance, error)
        self._tries.pop(message.number, None)
        self._failed(error, final=True)
        try:
            await patience.write(
                self._house, lambda c: undelivered.refused(c, self._house, message, error)
            )
        except Exception:  # what cannot be said elsewhere must not block the conversation
            log.exception("nothing could be done instead of message %d", message.number)
            await patience.write(
                self._house, lambda c: outbox.undeliverable(c, message.number, str(error))
            )
        undelivered.wake(self._house, self._instance)

    def _failed(self, error: ParleyError, *, final: bool) -> None:
        labels = (self._instance, error.reason, "yes" if final else "no")
        self._house.metrics.count(FAILURES, *labels)


def _of_post(message: Outgoing, out: dict[str, str]) -> Outgoing | None:
    """An edit that was taken together with the post it changes: the reference is known since that came out; None when it
    was refused, and its edits with it."""
    if message.kind != "edit" or message.message is not None:
        return message
    reference = out.get(message.key.rpartition("/")[0])
    return replace(message, message=reference) if reference is not None else None


def _storable(reference: str) -> str:
    """As the database can hold it: a platform may send half of a character."""
    return reference.encode("utf8", "replace").decode("utf8")


def _final(message: Outgoing) -> bool:
    """Whether nobody can react to it in a way that matters."""
    return message.kind != "post" or (message.report is not None and message.report.kind in ANSWERS)
