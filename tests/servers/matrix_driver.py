"""People in Matrix rooms, over raw HTTP: they speak, react and read, and know nothing of our adapter.

Used by tests/chat/matrix and tests/contracts. Judge results through this second pair of eyes only.
"""

import asyncio
import itertools
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

import aiohttp

Json = dict[str, Any]


class Refused(Exception):
    """The server said no: `status` and `errcode`."""

    def __init__(self, status: int, answer: Json) -> None:
        super().__init__(f"{status} {answer}")
        self.status = status
        self.errcode = str(answer.get("errcode", ""))


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as people see it now: edits applied, redacted ones left out. `reactions` maps an emoji to who put it."""

    id: str
    sender: str
    text: str
    html: str
    thread: str
    kind: str
    content: Json
    edited: bool
    reactions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def report(self) -> Json:
        """`{"key", "kind", "data"}` of the bot's messages, `data` decoded; empty for people's."""
        found = dict(self.content.get("parley.report", {}))
        if "data" in found:
            found["data"] = json.loads(found["data"])
        return found


class Driver:
    """One person's side. Use as an async context manager, or call `close`."""

    def __init__(self, url: str, user: str, token: str) -> None:
        self.user = user
        self._url = url
        self._token = token
        self._numbers = itertools.count()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(self, method: str, *parts: str, body: object = None, **query: str) -> Json:
        """`/_matrix/client/v3/…` of quoted parts (or another base when the first begins with a slash)."""
        base = "/_matrix/client/v3"
        if parts[0].startswith("/"):
            base, parts = parts[0], parts[1:]
        where = self._url + base + "".join("/" + quote(part, safe="") for part in parts)
        raw = await self.raw(method, where, None if body is None else json.dumps(body), query)
        decoded: Json = json.loads(raw)
        return decoded

    async def raw(
        self, method: str, where: str, data: str | bytes | None, query: dict[str, str]
    ) -> bytes:
        """One request to a whole URL, the bytes of its answer. Raises Refused."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        async with self._session.request(
            method, where, data=data, headers=headers, params=query
        ) as answer:
            raw = await answer.read()
            if answer.status >= 300:
                raise Refused(answer.status, json.loads(raw))
            return raw

    async def create(self, *invite: str, **options: Any) -> str:
        """A private room with these people invited."""
        body = {"preset": "private_chat", "invite": list(invite)} | options
        return str((await self.request("POST", "createRoom", body=body))["room_id"])

    async def join(self, room: str) -> None:
        await self.request("POST", "join", room, body={})

    async def invite(self, room: str, user: str) -> None:
        await self.request("POST", "rooms", room, "invite", body={"user_id": user})

    async def remove(self, room: str, user: str, reason: str = "", *, ban: bool = False) -> None:
        """Throw somebody out."""
        body = {"user_id": user, "reason": reason}
        await self.request("POST", "rooms", room, "ban" if ban else "kick", body=body)

    async def upgrade(self, room: str) -> str:
        """Move a room on to a new one; its id."""
        answer = await self.request("POST", "rooms", room, "upgrade", body={"new_version": "10"})
        return str(answer["replacement_room"])

    async def leave(self, room: str) -> None:
        await self.request("POST", "rooms", room, "leave", body={})

    async def invitations(self) -> list[str]:
        """Rooms this person is invited to and has not joined."""
        return list((await self.state()).get("rooms", {}).get("invite", {}))

    async def state(self) -> Json:
        """A first sync, as a client that was just opened makes it."""
        # never the same question twice: Synapse answers that from its cache for two minutes
        return await self.request("GET", "sync", timeout=str(secrets.randbelow(10**9)))

    async def say(
        self, room: str, text: str, thread: str | None = None, *, mention: str | None = None
    ) -> str:
        """A plain text, in a thread if one is given; its event id."""
        content: Json = {"msgtype": "m.text", "body": text}
        if mention is not None:
            content["m.mentions"] = {"user_ids": [mention]}
        if thread is not None:
            content["m.relates_to"] = {
                "rel_type": "m.thread",
                "event_id": thread,
                "is_falling_back": True,
                "m.in_reply_to": {"event_id": thread},
            }
        return await self.put(room, "m.room.message", content)

    async def put(self, room: str, kind: str, content: Json) -> str:
        """Any event; its id."""
        txn = f"driver-{next(self._numbers)}"
        answer = await self.request("PUT", "rooms", room, "send", kind, txn, body=content)
        return str(answer["event_id"])

    async def put_state(self, room: str, kind: str, content: object) -> None:
        """Set a state of a room."""
        await self.request("PUT", "rooms", room, "state", kind, body=content)

    async def edit(self, room: str, message: str, text: str) -> str:
        content = {
            "msgtype": "m.text",
            "body": f"* {text}",
            "m.new_content": {"msgtype": "m.text", "body": text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": message},
        }
        return await self.put(room, "m.room.message", content)

    async def react(self, room: str, message: str, emoji: str) -> str:
        """Put a reaction; its event id."""
        relation = {"rel_type": "m.annotation", "event_id": message, "key": emoji}
        return await self.put(room, "m.reaction", {"m.relates_to": relation})

    async def unreact(self, room: str, message: str, emoji: str) -> str:
        """Take this person's own reaction off again; the id of the redaction."""
        for event in await self._events(room):
            relation = event["content"].get("m.relates_to", {})
            mine = event["type"] == "m.reaction" and event["sender"] == self.user
            if mine and relation.get("event_id") == message and relation.get("key") == emoji:
                return await self.redact(room, event["event_id"])
        raise LookupError(f"{self.user} has no {emoji} on {message}")

    async def redact(self, room: str, event: str) -> str:
        txn = f"driver-{next(self._numbers)}"
        answer = await self.request("PUT", "rooms", room, "redact", event, txn, body={})
        return str(answer["event_id"])

    async def messages(self, room: str, thread: str | None = None) -> list[Shown]:
        """All messages of a room, or of one thread, in order, each with its latest edit and its reactions."""
        events = await self._events(room)
        shown: dict[str, Shown] = {}
        for event in events:
            if event["type"] == "m.room.message" and event["content"]:
                self._apply(shown, event)
        for event in events:
            relation = event["content"].get("m.relates_to", {})
            if event["type"] == "m.reaction" and relation.get("event_id") in shown:
                on = shown[relation["event_id"]].reactions
                on.setdefault(relation["key"], []).append(event["sender"])
        return [each for each in shown.values() if thread is None or each.thread == thread]

    @staticmethod
    def _apply(shown: dict[str, Shown], event: Json) -> None:
        content = event["content"]
        relation = content.get("m.relates_to", {})
        edit = relation.get("rel_type") == "m.replace"
        target = relation["event_id"] if edit else event["event_id"]
        old = shown.get(target)
        if edit and (old is None or old.sender != event["sender"]):
            return
        now = content["m.new_content"] if edit else content
        thread = relation.get("event_id", "") if relation.get("rel_type") == "m.thread" else ""
        shown[target] = Shown(
            id=target,
            sender=event["sender"],
            text=now.get("body", ""),
            html=now.get("formatted_body", ""),
            thread=old.thread if old else thread,
            kind=now.get("msgtype", ""),
            content=now,
            edited=edit,
        )

    async def until(
        self,
        room: str,
        good: Callable[[list[Shown]], bool],
        thread: str | None = None,
        seconds: float = 20,
    ) -> list[Shown]:
        """The messages as soon as they are `good`. Raises AssertionError with what there is instead."""
        found: list[Shown] = []
        for _ in range(int(seconds / 0.05)):
            found = await self.messages(room, thread)
            if good(found):
                return found
            await asyncio.sleep(0.05)
        raise AssertionError("\n".join(f"{each.sender}: {each.text}" for each in found))

    async def upload(self, raw: bytes) -> str:
        """Bytes for a message; their mxc:// address."""
        answer = await self.raw("POST", f"{self._url}/_matrix/media/v3/upload", raw, {})
        return str(json.loads(answer)["content_uri"])

    async def bring(
        self, room: str, name: str, raw: bytes, thread: str | None = None, **more: Any
    ) -> str:
        """A file, in a thread if one is given; its event id. `more` are further parts of its message."""
        content: Json = {
            "msgtype": "m.file",
            "body": name,
            "info": {"mimetype": "text/plain", "size": len(raw)},
            **await self._enclosed(raw),
        }
        if thread is not None:
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread}
        return await self.put(room, "m.room.message", content | more)

    async def _enclosed(self, raw: bytes) -> Json:
        """The part of a message that says where its file is."""
        return {"url": await self.upload(raw)}

    async def download(self, uri: str) -> bytes:
        """The bytes behind an mxc:// address."""
        where = uri.removeprefix("mxc://")
        return await self.raw(
            "GET", f"{self._url}/_matrix/client/v1/media/download/{where}", None, {}
        )

    async def _events(self, room: str) -> list[Json]:
        """Every event of a room, oldest first."""
        pages: list[Json] = []
        query = {"dir": "b", "limit": "500"}
        while True:
            answer = await self.request("GET", "rooms", room, "messages", **query)
            pages.extend(answer["chunk"])
            if not answer.get("end") or not answer["chunk"]:
                return pages[::-1]
            query["from"] = answer["end"]
