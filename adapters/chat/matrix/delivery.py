"""Outgoing → the server: messages in threads, edits, reactions, files. Called by `adapter.send`.

Every request has a transaction id made of the outgoing's key, so the server itself drops what it has already taken.
"""

import hashlib
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from adapters.chat.matrix import closing, render
from adapters.chat.matrix.files import upload
from adapters.chat.matrix.rooms import Rooms
from adapters.chat.matrix.socket import RELATIONS, Json, Socket, path
from bot.model.errors import PermanentError, message_is_out
from bot.model.reports import Attachment, Control, Outgoing, Report

if TYPE_CHECKING:  # it needs the extra
    from adapters.chat.matrix.encryption import Encryption

REMEMBERED = 2_000
"""Of how many messages the bot's own reactions are known without asking the server."""

Value = TypeVar("Value")
log = logging.getLogger(__name__)


class Delivery:
    """What one login sends."""

    def __init__(
        self, instance: str, socket: Socket, rooms: Rooms, encryption: "Encryption | None"
    ) -> None:
        self._instance = instance
        self.encryption = encryption
        self._socket = socket
        self._rooms = rooms
        self._seeded: dict[str, dict[str, str]] = {}
        self._attached: dict[str, None] = {}

    async def post(self, outgoing: Outgoing, report: Report) -> str:
        """A new message with its files and reactions; its event id."""
        room, root = await self._place(outgoing)
        content, files = render.card(report, outgoing.key, self._instance)
        reference = await self._find(room, root, outgoing.key) if outgoing.uncertain else ""
        if not reference:
            content = render.in_thread(content, root) if root else content
            txn = transaction(outgoing.key)
            reference = await self._say(room, content, txn)
            _keep(self._seeded, reference, {})
        with message_is_out():
            await self._attach(room, root, reference, files, report)
            await self._seed(outgoing.key, room, reference, report.controls)
        return reference

    async def edit(self, outgoing: Outgoing, report: Report, message: str) -> str:
        """Replace what `message` says and offers; the same reference."""
        room, root = await self._place(outgoing)
        content, files = render.card(report, outgoing.key, self._instance)
        txn = transaction(outgoing.key)
        await self._say(room, render.edit(content, message), txn)
        await self._attach(room, root, message, files, report)
        await self._seed(outgoing.key, room, message, report.controls)
        return message

    async def react(self, outgoing: Outgoing, message: str, emoji: str) -> str:
        """Put one reaction; its event id, or the message's where it was there already."""
        room, _ = await self._place(outgoing)
        txn = transaction(outgoing.key)
        return await self._annotate(room, message, emoji, txn) or message

    async def _place(self, outgoing: Outgoing) -> tuple[str, str]:
        """Room and thread root (empty for none). Words for one person go to the room with that person alone."""
        room, thread = outgoing.conversation.room, outgoing.conversation.thread
        if outgoing.only_to is not None and not await self._rooms.direct(room):
            sealed = await self._sealed(room)
            return await self._rooms.private(outgoing.only_to.user, sealed=sealed), ""
        return room, thread if thread.startswith("$") else ""

    async def _put(self, room: str, kind: str, content: Json, txn: str) -> str:
        if kind == "m.room.message" and self.encryption and await self._sealed(room):
            content = await self.encryption.rooms.seal(room, kind, content)
            kind = "m.room.encrypted"
        where = path("rooms", room, "send", kind, txn)
        return str((await self._socket.request("PUT", where, content))["event_id"])

    async def _say(self, room: str, content: Json, txn: str) -> str:
        """A message; its event id. A room that is closed is said to be, with the mend."""
        try:
            return await self._put(room, "m.room.message", content, txn)
        except PermanentError as error:
            if error.reason != "M_FORBIDDEN":
                raise
            raise await closing.forbidden(self._socket, room, error) from error

    async def _sealed(self, room: str) -> bool:
        return self.encryption is not None and await self.encryption.rooms.sealed(room)

    async def _annotate(self, room: str, message: str, emoji: str, txn: str) -> str:
        relation = {"rel_type": "m.annotation", "event_id": message, "key": emoji}
        try:
            return await self._put(room, "m.reaction", {"m.relates_to": relation}, txn)
        except PermanentError as error:
            if error.reason != "M_DUPLICATE_ANNOTATION":
                raise
            return ""

    async def _find(self, room: str, root: str, key: str) -> str:
        """The message that an earlier try of this key made, if it did."""
        query: dict[str, str | int] = {"dir": "b", "limit": 100}
        if root:
            where = path("rooms", room, "relations", root, "m.thread", base=RELATIONS)
        else:
            where = path("rooms", room, "messages")
        for event in (await self._socket.request("GET", where, query=query)).get("chunk", []):
            own = event.get("sender") == self._socket.user
            mark = self._opened(event, room).get("content", {}).get(render.REPORT) if own else None
            if isinstance(mark, dict) and mark.get("key") == key:
                return str(event["event_id"])
        return ""

    def _opened(self, event: Json, room: str) -> Json:
        if self.encryption is None or event.get("type") != "m.room.encrypted":
            return event
        return self.encryption.read(event, room) or {}

    async def _attach(
        self, room: str, root: str, reference: str, files: Sequence[Attachment], report: Report
    ) -> None:
        """Post the files, each once. One that is refused is named in its place, but a plan's belongs to what is
        approved: then the card goes again and the send has failed."""
        sealed = self.encryption if files and await self._sealed(room) else None
        for each in files:
            txn = transaction(reference, each.name, each.text)
            if txn in self._attached:
                continue
            try:
                content = await upload(self._socket, each, sealed)
            except PermanentError as error:
                if report.kind == "plan":
                    await self._withdraw(room, reference)
                    raise
                said = f"{each.name} could not be attached. {error}"
                content = {"msgtype": "m.text", "body": render.visible(said), "m.mentions": {}}
            content = render.in_thread(content, root) if root else content
            await self._say(room, content, txn)
            _keep(self._attached, txn, None)

    async def _withdraw(self, room: str, message: str) -> None:
        where = path("rooms", room, "redact", message, transaction("withdrawn", message))
        try:
            await self._socket.request("PUT", where, {})
        except PermanentError as error:
            log.warning("a card without its files could not be removed: %s", error)

    async def _seed(self, key: str, room: str, message: str, controls: tuple[Control, ...]) -> None:
        """Make the bot's own reactions those that people join in. A room that forbids them still has the words."""
        try:
            await self._match(key, room, message, seeds(controls))
        except PermanentError as error:
            log.warning("reactions on %s in %s: %s", message, room, error)

    async def _match(self, key: str, room: str, message: str, wanted: list[str]) -> None:
        there = self._seeded.get(message)
        if there is None:
            there = await self._own(room, message)
            _keep(self._seeded, message, there)
        for emoji in [each for each in there if each not in wanted]:
            txn = transaction(key, "off", emoji)
            where = path("rooms", room, "redact", there[emoji], txn)
            await self._socket.request("PUT", where, {})
            del there[emoji]
        for emoji in [each for each in wanted if each not in there]:
            put = await self._annotate(room, message, emoji, transaction(key, emoji))
            if put:
                there[emoji] = put
            else:  # another try put it, unknown here: the server knows its id
                there |= await self._own(room, message)

    async def _own(self, room: str, message: str) -> dict[str, str]:
        """The bot's own reactions on a message: event id by emoji."""
        found = await annotations(self._socket, room, message)
        own = (event for event in found if event.get("sender") == self._socket.user)
        return {event["content"]["m.relates_to"]["key"]: str(event["event_id"]) for event in own}


async def annotations(socket: Socket, room: str, message: str) -> list[Json]:
    """Every reaction on a message, as raw events, newest first."""
    found: list[Json] = []
    query: dict[str, str | int] = {"limit": 100}
    where = path("rooms", room, "relations", message, "m.annotation", base=RELATIONS)
    while True:
        answer = await socket.request("GET", where, query=query)
        found.extend(answer.get("chunk", []))
        if not answer.get("next_batch"):
            return found
        query["from"] = str(answer["next_batch"])


def seeds(controls: Sequence[Control]) -> list[str]:
    """What the bot puts on a card itself: ✅ and ❌ while it takes votes, else 🛑 while it can be cancelled. Of all the
    others too many would be there, and anybody can put them."""
    votes = [each.emoji for each in controls if each.votes]
    return votes or [each.emoji for each in controls if each.action == "cancel"]


def transaction(*parts: str) -> str:
    """A transaction id that is the same for the same parts."""
    return "parley-" + hashlib.sha256("\0".join(parts).encode("utf8", "replace")).hexdigest()[:40]


def _keep(memory: dict[str, Value], key: str, value: Value) -> None:
    memory[key] = value
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]
