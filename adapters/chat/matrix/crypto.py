"""The bot's own device: its keys, what other devices send it, and the messages they open. Needs the extra `matrix-nio[e2e]`.

Used by `encryption` and `sharing`. nio's Olm keeps everything in one SQLite file in the data folder; our own requests
carry what it asks for. Interactive verification is left out: it does not work with today's clients.
"""

import logging
import re
import secrets
from pathlib import Path

from nio.crypto import InboundGroupSession, Olm, OlmDevice
from nio.event_builders import ToDeviceMessage
from nio.events import MegolmEvent, OlmEvent, ToDeviceEvent
from nio.responses import KeysClaimResponse, KeysUploadResponse, ToDeviceResponse
from nio.store import SqliteStore

from adapters.chat.matrix.decoding import decoded
from adapters.chat.matrix.socket import Json, Socket, kept, path
from bot.model.errors import PermanentError

MEGOLM = "m.megolm.v1.aes-sha2"
_ONE_TIME = "signed_curve25519"
_ID = re.compile(r"[ -~]{1,255}")
"""What a device or a session may be called; servers and databases fail over what is no text."""
log = logging.getLogger(__name__)


class Crypto:
    """One device of one login. Everything but `ready` and `close` is for after `ready`."""

    def __init__(self, instance: str, socket: Socket, data: Path) -> None:
        self._instance = instance
        self._socket = socket
        self._file = data / f"matrix-{instance}.keys.db"
        self._key = data / f"matrix-{instance}.key.json"
        self.stale: set[str] = set()
        """Users whose devices have changed since they were asked for."""

    @property
    def opened(self) -> bool:
        return hasattr(self, "olm")

    async def ready(self) -> None:
        """Open the store and make this device known, once. Raises TemporaryError, PermanentError."""
        if not self.opened:
            self._open()
        if not self.olm.account.shared:
            await self._own_identity()
            await self.upload()

    def _open(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.touch(0o600)  # SQLite gives its journal the same mode
        pickle = str(kept(self._key, lambda: {"pickle": secrets.token_hex(32)}).get("pickle", ""))
        try:
            self.store = SqliteStore(
                self._socket.user,
                self._socket.device,
                str(self._file.parent),
                pickle_key=pickle,
                database_name=self._file.name,
            )
            self.olm = Olm(self._socket.user, self._socket.device, self.store)
        except Exception as error:  # a broken file breaks nio, SQLite or the ciphers in many ways
            raise self._lost("cannot be read") from error

    def _lost(self, what: str) -> PermanentError:
        mend = f"Stop the bot, remove the matrix-{self._instance}.* files from the data folder"
        mend += " and start it again: it logs in as a new device."
        if self._socket.settings.token is not None:
            mend += f" Put the token of a new login in [chat.{self._instance}]."
        said = f"The encryption keys of {self._socket.user} {what}."
        return PermanentError(said, mend, reason="keys_lost")

    async def _own_identity(self) -> None:
        """A device that the server knows by other keys would be trusted by nobody: say so instead."""
        user, device = self._socket.user, self._socket.device
        asked = {"device_keys": {user: [device]}}
        answer = await self._socket.request("POST", path("keys", "query"), asked)
        known = answer.get("device_keys", {}).get(user, {}).get(device, {}).get("keys", {})
        own = self.olm.account.identity_keys["ed25519"]
        if known and known.get(f"ed25519:{device}") != own:
            raise self._lost("were lost: the server knows this login by others")

    async def close(self) -> None:
        """Close the store. All that matters is in it already."""
        if self.opened:
            self.store.database.close()

    async def upload(self) -> None:
        """Bring the device's keys, or fresh one-time keys, to the server."""
        body = self.olm.share_keys()
        self.olm.save_account()  # a key that people use and that died with the process opens nothing
        answer = await self._socket.request("POST", path("keys", "upload"), body)
        count = int(answer.get("one_time_key_counts", {}).get(_ONE_TIME, 0))
        self.olm.handle_response(KeysUploadResponse(0, count))

    def hear(self, answer: Json) -> None:
        """Take what a sync brought for this device: stored when this returns."""
        with self.store.database.atomic():
            for event in answer.get("to_device", {}).get("events", []):
                self._receive(event)
        lists = answer.get("device_lists", {})
        self.stale.update(lists.get("changed", []))
        for user in lists.get("left", []):
            self.olm.tracked_users.discard(user)
        counts = answer.get("device_one_time_keys_count")
        if isinstance(counts, dict):
            self.olm.uploaded_key_count = int(counts.get(_ONE_TIME, 0))

    def _receive(self, event: Json) -> None:
        try:
            parsed = ToDeviceEvent.parse_event(event)
            if isinstance(parsed, OlmEvent):
                self.olm.handle_to_device_event(parsed)
        except Exception as error:  # noqa: BLE001  # anybody may send anything to a device, and nio checks little of it
            log.warning("a message to this device cannot be used: %r", error)

    async def tend(self) -> None:
        """Do what the news ask for: fresh one-time keys, new channels for broken ones. Raises as `request` does."""
        count, most = self.olm.uploaded_key_count, self.olm.account.max_one_time_keys
        if count is not None and count <= most // 2:
            await self.upload()
        if self.olm.wedged_devices:
            wedged, self.olm.wedged_devices[:] = list(self.olm.wedged_devices), []
            await self.claim(wedged, mend=True)
        for message in list(self.olm.outgoing_to_device_messages):
            await self.tell(message)

    async def claim(self, devices: list[OlmDevice], *, mend: bool = False) -> None:
        """Open a channel to each of these devices, as far as they left keys for it."""
        asked: Json = {}
        for each in devices:
            asked.setdefault(each.user_id, {})[each.id] = _ONE_TIME
        body = {"one_time_keys": asked, "timeout": 5_000}
        answer = await self._socket.request("POST", path("keys", "claim"), body)
        for each in devices:
            found = answer.get("one_time_keys", {}).get(each.user_id, {}).get(each.id)
            if found:
                self._begin(each, found, mend=mend)

    def _begin(self, device: OlmDevice, found: Json, *, mend: bool) -> None:
        if mend:  # nio then tells the device of its new channel
            self.olm.wedged_devices.append(device)
        try:
            with self.store.database.atomic():
                one = KeysClaimResponse({device.user_id: {device.id: found}}, {})
                self.olm.handle_response(one)
        except Exception as error:  # noqa: BLE001  # another person's device may publish anything as its keys
            log.warning("keys of %s %s cannot be used: %r", device.user_id, device.id, error)
        if device in self.olm.wedged_devices:
            self.olm.wedged_devices.remove(device)

    async def tell(self, message: ToDeviceMessage) -> None:
        """Send one message that nio wants sent."""
        await self.send_to_devices(message.type, message.as_dict())
        self.olm.handle_response(ToDeviceResponse(message))

    async def send_to_devices(self, kind: str, body: Json) -> None:
        where = path("sendToDevice", kind, secrets.token_hex(16))
        await self._socket.request("PUT", where, body)

    async def ask(self, event: Json, room: str) -> None:
        """Ask the device that wrote an event for the key of it, once ever."""
        parsed = _megolm(event, room)
        if parsed is None or parsed.session_id in self.olm.outgoing_key_requests:
            return
        device = parsed.device_id or "*"
        message = parsed.as_key_request(
            parsed.sender, self._socket.device, parsed.session_id, device
        )
        self.olm.outgoing_to_device_messages.append(message)
        await self.tell(message)

    def read(self, event: Json, room: str) -> Json | None:
        """The event in an `m.room.encrypted`; None while its key is missing; empty when it is not to be believed."""
        try:
            return self._read(event, room)
        except Exception as error:  # noqa: BLE001  # anybody may send anything, and nio checks little of it
            log.warning("%s in %s cannot be used: %r", event.get("event_id"), room, error)
            return {}

    def _read(self, event: Json, room: str) -> Json | None:
        parsed = _megolm(event, room)
        if parsed is None:
            return None
        session = self._session(room, parsed)
        if session is None:
            return None
        try:
            plaintext, index = session.decrypt(parsed.ciphertext)
        except ValueError as error:  # every error of the ciphers is one
            log.warning("%s in %s cannot be decrypted: %s", parsed.event_id, room, error)
            return None
        parsed.sender_key = session.sender_key
        if self._foreign(parsed, session) or not self.olm.message_index_ok(index, parsed):
            log.warning("%s in %s is a forgery or a repetition.", parsed.event_id, room)
            return {}
        return _inner(plaintext, event, room)

    def _session(self, room: str, event: MegolmEvent) -> InboundGroupSession | None:
        if event.sender_key:
            found = self.olm.inbound_group_store.get(room, event.sender_key, event.session_id)
            return found if isinstance(found, InboundGroupSession) else None
        for sessions in self.olm.inbound_group_store[room].values():  # newer clients leave it out
            if event.session_id in sessions:
                found = sessions[event.session_id]
                return found if isinstance(found, InboundGroupSession) else None
        return None

    def _foreign(self, event: MegolmEvent, session: InboundGroupSession) -> bool:
        """Whether the key of an event belongs to another person's device, or to another one than it says."""
        own = self.olm.account.identity_keys["curve25519"]
        if session.sender_key == own:
            return bool(event.sender != self._socket.user)
        for device in self.olm.device_store:
            if device.curve25519 == session.sender_key:
                right = device.user_id == event.sender and device.ed25519 == session.ed25519
                return not right
        return False


def _megolm(event: Json, room: str) -> MegolmEvent | None:
    content = event.get("content", {})
    if not isinstance(content, dict):
        return None
    content = {"sender_key": "", "device_id": ""} | content
    if not _ID.fullmatch(str(content["device_id"])):
        content["device_id"] = ""
    if not _ID.fullmatch(str(content.get("session_id"))):
        return None
    parsed = MegolmEvent.from_dict({**event, "content": content, "room_id": room})
    return parsed if isinstance(parsed, MegolmEvent) else None


def _inner(plaintext: str, event: Json, room: str) -> Json:
    inner = decoded(plaintext.encode("utf8", "replace"))
    if inner is None or inner.get("room_id") != room or not isinstance(inner.get("content"), dict):
        return {}
    content = inner["content"]
    relation = event["content"].get("m.relates_to")
    if relation is not None:  # what the server knows counts
        content = content | {"m.relates_to": relation}
    return {**event, "type": inner.get("type"), "content": content}
