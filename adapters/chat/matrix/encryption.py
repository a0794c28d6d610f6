"""Encrypted rooms, as `adapter` and `delivery` see them. There is none of it without the extra `matrix-nio[e2e]`.

`hear` and `read` come before a batch is handed over, and leave everything stored; `follow` comes when it was taken.
"""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path

from nio.crypto import encrypt_attachment

from adapters.chat.matrix import render, translate
from adapters.chat.matrix.crypto import Crypto
from adapters.chat.matrix.sharing import Sharing
from adapters.chat.matrix.socket import DEAD_LOGIN, Json, Socket, path
from adapters.chat.matrix.waiting import Held, Waiting
from bot.model.errors import PermanentError, TemporaryError
from bot.model.ports import Clock

PATIENCE = timedelta(minutes=1)
"""How long a message waits for its key before its room is told."""

QUIET_SECONDS = 3600.0
"""A room is told at most this often: nobody makes the bot talk by sending what it cannot read."""

UNREADABLE = (
    "I could not read a message here: the key to it never reached me. Please send it again."
)
log = logging.getLogger(__name__)


class Encryption:
    """The encrypted side of one login."""

    def __init__(self, instance: str, socket: Socket, data: Path, clock: Clock) -> None:
        self._socket = socket
        self._clock = clock
        self._crypto = Crypto(instance, socket, data)
        self.rooms = Sharing(self._crypto, socket, clock)
        self._waiting = Waiting(data / f"matrix-{instance}.waiting.json")
        self._done: list[Held] = []
        self._told: dict[str, float] = {}
        self._entering = asyncio.Lock()

    async def ready(self) -> None:
        """Open the keys and make this device known, once. Raises TemporaryError, PermanentError."""
        async with self._entering:
            await self._crypto.ready()

    async def close(self) -> None:
        await self._crypto.close()

    def hear(self, answer: Json) -> list[tuple[Json, str]]:
        """Take the keys that a sync brought. The events that they open, which waited, each with its room."""
        self._crypto.hear(answer)
        self._done = []  # those of a batch that was never handed over wait on
        found: list[tuple[Json, str]] = []
        for held in self._waiting.all():
            event = self._crypto.read(held.event, held.room)
            if event is None:
                continue
            self._done.append(held)
            # all else counts only where the server saw it
            if event.get("type") == "m.room.message":
                found.append((event, held.room))
        return found

    def read(self, event: Json, room: str) -> Json | None:
        """The event inside an `m.room.encrypted`; None when it cannot be read."""
        return self._crypto.read(event, room)

    def hold(self, event: Json, room: str) -> None:
        """Keep an event until its key comes, from `save` on."""
        if event.get("content"):  # else it was taken back
            self._waiting.add(event, room, self._clock.now())

    def save(self) -> None:
        """Write down what waits: before the position moves past it."""
        self._waiting.save()

    async def follow(self) -> None:
        """What was heard is stored: forget what was read, ask for missing keys, say what stays unreadable."""
        while self._done:
            self._waiting.drop(self._done.pop())
        try:
            await self._tried(self._crypto.tend())
            for held in self._waiting.all():
                await self._tried(self._crypto.ask(held.event, held.room))
                if self._clock.now() - held.since >= PATIENCE:
                    await self._tried(self._tell(held))
                    self._waiting.drop(held)
        except TemporaryError as error:  # the next news bring the next try
            log.warning("keys: %s", error)
        self._waiting.save()

    async def _tried(self, work: Awaitable[None]) -> None:
        try:
            await work
        except PermanentError as error:
            if error.reason in DEAD_LOGIN:
                raise
            log.warning("keys: %s", error)
        except TemporaryError:
            raise
        except Exception as error:  # noqa: BLE001  # one message that waits must not end the listening
            log.warning("keys: %r", error)

    async def _tell(self, held: Held) -> None:
        now = self._clock.monotonic()
        if self._told.get(held.room, now) > now:
            return
        id = str(held.event.get("event_id"))
        content: Json = {"msgtype": "m.notice", "body": UNREADABLE, "m.mentions": {}}
        relation = translate.content(held.event).get("m.relates_to")
        root = translate.thread_of(held.event) or ("" if relation else id)
        content = render.in_thread(content, root) if root else content
        sealed = await self.rooms.seal(held.room, "m.room.message", content)
        txn = f"parley-unread-{id}"
        where = path("rooms", held.room, "send", "m.room.encrypted", txn)
        await self._socket.request("PUT", where, sealed)
        self._told[held.room] = now + QUIET_SECONDS

    @staticmethod
    def enclose(raw: bytes) -> tuple[bytes, Json]:
        """A file for an encrypted room: what is uploaded, and how it is opened (`EncryptedFile` without its url)."""
        uploaded, opened_by = encrypt_attachment(raw)
        return uploaded, opened_by
