"""The Matrix chat: `ports.Chat` over one login. Made by `bot.app` through `settings.load`, one for each `[chat.NAME]`.

`listen` asks for news from a cursor and hands them over at once; only when it is resumed, and so they are stored, does
it answer invitations and ask further. Nothing is kept here that a restart would miss.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nio.crypto import ENCRYPTION_ENABLED

from adapters.chat.matrix import files
from adapters.chat.matrix.delivery import Delivery, annotations
from adapters.chat.matrix.hearing import Hearing
from adapters.chat.matrix.rooms import Rooms
from adapters.chat.matrix.settings import Settings
from adapters.chat.matrix.socket import DEAD_LOGIN, Json, Socket
from bot.model.errors import PermanentError, TemporaryError
from bot.model.events import Batch, Event, File, Reaction
from bot.model.ports import Clock, Shown
from bot.model.reports import Outgoing

if TYPE_CHECKING:  # it needs the extra
    from adapters.chat.matrix.encryption import Encryption

LONGEST_WAIT = 30.0
"""Seconds between two tries to reach a server that does not answer."""

log = logging.getLogger(__name__)


class Matrix:
    """One chat platform instance. `name` is the bot's configured name, `data` the folder for the kept login."""

    def __init__(
        self, instance: str, settings: Settings, name: str, data: Path, clock: Clock
    ) -> None:
        self._instance = instance
        self._clock = clock
        self._socket = Socket(instance, settings, data)
        self._rooms = Rooms(self._socket)
        self._encryption = _encryption(instance, self._socket, data, clock)
        self._delivery = Delivery(instance, self._socket, self._rooms, self._encryption)
        self._hearing = Hearing(instance, self._socket, self._rooms, self._encryption, name, clock)
        self.trouble = "not connected yet"

    async def close(self) -> None:
        """Close the connection. What was heard and not handed over is heard again."""
        await self._socket.close()
        if self._encryption is not None:
            await self._encryption.close()

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        """See `ports.Chat`. The first batch of a new account is empty: it only carries the position to begin at."""
        arrived, failures = False, 0
        while True:
            try:
                batch = await self._next(cursor, arrived=arrived)
            except TemporaryError as error:
                failures += 1
                wait = error.after or min(LONGEST_WAIT, 0.25 * 2 ** min(failures, 10))
                log.warning("%s: %s Next try in %.1f s.", self._instance, error, wait)
                self.trouble = str(error)
                await self._clock.sleep(wait)
                continue
            self.trouble = ""
            if _tells(batch) or cursor is None:
                yield batch
            arrived, failures, cursor = True, 0, batch.cursor
            self._hearing.keep()
            await self._rooms.follow()
            if self._encryption is not None:
                await self._encryption.follow()

    async def _next(self, cursor: str | None, *, arrived: bool) -> Batch:
        await self._ready()
        if arrived and cursor:
            return await self._hearing.hear(cursor)
        return await self._hearing.arrive(cursor)

    async def fetch(self, file: File, limit: int) -> bytes:
        """See `ports.Fetches`."""
        await self._socket.ready()
        return await files.fetch(self._socket, file, limit)

    async def send(self, outgoing: Outgoing) -> str:
        """See `ports.Chat`. The reference is the event id."""
        await self._ready()
        match outgoing:
            case Outgoing(kind="post", report=report) if report is not None:
                return await self._delivery.post(outgoing, report)
            case Outgoing(kind="edit", report=report, message=str(message)) if report is not None:
                return await self._delivery.edit(outgoing, report, message)
            case Outgoing(kind="react", message=str(message), emoji=str(emoji)):
                return await self._delivery.react(outgoing, message, emoji)
            case _:
                what = f"An outgoing {outgoing.kind} lacks a part of it."
                raise PermanentError(what, reason="malformed")

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        """See `ports.Chat`. What was put has its own event id; what is gone has one of this moment, since the same
        reaction may go twice. Messages that can no longer be read are passed over."""
        await self._socket.ready()
        events: list[Event] = []
        for each in shown:
            try:
                found = await annotations(self._socket, each.conversation.room, each.message)
            except PermanentError as error:
                if error.reason in DEAD_LOGIN:
                    raise
                log.warning("reactions on %s cannot be read: %s", each.message, error)
                continue
            events.extend(self._differences(each, found))
        return events

    def _differences(self, shown: Shown, found: list[Json]) -> list[Event]:
        bot = self._hearing.bot
        there: dict[tuple[object, str], Reaction] = {}
        for event in reversed(found):
            put = self._hearing.reactions.add(event, shown.conversation.room, bot)
            if put is not None:
                there[put.account, put.emoji] = put
        events: list[Event] = [put for pair, put in there.items() if pair not in shown.known]
        now = self._clock.now()
        for account, emoji in shown.known:
            if (account, emoji) not in there and account.user != bot.user:
                id = f"gone:{shown.message}:{account.user}:{emoji}:{now.timestamp():.6f}"
                events.append(Reaction(id, account, shown.message, emoji, added=False, at=now))
        return events

    async def _ready(self) -> None:
        await self._socket.ready()
        if self._encryption is not None and not self._socket.device:
            log.warning("%s: a token without a device cannot read encrypted rooms", self._instance)
            self._encryption = self._delivery.encryption = self._hearing.encryption = None
        if self._encryption is not None:
            await self._encryption.ready()


def _tells(batch: Batch) -> bool:
    return bool(batch.events or batch.lost or batch.gone or batch.closed)


def _encryption(instance: str, socket: Socket, data: Path, clock: Clock) -> "Encryption | None":
    """Encrypted rooms, where the extra for them is installed."""
    if not ENCRYPTION_ENABLED:
        return None
    # it imports what only the extra brings
    from adapters.chat.matrix.encryption import Encryption

    return Encryption(instance, socket, data, clock)
