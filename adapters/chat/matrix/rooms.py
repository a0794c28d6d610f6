"""Which rooms the bot is in, and with whom: invitations, rooms of two, and the one word about encrypted rooms.

Used by `adapter` (what it hears) and `delivery` (words for one person). The server keeps the truth: `m.direct` and room
account data; here are only copies of it.
"""

import asyncio
import logging
from collections.abc import Awaitable

from msgspec import Struct

from adapters.chat.matrix.socket import Json, Socket, path
from bot.model.errors import PermanentError, TemporaryError

TOLD = "parley.told"
"""Room account data that says that this room knows the bot cannot read encrypted messages."""

SEALED: Json = {
    "type": "m.room.encryption",
    "state_key": "",
    "content": {"algorithm": "m.megolm.v1.aes-sha2"},
}
UNREADABLE = (
    "I cannot read encrypted rooms yet. Invite me to a room without encryption and ask me there."
)
JOIN_SECONDS = 5.0
"""A join over federation may take minutes; it goes on at the server, and is asked for again with the next news."""

JOIN_TRIES = 10
"""After so many, an invitation waits for the next start: nobody may slow the bot down by inviting it to dead rooms."""

log = logging.getLogger(__name__)


class Invitation(Struct):
    """Who invited, whether to a direct room, and how often it was answered in vain."""

    inviter: str
    direct: bool
    tries: int = 0


class Rooms:
    """The rooms of one login."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._members: dict[str, frozenset[str]] = {}
        self._direct: dict[str, list[str]] | None = None
        self._invited: dict[str, Invitation] = {}
        self._encrypted: set[str] = set()
        self._told: set[str] = set()
        self._writing = asyncio.Lock()

    def invited(self, room: str, state: list[Json]) -> None:
        """Note an invitation from its stripped state; `follow` answers it."""
        for event in (each for each in state if isinstance(each, dict)):
            if event.get("type") == "m.room.member" and event.get("state_key") == self._socket.user:
                content = event.get("content")  # from another server, unchecked
                direct = isinstance(content, dict) and content.get("is_direct") is True
                self._invited[room] = Invitation(str(event.get("sender", "")), direct)

    def encrypted(self, room: str) -> None:
        """Note that something unreadable was said in a room; `follow` says so there, once."""
        if room not in self._told:
            self._encrypted.add(room)

    def changed(self, room: str) -> None:
        """Forget who is in a room."""
        self._members.pop(room, None)

    async def follow(self) -> None:
        """Answer what was noted. What fails for now is tried again at the next call, what fails for good is logged."""
        answers = [self._accept(room, each) for room, each in self._invited.items()]
        await asyncio.gather(*answers)
        for room in list(self._encrypted):
            if await self._tried(self._tell(room), room):
                self._encrypted.discard(room)

    async def _accept(self, room: str, invitation: Invitation) -> None:
        invitation.tries += 1
        done = await self._tried(self._answer(room, invitation), room)
        if done or invitation.tries >= JOIN_TRIES:
            self._invited.pop(room, None)

    async def _tried(self, work: Awaitable[None], room: str) -> bool:
        try:
            await work
        except TemporaryError as error:
            log.warning("room %s: %s", room, error)
            return False
        except PermanentError as error:
            log.warning("room %s: %s", room, error)
        return True

    async def _answer(self, room: str, invitation: Invitation) -> None:
        if not self._socket.settings.welcomes(invitation.inviter):
            await self._socket.request("POST", path("rooms", room, "leave"), {})
            return
        await self._socket.request("POST", path("join", room), {}, timeout=JOIN_SECONDS)
        self.changed(room)
        if invitation.direct:
            await self._mark(invitation.inviter, room)

    async def _tell(self, room: str) -> None:
        user = self._socket.user
        mark = path("user", user, "rooms", room, "account_data", TOLD)
        if not await self._found(mark):
            body = {"msgtype": "m.notice", "body": UNREADABLE, "m.mentions": {}}
            where = path("rooms", room, "send", "m.room.message", "parley-cannot-read")
            await self._socket.request("PUT", where, body)
            await self._socket.request("PUT", mark, {"encrypted": True})
        self._told.add(room)

    async def direct(self, room: str) -> bool:
        """Whether the room is a direct one and nobody but the bot and one other are in it."""
        known = await self._directs()
        if not any(room in rooms for rooms in known.values()):
            return False
        if room not in self._members:
            answer = await self._found(path("rooms", room, "joined_members"))
            self._members[room] = frozenset(answer.get("joined", {}))
        return len(self._members[room]) == 2

    async def private(self, user: str, *, sealed: bool = False) -> str:
        """The direct room with that person, made when there is none; an encrypted one where `sealed`.

        Raises TemporaryError, PermanentError."""
        async with self._writing:
            for room in (await self._directs()).get(user, []):
                if await self._has(room, user) and (not sealed or await self._is_sealed(room)):
                    return room
            body: Json = {"preset": "trusted_private_chat", "is_direct": True, "invite": [user]}
            if sealed:
                body["initial_state"] = [SEALED]
            answer = await self._socket.request("POST", path("createRoom"), body)
            room = str(answer["room_id"])
        await self._mark(user, room)
        return room

    async def _has(self, room: str, user: str) -> bool:
        """Whether the bot is in the room, and the person in it or invited to it."""
        for member, good in ((self._socket.user, {"join"}), (user, {"join", "invite"})):
            state = await self._found(path("rooms", room, "state", "m.room.member", member))
            if state.get("membership") not in good:
                return False
        return True

    async def _is_sealed(self, room: str) -> bool:
        return bool(await self._found(path("rooms", room, "state", "m.room.encryption")))

    async def _mark(self, user: str, room: str) -> None:
        async with self._writing:
            known = await self._directs()
            if room in known.get(user, []):
                return
            fresh = known | {user: [*known.get(user, []), room]}
            await self._socket.request("PUT", self._direct_path, fresh)
            self._direct = fresh

    async def _directs(self) -> dict[str, list[str]]:
        if self._direct is None:
            found = await self._found(self._direct_path)
            self._direct = {
                user: [str(room) for room in rooms]
                for user, rooms in found.items()
                if isinstance(rooms, list)
            }
        return self._direct

    @property
    def _direct_path(self) -> str:
        return path("user", self._socket.user, "account_data", "m.direct")

    async def _found(self, where: str) -> Json:
        """What is there, or nothing: a thing that never was, or that the bot may not see."""
        try:
            return await self._socket.request("GET", where)
        except PermanentError as error:
            if error.reason in {"M_NOT_FOUND", "M_FORBIDDEN"}:
                return {}
            raise
