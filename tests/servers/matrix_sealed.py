"""People with encryption in Matrix rooms: nio's own client beside the raw requests of `matrix_driver`.

Used by tests/chat/matrix. Needs the extra `matrix-nio[e2e]`.
"""

import secrets
from pathlib import Path
from typing import Self

from nio import (
    AsyncClient,
    AsyncClientConfig,
    EncryptionError,
    MegolmEvent,
    RoomKeyRequest,
    RoomSendResponse,
)
from nio.crypto import encrypt_attachment

from tests.servers.matrix_driver import Driver, Json
from tests.servers.synapse import User


class SealedDriver(Driver):
    """One device of a person who uses encryption: nio's own client, with its own store, and its own judgement.

    `folder` is the device's own. Call `start` before anything else."""

    def __init__(self, url: str, user: User, folder: Path) -> None:
        super().__init__(url, user.id, user.token)
        folder.mkdir(parents=True, exist_ok=True)
        self.device = user.device
        self.client = AsyncClient(
            url,
            user.id,
            device_id=user.device,
            store_path=str(folder),
            config=AsyncClientConfig(store_sync_tokens=False, encryption_enabled=True),
        )
        self.client.restore_login(user.id, user.device, user.token)

    async def start(self) -> Self:
        """Publish this device's keys and look around."""
        await self.client.keys_upload()
        await self.look()
        return self

    async def close(self) -> None:
        await self.client.close()
        await super().close()

    async def look(self) -> None:
        """Take the news in: rooms, members, keys."""
        await self.client.sync(timeout=0, full_state=True)
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        if self.client.should_query_keys:
            await self.client.keys_query()

    async def put(self, room: str, kind: str, content: Json) -> str:
        if kind != "m.room.message":
            return await super().put(room, kind, content)
        await self.look()
        sent = await self.client.room_send(room, kind, content, ignore_unverified_devices=True)
        if not isinstance(sent, RoomSendResponse):
            raise RuntimeError(f"{self.user} could not send: {sent}")  # noqa: TRY004  # the server's answer, no wrong type
        return str(sent.event_id)

    async def _enclosed(self, raw: bytes) -> Json:
        sealed, opened_by = encrypt_attachment(raw)
        return {"file": opened_by | {"url": await self.upload(sealed)}}

    async def keep_key(self, room: str) -> list[Json]:
        """Begin a new session in a room and keep its key back: the to-device messages for `hand_over`."""
        await self.look()
        missing = self.client.get_missing_sessions(room)
        if missing:
            await self.client.keys_claim(missing)
        olm = self.client.olm
        olm.create_outbound_group_session(room)
        members = list(self.client.rooms[room].users)
        parts = olm.share_group_session_parallel(room, members, ignore_unverified_devices=True)
        kept = [part for _, part in parts]
        olm.outbound_group_sessions[room].mark_as_shared()
        return kept

    async def hand_over(self, messages: Json) -> None:
        """Send one of the to-device messages of `keep_key`."""
        txn = secrets.token_hex(8)
        await self.request("PUT", "sendToDevice", "m.room.encrypted", txn, body=messages)

    async def requests(self) -> list[Json]:
        """The requests for keys that this device has been sent since it looked last."""
        answer = await self.client.sync(timeout=0)
        return [e.source for e in answer.to_device_events if isinstance(e, RoomKeyRequest)]

    async def _events(self, room: str) -> list[Json]:
        await self.look()
        return [self._opened(event, room) for event in await super()._events(room)]

    def _opened(self, event: Json, room: str) -> Json:
        """What is in an encrypted event; one that this device cannot read is a text that says so."""
        if event["type"] != "m.room.encrypted" or not event["content"]:
            return event
        sealed = MegolmEvent.from_dict({**event, "room_id": room})
        readable = isinstance(sealed, MegolmEvent)
        try:
            opened = self.client.olm.decrypt_megolm_event(sealed, room) if readable else sealed
            inner = dict(opened.source)
        except EncryptionError:
            inner = {"content": {"msgtype": "m.bad.encrypted", "body": "(unreadable)"}}
        relation = event["content"].get("m.relates_to")
        content = inner["content"] | ({"m.relates_to": relation} if relation else {})
        return {**event, "type": "m.room.message", "content": content, "sealed": True}
