"""A Discord over real sockets: a gateway with resume and a REST API with a memory, and faults on demand.

Only what a bot needs, but that as the real one: HELLO → heartbeat → IDENTIFY → READY → GUILD_CREATE, zlib-stream when asked for,
events kept for a RESUME, nonces enforced, threads once per message, interactions acknowledged once.
"""

import asyncio
import contextlib
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

Json = dict[str, Any]
Answer = tuple[int, Any]

APP, GUILD, CHANNEL, BOT, OWNER = "900", "800", "700", "901", "902"
TOKEN = "fake.token"  # of this fake alone
_EPOCH = 1_420_070_400_000
MISSING, AGAIN = (404, {"code": 10008, "message": "Unknown Message"}), "x"


@dataclass
class Connection:
    """One open gateway socket."""

    socket: web.WebSocketResponse
    press: Any
    ready: bool = False

    async def send(self, payload: Json | str) -> None:
        raw = (payload if isinstance(payload, str) else json.dumps(payload)).encode()
        if self.press is None:
            await self.socket.send_str(raw.decode())
        else:
            packed = self.press.compress(raw) + self.press.flush(zlib.Z_SYNC_FLUSH)
            await self.socket.send_bytes(packed)


@dataclass
class Request:
    """One REST request as it came, and when (seconds, monotonic)."""

    method: str
    path: str
    body: Any
    query: dict[str, str]
    at: float


@dataclass
class Fault:
    """What the next `times` requests that fit get instead of an answer."""

    method: str
    part: str
    status: int
    body: Json = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1


class FakeDiscord:
    """`api_url` and `gateway_url` after `start`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.identified: list[Json] = []
        self.resumed: list[Json] = []
        self.faults: list[Fault] = []
        self.messages: dict[str, dict[str, Json]] = {CHANNEL: {}}
        self.channels: dict[str, Json] = {
            CHANNEL: {"id": CHANNEL, "type": 0, "guild_id": GUILD, "name": "general"}
        }
        self.reactions: dict[tuple[str, str], dict[str, list[str]]] = {}
        self.acknowledged: set[str] = set()
        self.token = TOKEN
        self.hold: float = 45.0
        self.intents_allowed = True
        self.events: list[Json] = []
        self._sent = 0
        self._session = 0
        self._open: list[Connection] = []
        self._last = 0
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        app = web.Application(client_max_size=30_000_000)
        app.router.add_get("/gateway/", self._gateway)
        app.router.add_route("*", "/api/v10/{rest:.*}", self._rest)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        server = site._server
        assert isinstance(server, asyncio.Server)
        self.port = server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        await self.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway/"

    # people and faults

    def id(self) -> str:
        """A fresh snowflake of this moment."""
        self._last = max((int(time.time() * 1000) - _EPOCH) << 22, self._last + 1)
        return str(self._last)

    async def say(
        self, text: str, channel: str = CHANNEL, user: str = "1001", *, tell: bool = True
    ) -> str:
        """Somebody writes. Without `tell` the gateway never speaks of it."""
        message = self._message(channel, {"content": text}, {"id": user, "username": "alice"})
        if tell:
            await self.emit(
                "MESSAGE_CREATE", message | {"guild_id": GUILD, "member": {"roles": []}}
            )
        return str(message["id"])

    async def react(
        self, message: str, emoji: str, channel: str, user: str = "1002", *, tell: bool = True
    ) -> None:
        """Somebody puts a reaction."""
        self.reactions.setdefault((channel, message), {}).setdefault(emoji, []).append(user)
        if tell:
            await self.emit("MESSAGE_REACTION_ADD", self._reaction(message, emoji, channel, user))

    async def unreact(self, message: str, emoji: str, channel: str, user: str = "1002") -> None:
        """Somebody takes it off."""
        self.reactions[channel, message][emoji].remove(user)
        await self.emit("MESSAGE_REACTION_REMOVE", self._reaction(message, emoji, channel, user))

    def _reaction(self, message: str, emoji: str, channel: str, user: str) -> Json:
        named = {"id": None, "name": emoji}
        return {"user_id": user, "message_id": message, "channel_id": channel, "guild_id": GUILD, "emoji": named, "type": 0, "burst": False, "message_author_id": BOT}  # fmt: skip

    async def click(self, message: str, channel: str, custom_id: str, user: str = "1002") -> str:
        """Somebody presses a button; the interaction's id."""
        id = self.id()
        data = {"custom_id": custom_id, "component_type": 2}
        person = {"user": {"id": user, "username": "bob", "discriminator": "0", "avatar": None}, "roles": [], "permissions": "0", "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}  # fmt: skip
        await self.emit("INTERACTION_CREATE", {"id": id, "application_id": APP, "type": 3, "token": f"token{id}", "version": 1, "data": data, "guild_id": GUILD, "channel_id": channel, "channel": self.channels[channel], "member": person, "message": self.messages[channel][message], "entitlements": [], "attachment_size_limit": 10485760, "locale": "en-US", "authorizing_integration_owners": {}})  # fmt: skip
        return id

    async def emit(self, event: str, data: Any) -> None:
        """A dispatch to whoever is connected; kept for a resume."""
        self._sent += 1
        payload = {"op": 0, "t": event, "s": self._sent, "d": data}
        self.events.append(payload)
        for connection in [each for each in self._open if each.ready]:
            with contextlib.suppress(ConnectionError):
                await connection.send(payload)

    async def raw(self, text: str) -> None:
        """Something that is no payload at all."""
        for connection in [each for each in self._open if each.ready]:
            await connection.send(text)

    async def drop(self, code: int | None = None) -> None:
        """Close every connection: with a code, or hard."""
        for connection in list(self._open):
            if code is None and connection.socket._req is not None:
                transport = connection.socket._req.transport
                if transport is not None:
                    transport.abort()
            else:
                await connection.socket.close(code=code or 1000)
        self._open.clear()

    def forget(self) -> None:
        """No session can be resumed any more."""
        self._session += 1
        self.events.clear()

    async def until(self, ask: Callable[[], Any], seconds: float = 12.0) -> Any:
        """The first true answer."""
        async with asyncio.timeout(seconds):
            while not (found := ask()):
                await asyncio.sleep(0.01)
        return found

    def made(self, method: str, part: str) -> list[Request]:
        """The requests of a method with this in their path."""
        return [each for each in self.requests if each.method == method and part in each.path]

    # the gateway

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        packed = request.query.get("compress") == "zlib-stream"
        connection = Connection(socket, zlib.compressobj() if packed else None)
        self._open.append(connection)
        await connection.send({"op": 10, "d": {"heartbeat_interval": 41250}})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            await self._operate(connection, json.loads(message.data))
        if connection in self._open:
            self._open.remove(connection)
        return socket

    async def _operate(self, connection: Connection, payload: Json) -> None:
        match payload["op"]:
            case 1:
                await connection.send({"op": 11})
            case 2:
                await self._identify(connection, payload["d"])
            case 6:
                await self._resume(connection, payload["d"])
            case _:
                pass

    async def _identify(self, connection: Connection, data: Json) -> None:
        self.identified.append(data)
        if data["token"] != self.token:
            await connection.socket.close(code=4004)
        elif data["intents"] & (1 << 15) and not self.intents_allowed:
            await connection.socket.close(code=4014)
        else:
            self._session += 1
            bot = _user(BOT, "infra", bot=True)
            await self._only(connection, "READY", {"v": 10, "user": bot, "guilds": [{"id": GUILD, "unavailable": True}], "session_id": f"s{self._session}", "resume_gateway_url": self.gateway_url, "application": {"id": APP, "flags": 0}})  # fmt: skip
            await self._only(connection, "GUILD_CREATE", self._guild())
            connection.ready = True

    async def _only(self, connection: Connection, event: str, data: Json) -> None:
        self._sent += 1
        await connection.send({"op": 0, "t": event, "s": self._sent, "d": data})

    async def _resume(self, connection: Connection, data: Json) -> None:
        self.resumed.append(data)
        if data["session_id"] != f"s{self._session}":
            await connection.send({"op": 9, "d": False})
            return
        for payload in [each for each in self.events if each["s"] > data["seq"]]:
            await connection.send(payload)
        await self._only(connection, "RESUMED", {})
        connection.ready = True

    def _guild(self) -> Json:
        everyone = {"id": GUILD, "name": "@everyone", "permissions": str((1 << 50) - 1), "position": 0, "color": 0, "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}, "hoist": False, "managed": False, "mentionable": False, "flags": 0}  # fmt: skip
        me = {"user": _user(BOT, "infra", bot=True), "roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}  # fmt: skip
        threads = [each for each in self.channels.values() if each["type"] == 11]
        rooms = [self._seen(each) for each in self.channels.values() if each["type"] == 0]
        return {"id": GUILD, "name": "Ops", "owner_id": OWNER, "member_count": 3, "roles": [everyone], "emojis": [], "stickers": [], "features": [], "members": [me], "channels": rooms, "threads": [self._seen(each) for each in threads], "voice_states": [], "presences": [], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [], "unavailable": False, "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0, "premium_tier": 0, "preferred_locale": "en-US", "afk_timeout": 60, "nsfw_level": 0, "premium_progress_bar_enabled": False, "system_channel_flags": 0}  # fmt: skip

    def _seen(self, channel: Json) -> Json:
        last = max(self.messages[channel["id"]], key=int, default=None)
        return channel | {"last_message_id": last, "position": 0, "permission_overwrites": []}

    # REST

    async def _rest(self, request: web.Request) -> web.Response:
        at = time.monotonic()
        body = await _body(request)
        path = "/" + request.match_info["rest"]
        self.requests.append(Request(request.method, path, body, dict(request.query), at))
        if request.headers.get("Authorization") != f"Bot {self.token}":
            return web.json_response({"code": 0, "message": "401: Unauthorized"}, status=401)
        for fault in self.faults:
            if fault.method == request.method and fault.part in path:
                fault.times -= 1
                if fault.times <= 0:
                    self.faults.remove(fault)
                return web.json_response(fault.body, status=fault.status, headers=fault.headers)
        status, answer = await self._answer(
            request.method, path.strip("/").split("/"), body, request
        )
        if answer is None:
            return web.Response(status=204)
        # aiohttp would add a charset, and discord.py decodes JSON only when there is none
        return web.Response(
            body=json.dumps(answer).encode(),
            status=status,
            headers={"Content-Type": "application/json"},
        )

    async def _answer(
        self, method: str, parts: list[str], body: Any, request: web.Request
    ) -> Answer:
        match method, parts:
            case "GET", ["users", "@me"]:
                return 200, _user(BOT, "infra", bot=True)
            case "GET", ["oauth2", "applications", "@me"] | ["applications", "@me"]:
                flags = 1 << 19 if self.intents_allowed else 0
                return 200, {"id": APP, "name": "infra", "icon": None, "description": "", "bot_public": True, "bot_require_code_grant": False, "verify_key": "", "flags": flags, "owner": _user(OWNER, "owner"), "team": None}  # fmt: skip
            case "GET", ["users", "@me", "guilds"]:
                return 200, [{"id": GUILD, "name": "Ops", "permissions": "2048"}]
            case "PUT", ["applications", _, "commands"]:
                return 200, body
            case "POST", ["users", "@me", "channels"]:
                return 200, self._direct(body["recipient_id"])
            case "GET", ["channels", channel]:
                return (200, self.channels[channel]) if channel in self.channels else _gone(10003)
            case _, ["channels", channel, "messages", *rest] if channel in self.channels:
                return await self._messages(method, channel, rest, body, request)
            case "POST", ["interactions", id, _, "callback"]:
                return self._acknowledge(id)
            case "PATCH" | "POST", ["webhooks", _, token, *_]:
                return 200, self._message(CHANNEL, body, _user(BOT, "infra", bot=True)) | {
                    "token": token
                }
            case _:
                return _gone(10003)

    def _acknowledge(self, id: str) -> Answer:
        if id in self.acknowledged:
            return 400, {"code": 40060, "message": "Interaction has already been acknowledged."}
        self.acknowledged.add(id)
        return 204, None

    def _direct(self, person: str) -> Json:
        channel = {"id": f"6{person}", "type": 1, "recipients": [_user(person, "someone")]}
        self.channels[channel["id"]] = channel
        self.messages.setdefault(channel["id"], {})
        return channel

    async def _messages(
        self, method: str, channel: str, rest: list[str], body: Any, request: web.Request
    ) -> Answer:
        kept = self.messages[channel]
        match method, rest:
            case "POST", []:
                return 200, await self._post(channel, body)
            case "GET", []:
                return 200, self._history(kept, request.query)
            case _, [id, *_] if id not in kept:
                return MISSING
            case "GET", [id]:
                return 200, kept[id] | {"reactions": self._counts(channel, id)}
            case "PATCH", [id]:
                kept[id] |= {
                    key: body[key] for key in ("content", "embeds", "components") if key in body
                }
                return 200, kept[id]
            case "POST", [id, "threads"]:
                return await self._thread(channel, id, body["name"])
            case _, [id, "reactions", emoji, *mine]:
                return self._react(method, (channel, id), emoji, mine)
            case _:
                return MISSING

    async def _post(self, channel: str, body: Json) -> Json:
        if len(body.get("content") or "") > 2000:
            raise web.HTTPBadRequest(text='{"code": 50035, "message": "Invalid Form Body"}')
        for message in self.messages[channel].values():
            if body.get("enforce_nonce") and message.get("nonce") == body["nonce"]:
                return message
        made = self._message(channel, body, _user(BOT, "infra", bot=True))
        await self.emit(
            "MESSAGE_CREATE",
            made | ({"guild_id": GUILD} if "guild_id" in self.channels[channel] else {}),
        )
        return made

    def _message(self, channel: str, body: Json, author: Json) -> Json:
        id = self.id()
        made = {"id": id, "type": 0, "channel_id": channel, "author": {"discriminator": "0", "avatar": None, "bot": False} | author, "timestamp": "2026-11-20T12:00:00+00:00", "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [], "mention_roles": [], "attachments": [], "embeds": body.get("embeds", []), "components": body.get("components", []), "content": body.get("content", ""), "pinned": False, "nonce": body.get("nonce"), "flags": 0, "reactions": []}  # fmt: skip
        self.messages[channel][id] = made
        return made

    def _history(self, kept: dict[str, Json], query: Any) -> list[Json]:
        """As the real one: `after` gives those right behind it, newest first."""
        after, limit = int(query.get("after", 0)), int(query.get("limit", 50))
        ids = sorted((id for id in kept if int(id) > after), key=int)
        ids = ids[:limit] if after else ids[-limit:]
        return [kept[id] for id in reversed(ids)]

    async def _thread(self, channel: str, id: str, name: str) -> Answer:
        if id in self.channels:
            return 400, {
                "code": 160004,
                "message": "A thread has already been created for this message",
            }
        stamp = "2026-11-20T12:00:00+00:00"
        thread = {"id": id, "type": 11, "guild_id": GUILD, "parent_id": channel, "owner_id": BOT, "name": name, "message_count": 0, "member_count": 1, "rate_limit_per_user": 0, "thread_metadata": {"archived": False, "auto_archive_duration": 1440, "archive_timestamp": stamp, "locked": False, "create_timestamp": stamp}, "member": {"id": id, "user_id": BOT, "join_timestamp": stamp, "flags": 0}}  # fmt: skip
        self.channels[id], self.messages[id] = thread, {}
        await self.emit("THREAD_CREATE", thread | {"newly_created": True})
        return 201, thread

    def _react(self, method: str, where: tuple[str, str], emoji: str, mine: list[str]) -> Answer:
        there = self.reactions.setdefault(where, {}).setdefault(emoji, [])
        if method == "GET":
            return 200, [_user(user, "someone") for user in there]
        if method == "PUT" and BOT not in there:
            there.append(BOT)
        elif method == "DELETE" and BOT in there and mine == ["@me"]:
            there.remove(BOT)
        return 204, None

    def _counts(self, channel: str, message: str) -> list[Json]:
        there = self.reactions.get((channel, message), {})
        return [
            {"emoji": {"id": None, "name": emoji}, "count": len(users), "me": BOT in users}
            for emoji, users in there.items()
            if users
        ]


def _user(id: str, name: str, *, bot: bool = False) -> Json:
    return {"id": id, "username": name, "discriminator": "0", "avatar": None, "bot": bot}


def _gone(code: int) -> Answer:
    return 404, {"code": code, "message": "Unknown Channel"}


async def _body(request: web.Request) -> Any:
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        return json.loads(str(form["payload_json"]))
    raw = await request.read()
    return json.loads(raw) if raw else None
