"""What a fake Discord keeps, and its REST API: messages, threads, reactions, nonces, interactions, faults. `discord_fake`
adds the gateway and the people."""

import time
from abc import ABC, abstractmethod
from typing import Any

from aiohttp import web

from tests.servers.discord_wire import (
    Answer,
    Arrivals,
    Fault,
    Json,
    Request,
    Upload,
    gone,
    reply,
    user,
)
from tests.servers.discord_wire import body as received

APP, GUILD, CHANNEL, QUIET, BOT, OWNER = "900", "800", "700", "701", "901", "902"
OTHER_GUILD, OTHER_CHANNEL = "810", "710"
"""The second guild, with a channel of the same name."""
TOKEN = "fake.token"  # of this fake alone
GENERAL = {"id": CHANNEL, "type": 0, "guild_id": GUILD, "name": "general"}
SHOWN = ("content", "embeds", "components")
_EPOCH = 1_420_070_400_000
MISSING: Answer = (404, {"code": 10008, "message": "Unknown Message"})
SHUT: Answer = (400, {"code": 50083, "message": "Thread is archived"})
LOCKED: Answer = (400, {"code": 160005, "message": "Thread is locked"})


class World(ABC):
    """Two guilds with three channels, and what was put there."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.messages: dict[str, dict[str, Json]] = {CHANNEL: {}, QUIET: {}, OTHER_CHANNEL: {}}
        self.channels: dict[str, Json] = {
            CHANNEL: dict(GENERAL),
            QUIET: {"id": QUIET, "type": 0, "guild_id": GUILD, "name": "quiet"},
            OTHER_CHANNEL: GENERAL | {"id": OTHER_CHANNEL, "guild_id": OTHER_GUILD},
        }
        self.reactions: dict[tuple[str, str], dict[str, list[str]]] = {}
        self.bursts: set[tuple[str, str, str, str]] = set()
        """Super reactions: channel, message, emoji and who put it."""
        self.acknowledged: set[str] = set()
        self.journal: list[tuple[str, Json]] = []
        """What the bot did, in order: (`post`, `edit`, `react` or `whisper`, what it was)."""
        self.pressed: dict[str, str] = {}
        """Who pressed, by the interaction's token."""
        self.bots = {BOT}
        self.commands: list[Json] = []
        """The commands that are registered."""
        self.uploaded: list[Upload] = []
        """Name, media type and content of every file that was uploaded."""
        self.token = TOKEN
        self.intents_allowed = True
        self.permissions = "2048"
        self._last = 0

    @abstractmethod
    async def emit(self, event: str, data: Any) -> None:
        """Tell the gateway."""

    def id(self) -> str:
        """A fresh snowflake of this moment."""
        self._last = max((int(time.time() * 1000) - _EPOCH) << 22, self._last + 1)
        return str(self._last)

    def made(self, method: str, part: str) -> list[Request]:
        """The requests of a method with this in their path."""
        return [each for each in self.requests if each.method == method and part in each.path]

    async def rest(self, request: web.Request) -> web.Response:
        assert isinstance(request.protocol, Arrivals)
        at = request.protocol.arrived
        body, uploaded = await received(request)
        self.uploaded += uploaded
        path = "/" + request.match_info["rest"]
        self.requests.append(Request(request.method, path, body, dict(request.query), at))
        if request.headers.get("Authorization") != f"Bot {self.token}":
            return reply({"code": 0, "message": "401: Unauthorized"}, 401, {})
        for fault in self.faults:
            if fault.fits(request.method, path):
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return reply(fault.body, fault.status, fault.headers)
        status, answer = await self._answer(
            request.method, path.strip("/").split("/"), body, request
        )
        if answer is None:
            return web.Response(status=204)
        return reply(answer, status, {})

    async def _answer(
        self, method: str, parts: list[str], body: Any, request: web.Request
    ) -> Answer:
        match method, parts:
            case _, ["channels", channel, "messages", *rest] if channel in self.channels:
                shut = self._shut(channel) if method != "GET" else None
                return shut or await self._messages(method, channel, rest, body, request)
            case "GET", ["channels", channel] if channel in self.channels:
                return 200, self.channels[channel]
            case "PATCH", ["channels", channel] if channel in self.channels:
                return self._rearchive(channel, body)
            case "PUT", ["channels", channel, "thread-members", "@me"] if channel in self.channels:
                return await self._join(channel)
            case "POST", ["interactions", id, _, "callback"]:
                return self._acknowledge(id)
            case "PATCH" | "POST", ["webhooks", _, token, *_]:
                made = self.message(CHANNEL, body, user(BOT, "infra", bot=True))
                self.journal.append(("whisper", made | {"to": self.pressed.get(token)}))
                return 200, made
            case _:
                return self._own(method, parts, body)

    def _own(self, method: str, parts: list[str], body: Any) -> Answer:
        """What is about the bot itself."""
        match method, parts:
            case "GET", ["users", "@me"]:
                return 200, user(BOT, "infra", bot=True)
            case "GET", ["oauth2", "applications", "@me"]:
                flags = 1 << 19 if self.intents_allowed else 0
                return 200, {"id": APP, "name": "infra", "icon": None, "description": "", "bot_public": True, "bot_require_code_grant": False, "verify_key": "", "flags": flags, "owner": user(OWNER, "owner"), "team": None}  # fmt: skip
            case "GET", ["users", "@me", "guilds"]:
                return 200, [{"id": GUILD, "name": "Ops", "permissions": self.permissions}]
            case "PUT", ["applications", _, "commands"]:
                self.commands = body
                return 200, body
            case "POST", ["users", "@me", "channels"]:
                return 200, self._direct(body["recipient_id"])
            case _:
                return gone(10003)

    def _shut(self, channel: str) -> Answer | None:
        """Why nothing can be put into a thread. (The real one takes a plain post into one that is archived.)"""
        about = self.channels[channel].get("thread_metadata") or {}
        if about.get("locked"):
            return LOCKED
        return SHUT if about.get("archived") else None

    def _rearchive(self, channel: str, body: Json) -> Answer:
        about = self.channels[channel]["thread_metadata"]
        if about["locked"]:
            return 403, {"code": 50013, "message": "Missing Permissions"}
        about["archived"] = body["archived"]
        return 200, self.channels[channel]

    async def _join(self, thread: str) -> Answer:
        stamp = "2026-11-20T12:00:00+00:00"
        me = {"id": thread, "user_id": BOT, "join_timestamp": stamp, "flags": 0}
        self.channels[thread]["member"] = me
        told = {"id": thread, "guild_id": self.channels[thread]["guild_id"], "member_count": 2}
        await self.emit("THREAD_MEMBERS_UPDATE", told | {"added_members": [me]})
        return 204, None

    def _acknowledge(self, id: str) -> Answer:
        if id in self.acknowledged:
            return 400, {"code": 40060, "message": "Interaction has already been acknowledged."}
        self.acknowledged.add(id)
        return 204, None

    def _direct(self, person: str) -> Json:
        channel = {"id": f"6{person}", "type": 1, "recipients": [user(person, "someone")]}
        self.channels[channel["id"]] = channel
        self.messages.setdefault(channel["id"], {})
        return channel

    async def _messages(
        self, method: str, channel: str, rest: list[str], body: Any, request: web.Request
    ) -> Answer:
        kept = self.messages[channel]
        match method, rest:
            case "POST", []:
                return await self._post(channel, body)
            case "GET", []:
                return 200, self._history(kept, request.query)
            case _, [id, *_] if id not in kept:
                return MISSING
            case "GET", [id]:
                return 200, kept[id] | {"reactions": self._counts(channel, id)}
            case "PATCH", [id]:
                kept[id] |= {key: body[key] for key in SHOWN if key in body}
                self.journal.append(("edit", {"id": id, "channel_id": channel} | body))
                return 200, kept[id]
            case "POST", [id, "threads"]:
                return await self._thread(channel, id, body["name"])
            case _, [id, "reactions", emoji, *mine]:
                return self._react(method, (channel, id), emoji, mine, request.query)
            case _:
                return MISSING

    async def _post(self, channel: str, body: Json) -> Answer:
        if len(body.get("content") or "") > 2000:
            return 400, {"code": 50035, "message": "Invalid Form Body"}
        for message in self.messages[channel].values():
            if body.get("enforce_nonce") and message.get("nonce") == body["nonce"]:
                return 200, message
        made = self.message(channel, body, user(BOT, "infra", bot=True))
        files = body.get("attachments", [])
        self.journal.append(("post", made | {"attachments": files}))
        await self.emit(
            "MESSAGE_CREATE",
            made | self.where(channel),
        )
        return 200, made

    def where(self, channel: str) -> Json:
        """What an event says of the guild."""
        channel_of = self.channels[channel]
        return {"guild_id": channel_of["guild_id"]} if "guild_id" in channel_of else {}

    def message(self, channel: str, body: Json, author: Json) -> Json:
        id = self.id()
        made = {"id": id, "type": 0, "channel_id": channel, "author": {"discriminator": "0", "avatar": None, "bot": False} | author, "timestamp": "2026-11-20T12:00:00+00:00", "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [], "mention_roles": [], "attachments": body.get("files", []), "embeds": body.get("embeds", []), "components": body.get("components", []), "content": body.get("content", ""), "pinned": False, "nonce": body.get("nonce"), "flags": body.get("voice", 0), "reactions": []}  # fmt: skip
        self.messages[channel][id] = made
        return made

    def _history(self, kept: dict[str, Json], query: Any) -> list[Json]:
        """As the real one: `after` gives those right behind it, newest first."""
        after, limit = int(query.get("after", 0)), int(query.get("limit", 50))
        ids = sorted((id for id in kept if int(id) > after), key=int)
        ids = ids[:limit] if after else ids[-limit:]
        return [kept[id] for id in reversed(ids)]

    async def _thread(self, channel: str, id: str, name: str, owner: str = BOT) -> Answer:
        if id in self.channels:
            return 400, {"code": 160004, "message": "The message has a thread already"}
        stamp = "2026-11-20T12:00:00+00:00"
        thread = {"id": id, "type": 11, "guild_id": self.channels[channel]["guild_id"], "parent_id": channel, "owner_id": owner, "name": name, "message_count": 0, "member_count": 1, "rate_limit_per_user": 0, "thread_metadata": {"archived": False, "auto_archive_duration": 1440, "archive_timestamp": stamp, "locked": False, "create_timestamp": stamp}, "member": {"id": id, "user_id": BOT, "join_timestamp": stamp, "flags": 0}}  # fmt: skip
        if owner != BOT:
            del thread["member"]
        self.channels[id], self.messages[id] = thread, {}
        await self.emit("THREAD_CREATE", thread | {"newly_created": True})
        return 201, thread

    def _react(
        self, method: str, where: tuple[str, str], emoji: str, mine: list[str], query: Any
    ) -> Answer:
        if method == "GET":
            return self._put_by(where, emoji, query)
        there = self.reactions.setdefault(where, {}).setdefault(emoji, [])
        if method == "PUT" and BOT not in there:
            there.append(BOT)
            self.journal.append(("react", {"id": where[1], "emoji": emoji}))
        elif method == "DELETE" and BOT in there and mine == ["@me"]:
            there.remove(BOT)
        return 204, None

    def _put_by(self, where: tuple[str, str], emoji: str, query: Any) -> Answer:
        """As the real one: the ordinary ones, unless the super reactions are asked for."""
        there = self.reactions.get(where, {}).get(emoji, [])
        burst = query.get("type", "0") == "1"
        chosen = [each for each in there if ((*where, emoji, each) in self.bursts) == burst]
        return 200, [user(each, "someone", bot=each in self.bots) for each in chosen]

    def _counts(self, channel: str, message: str) -> list[Json]:
        there = self.reactions.get((channel, message), {})
        found = []
        for emoji, users in there.items():
            burst = sum((channel, message, emoji, each) in self.bursts for each in users)
            details = {"burst": burst, "normal": len(users) - burst}
            named, me = {"id": None, "name": emoji}, BOT in users
            found.append({"emoji": named, "count": len(users), "count_details": details, "me": me})
        return [each for each in found if each["count"]]
