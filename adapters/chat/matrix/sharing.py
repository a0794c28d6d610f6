"""Who may read what the bot says in an encrypted room: members, their devices, and the room's key to each of them.

Used by `encryption` for every message. The members are asked for each time: nobody who left reads on, and a device that
came since gets the key from there on.
"""

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from nio.crypto import OlmDevice, OutboundGroupSession
from nio.responses import KeysQueryResponse

from adapters.chat.matrix.crypto import MEGOLM, Crypto
from adapters.chat.matrix.socket import DEAD_LOGIN, Json, Socket, path
from bot.model.errors import PermanentError
from bot.model.ports import Clock

RETRY_SECONDS = 60.0
"""How long a device that left no keys is not asked again."""

log = logging.getLogger(__name__)


class Sharing:
    """The encrypted rooms of one login."""

    def __init__(self, crypto: Crypto, socket: Socket, clock: Clock) -> None:
        self._crypto = crypto
        self._socket = socket
        self._clock = clock
        self._sealed: set[str] | None = None
        self._plain: set[str] = set()
        self._mute: dict[tuple[str, str], float] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def sealed(self, room: str) -> bool:
        """Whether messages of a room are encrypted. Once they are, no server can talk the bot out of it."""
        if room in self._kept():
            return True
        if room in self._plain:
            return False
        where = path("rooms", room, "state", "m.room.encryption")
        try:
            await self._socket.request("GET", where)
        except PermanentError as error:
            if error.reason in DEAD_LOGIN:
                raise
            if error.reason == "M_NOT_FOUND":
                self._plain.add(room)
            return False
        self.seals(room)
        return True

    def seals(self, room: str) -> None:
        """Note that a room is encrypted from now on."""
        if room not in self._kept():
            self._crypto.store.save_encrypted_rooms([room])
            self._kept().add(room)
        self._plain.discard(room)

    def forget_plain(self, room: str) -> None:
        """History of a room was lost: it may have become encrypted in it."""
        self._plain.discard(room)

    def _kept(self) -> set[str]:
        if self._sealed is None:
            self._sealed = set(self._crypto.store.load_encrypted_rooms())
        return self._sealed

    async def seal(self, room: str, kind: str, content: Json) -> Json:
        """The content of the `m.room.encrypted` for an event, once everybody who may read it can.

        Raises TemporaryError, PermanentError."""
        async with self._locks[room]:
            session = await self._share(room)
            inner = {"type": kind, "content": content, "room_id": room}
            plaintext = json.dumps(inner, ensure_ascii=False, separators=(",", ":"))
            ciphertext = session.encrypt(plaintext.encode("utf8", "replace").decode("utf8"))
        sealed = {
            "algorithm": MEGOLM,
            "ciphertext": ciphertext,
            "sender_key": self._crypto.olm.account.identity_keys["curve25519"],
            "session_id": session.id,
            "device_id": self._socket.device,
        }
        relation = content.get("m.relates_to")
        return sealed if relation is None else sealed | {"m.relates_to": relation}

    async def _share(self, room: str) -> OutboundGroupSession:
        """The room's session, with every device that may have it."""
        members = await self._members(room)
        await self._learn(members)
        devices = [each for each in self._devices(members) if self._may_read(each)]
        session = self._session(room, {(each.user_id, each.id) for each in devices})
        shared = session.users_shared_with
        await self._meet(each for each in devices if (each.user_id, each.id) not in shared)
        session.shared = False  # nio would begin another for those who come late
        messages = self._crypto.olm.share_group_session_parallel(
            room, members, ignore_unverified_devices=True
        )
        while (part := self._next(messages)) is not None:
            await self._crypto.send_to_devices("m.room.encrypted", part[1])
            shared.update(part[0])
        session.mark_as_shared()
        return session

    def _next(self, messages: Iterator[Any]) -> tuple[set[tuple[str, str]], Json] | None:
        with self._crypto.store.database.atomic():
            return next(messages, None)

    async def _members(self, room: str) -> list[str]:
        """Who is in the room or invited to it."""
        where = path("rooms", room, "members")
        answer = await self._socket.request("GET", where, query={"not_membership": "leave"})
        return [
            str(event.get("state_key", ""))
            for event in answer.get("chunk", [])
            if event.get("content", {}).get("membership") in {"join", "invite"}
        ]

    async def _learn(self, users: list[str]) -> None:
        """Ask for the devices of those who are new or have changed something about theirs."""
        crypto = self._crypto
        wanted = {user for user in users if user not in crypto.olm.tracked_users}
        wanted |= crypto.stale.intersection(users)
        if not wanted:
            return
        crypto.stale -= wanted  # what changes while the question is open is asked again
        body = {"device_keys": {user: [] for user in wanted}, "timeout": 5_000}
        try:
            answer = await self._socket.request("POST", path("keys", "query"), body)
        except BaseException:
            crypto.stale |= wanted
            raise
        for user in wanted:
            found = answer.get("device_keys", {}).get(user)
            if isinstance(found, dict):
                self._note(user, found)

    def _note(self, user: str, found: Json) -> None:
        try:
            with self._crypto.store.database.atomic():
                self._crypto.olm.handle_response(KeysQueryResponse({user: found}, {}))
        except Exception as error:  # noqa: BLE001  # anybody may publish anything as a device, and nio checks little of it
            log.warning("devices of %s cannot be used: %r", user, error)

    def _devices(self, users: Iterable[str]) -> Iterator[OlmDevice]:
        for user in users:
            for device in self._crypto.olm.device_store.active_user_devices(user):
                if (user, device.id) != (self._socket.user, self._socket.device):
                    yield device

    def _may_read(self, device: OlmDevice) -> bool:
        """What the settings say of a device, as nio's own mark on it."""
        trusted = self._socket.settings.trusts(device.user_id, device.id, device.ed25519)
        if trusted and device.blacklisted:
            self._crypto.olm.unblacklist_device(device)
        if not trusted and not device.blacklisted:
            self._crypto.olm.blacklist_device(device)
            log.warning("%s %s is no device of `trusted`.", device.user_id, device.id)
        return trusted

    def _session(self, room: str, readers: set[tuple[str, str]]) -> OutboundGroupSession:
        """The room's session; a new one where the old is used up, or known to somebody who is no reader any more."""
        sessions = self._crypto.olm.outbound_group_sessions
        old = sessions.get(room)
        if old is None or old.expired or old.users_shared_with - readers:
            self._crypto.olm.create_outbound_group_session(room)
        return sessions[room]

    async def _meet(self, devices: Iterable[OlmDevice]) -> None:
        """Open a channel to those that have none. Who left no keys for it reads later messages, not this one."""
        now, sessions = self._clock.monotonic(), self._crypto.olm.session_store
        strangers = [
            each
            for each in devices
            if sessions.get(each.curve25519) is None
            and self._mute.get((each.user_id, each.id), now) <= now
        ]
        if not strangers:
            return
        await self._crypto.claim(strangers)
        for each in strangers:
            if sessions.get(each.curve25519) is None:
                self._mute[each.user_id, each.id] = now + RETRY_SECONDS
                log.warning("%s %s left no keys to write to it.", each.user_id, each.id)
