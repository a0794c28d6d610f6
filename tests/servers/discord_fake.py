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
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.discord_wire import Arrivals
from tests.servers.discord_world import (
    APP,
    BOT,
    CHANNEL,
    GUILD,
    OTHER_GUILD,
    OWNER,
    QUIET,
    TOKEN,
    Fault,
    Json,
    Request,
    World,
    user,
)

__all__ = [
    "APP",
    "BOT",
    "CHANNEL",
    "GUILD",
    "OWNER",
    "QUIET",
    "TOKEN",
    "FakeDiscord",
    "Fault",
    "Request",
]


@dataclass
class Connection:
    """One open gateway socket."""

    socket: web.WebSocketResponse
    press: Any
    ready: bool = False
    left: float = 0.0
    """When the newest payload went out (seconds, monotonic)."""

    async def send(self, payload: Json | str) -> None:
        raw = (payload if isinstance(payload, str) else json.dumps(payload)).encode()
        packed = self.press and self.press.compress(raw) + self.press.flush(zlib.Z_SYNC_FLUSH)
        self.left = time.monotonic()
        if packed is None:
            await self.socket.send_str(raw.decode())
        else:
            await self.socket.send_bytes(packed)


class FakeDiscord(World):
    """`api_url` and `gateway_url` after `start`."""

    def __init__(self) -> None:
        super().__init__()
        self.identified: list[Json] = []
        self.resumed: list[Json] = []
        self.events: list[Json] = []
        self._sent = 0
        self._session = 0
        self.joined_at = "2026-01-01T00:00:00+00:00"
        self.guilds_after = 0.0
        """Seconds between READY and the guild: on a big bot they come one after another."""
        self.everyone = (1 << 50) - 1
        self.guilds = [GUILD, OTHER_GUILD]
        self._open: list[Connection] = []
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        loop, app = asyncio.get_running_loop(), web.Application(client_max_size=30_000_000)
        app.router.add_get("/gateway/", self._gateway)
        app.router.add_route("*", "/api/v10/{rest:.*}", self.rest)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        handler = partial(Arrivals, self._runner.server, loop=loop, access_log=None)
        self._listener = await loop.create_server(handler, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        await self.drop()
        if self._listener is not None:
            self._listener.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/gateway/"

    # people and faults

    async def say(
        self,
        text: str,
        channel: str = CHANNEL,
        user: str = "1001",
        *,
        tell: bool = True,
        **more: Any,
    ) -> str:
        """Somebody writes. Without `tell` the gateway never speaks of it. `more`: `files`, and `voice` as flags."""
        author = {"id": user, "username": "alice", "bot": user in self.bots}
        message = self.message(channel, {"content": text} | more, author)
        if tell:
            where = self.where(channel)
            member = {"member": {"roles": []}} if where else {}
            await self.emit("MESSAGE_CREATE", message | where | member)
        return str(message["id"])

    async def rewrite(self, message: str, text: str, channel: str = CHANNEL) -> None:
        """Somebody changes what they wrote."""
        kept = self.messages[channel][message]
        kept |= {"content": text, "edited_timestamp": "2026-11-20T12:01:00+00:00"}
        await self.emit("MESSAGE_UPDATE", kept | self.where(channel) | {"member": {"roles": []}})

    async def open_thread(self, message: str, channel: str = CHANNEL, user: str = "1001") -> None:
        """Somebody begins a thread on a message; the bot is not in it."""
        await self._thread(channel, message, "a thread", owner=user)

    async def react(
        self, message: str, emoji: str, channel: str, user: str = "1002", *, tell: bool = True
    ) -> None:
        """Somebody puts a reaction."""
        self.reactions.setdefault((channel, message), {}).setdefault(emoji, []).append(user)
        if tell:
            writer = self.messages[channel][message]["author"]["id"]
            data = self._reaction(message, emoji, channel, user) | {"message_author_id": writer}
            await self.emit("MESSAGE_REACTION_ADD", data)

    async def unreact(self, message: str, emoji: str, channel: str, user: str = "1002") -> None:
        """Somebody takes it off."""
        self.reactions[channel, message][emoji].remove(user)
        await self.emit("MESSAGE_REACTION_REMOVE", self._reaction(message, emoji, channel, user))

    def _reaction(self, message: str, emoji: str, channel: str, user: str) -> Json:
        named = {"id": None, "name": emoji}
        who = {"user": {"id": user, "username": "someone", "discriminator": "0", "avatar": None, "bot": user in self.bots}, "roles": [], "joined_at": self.joined_at, "deaf": False, "mute": False, "flags": 0}  # fmt: skip
        member = {"member": who} if "guild_id" in self.channels[channel] else {}
        return member | {"user_id": user, "message_id": message, "channel_id": channel, "guild_id": GUILD, "emoji": named, "type": 0, "burst": False}  # fmt: skip

    async def click(self, message: str, channel: str, custom_id: str, user: str = "1002") -> str:
        """Somebody presses a button; the interaction's id."""
        id = self.id()
        self.pressed[f"token{id}"] = user
        data = {"custom_id": custom_id, "component_type": 2}
        person = {"user": {"id": user, "username": "bob", "discriminator": "0", "avatar": None}, "roles": [], "permissions": "0", "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}  # fmt: skip
        await self.emit("INTERACTION_CREATE", {"id": id, "application_id": APP, "type": 3, "token": f"token{id}", "version": 1, "data": data, "guild_id": GUILD, "channel_id": channel, "channel": self.channels[channel], "member": person, "message": self.messages[channel][message], "entitlements": [], "attachment_size_limit": 10485760, "locale": "en-US", "authorizing_integration_owners": {}})  # fmt: skip
        return id

    async def command(self, name: str, *options: Json, user: str = "1001", kind: int = 2) -> str:
        """Somebody gives a sub-command of `/infra` in the channel, or (kind 4) types one; the interaction's id. Raises
        LookupError for one that is not registered: nobody is offered it."""
        known = {each["name"] for command in self.commands for each in command["options"]}
        if name not in known:
            raise LookupError(name)
        id = self.id()
        self.pressed[f"token{id}"] = user
        data = {"id": "1", "name": "infra", "type": 1, "options": [{"type": 1, "name": name, "options": list(options)}]}  # fmt: skip
        person = {"user": {"id": user, "username": "alice", "discriminator": "0", "avatar": None}, "roles": [], "permissions": "0", "joined_at": self.joined_at, "deaf": False, "mute": False, "flags": 0}  # fmt: skip
        await self.emit("INTERACTION_CREATE", {"id": id, "application_id": APP, "type": kind, "token": f"token{id}", "version": 1, "data": data, "guild_id": GUILD, "channel_id": CHANNEL, "channel": self.channels[CHANNEL], "member": person, "entitlements": [], "attachment_size_limit": 10485760, "locale": "en-US", "authorizing_integration_owners": {}})  # fmt: skip
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

    @property
    def listening(self) -> bool:
        """Whether somebody hears every event from now on."""
        return any(each.ready for each in self._open)

    @property
    def left(self) -> float:
        """When the newest payload went out."""
        return max((each.left for each in self._open), default=0.0)

    @property
    def connected(self) -> int:
        """How many gateway sockets are open."""
        return len(self._open)

    def forget(self) -> None:
        """No session can be resumed any more."""
        self._session += 1
        self.events.clear()

    async def until(self, ask: Callable[[], Any], seconds: float = 12.0) -> Any:
        """The first true answer."""
        async with asyncio.timeout(seconds):
            while True:
                if found := ask():
                    return found
                await asyncio.sleep(0.01)

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
            bot = user(BOT, "infra", bot=True)
            await self._only(connection, "READY", {"v": 10, "user": bot, "guilds": [{"id": each, "unavailable": True} for each in self.guilds], "session_id": f"s{self._session}", "resume_gateway_url": self.gateway_url, "application": {"id": APP, "flags": 0}})  # fmt: skip
            await asyncio.sleep(self.guilds_after)
            for each in self.guilds:
                await self._only(connection, "GUILD_CREATE", self.guild(each))
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

    def guild(self, id: str = GUILD) -> Json:
        """A guild as GUILD_CREATE tells it."""
        everyone = {"id": id, "name": "@everyone", "permissions": str(self.everyone), "position": 0, "color": 0, "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None}, "hoist": False, "managed": False, "mentionable": False, "flags": 0}  # fmt: skip
        me = {"user": user(BOT, "infra", bot=True), "roles": [], "joined_at": self.joined_at, "deaf": False, "mute": False, "flags": 0}  # fmt: skip
        inside = [each for each in self.channels.values() if each.get("guild_id") == id]
        threads = [each for each in inside if each["type"] == 11]
        rooms = [self._seen(each) for each in inside if each["type"] == 0]
        return {"id": id, "name": "Ops", "owner_id": OWNER, "member_count": 3, "roles": [everyone], "emojis": [], "stickers": [], "features": [], "members": [me], "channels": rooms, "threads": [self._seen(each) for each in threads], "voice_states": [], "presences": [], "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [], "unavailable": False, "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0, "premium_tier": 0, "preferred_locale": "en-US", "afk_timeout": 60, "nsfw_level": 0, "premium_progress_bar_enabled": False, "system_channel_flags": 0}  # fmt: skip

    def _seen(self, channel: Json) -> Json:
        last = max(self.messages[channel["id"]], key=int, default=None)
        return {"permission_overwrites": []} | channel | {"last_message_id": last, "position": 0}
