"""The bot's messages that somebody else redacted. `hearing` notes redactions here and hands on what `found` says.

A redaction does not say whose message it emptied, so the server is asked, a bounded number of times with each batch: who
clears out a room of thousands keeps nobody's vote waiting. What was not asked yet is only in memory: a restart forgets it.
"""

import asyncio

from adapters.chat.matrix import translate
from adapters.chat.matrix.socket import DEAD_LOGIN, Socket, path
from bot.model.errors import PermanentError

MOST = 100
"""So many questions go with one batch."""
TOGETHER = 10
"""So many of them at a time."""
_MESSAGES = ("m.room.message", "m.room.encrypted")


class Deletions:
    """The redactions that were not asked about yet, oldest first. `begin` and `keep` are as in `translate.Reactions`."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._later: list[translate.Place] = []
        self._noted: dict[translate.Place, None] = {}

    @property
    def waiting(self) -> bool:
        """Whether the next batch has questions to ask even without news."""
        return bool(self._later)

    def begin(self) -> None:
        """A batch begins; what one before it noted, that was never handed over, is heard again."""
        self._noted = dict.fromkeys(self._later)

    def note(self, event: translate.Json, room: str) -> None:
        """Take in an `m.room.redaction` that took off no known reaction."""
        target = translate.redacted(event)
        if target and event.get("sender") != self._socket.user:
            self._noted[room, target] = None

    async def found(self) -> list[str]:
        """The bot's own messages among the first of what was noted. Raises TemporaryError, PermanentError."""
        asked, gone = list(self._noted)[:MOST], []
        for start in range(0, len(asked), TOGETHER):
            some = asked[start : start + TOGETHER]
            answers = await asyncio.gather(*(self._is_gone(*place) for place in some))
            gone += [id for (_, id), own in zip(some, answers, strict=True) if own]
        return gone

    def keep(self) -> None:
        """The batch was handed over: what it asked about is done, the rest waits."""
        self._later = list(self._noted)[MOST : MOST + translate.REMEMBERED]
        self._noted = {}

    async def _is_gone(self, room: str, id: str) -> bool:
        """An emptied event says still whose it was. The server's word counts, not the redaction's."""
        try:
            was = await self._socket.request("GET", path("rooms", room, "event", id))
        except PermanentError as error:
            if error.reason in DEAD_LOGIN:
                raise
            return False
        own = was.get("sender") == self._socket.user and was.get("type") in _MESSAGES
        return own and translate.emptied(was)
