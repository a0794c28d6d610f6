"""A Slack over real sockets that does what the stand-in of others cannot: reactions.get, metadata, checked tokens and limits,
one connection per envelope, and every fault on request. Runs in the loop of the test that holds it."""

import asyncio
import itertools
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.slack_limits import faults

Json = dict[str, Any]

BOT = "U0BOT"
TOKEN, APP_TOKEN = "xoxb-good", "xapp-good"
PAGE = 50


@dataclass
class Reply:
    """A scripted answer of one method, in place of the real one. `after` delays it, `cut` breaks the connection."""

    error: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: str | None = None
    cut: bool = False
    done: bool = False


class SlackFake:
    """One workspace with channels C1 and D1 (direct, with alice)."""

    def __init__(self) -> None:
        self.channels: dict[str, list[Json]] = {"C1": [], "D1": []}
        self.calls: list[tuple[str, Json]] = []
        self.scripts: defaultdict[str, list[Reply]] = defaultdict(list)
        self.sockets: list[web.WebSocketResponse] = []
        self.opened = 0
        self.acks: Counter[str] = Counter()
        self.answers: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}
        self.ephemeral: list[Json] = []
        self.grants = "chat:write,commands"
        self.url = ""
        self._last = 0.0
        self._ids = itertools.count(1)
        self._turn = itertools.count()
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def start(self) -> None:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/api/{method}", self._api)
        application.router.add_get("/socket/{id}", self._socket)
        application.router.add_post("/upload/{id}", self._upload)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        self.url = f"http://127.0.0.1:{self._port}/api/"

    async def stop(self) -> None:
        """As a server that goes away: every connection is cut. `start` brings it back on the same port."""
        await self.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    def stamp(self) -> str:
        self._last = max(self._last + 0.000002, time.time())
        return f"{self._last:.6f}"

    def say(self, user: str, text: str, channel: str = "C1", **rest: Any) -> Json:
        """A person's message, stored; the event is for `send`."""
        message = {"type": "message", "user": user, "text": text, "ts": self.stamp(), **rest}
        self.channels[channel].append(message)
        return {**message, "channel": channel, "event_ts": message["ts"]}

    def react(self, user: str, name: str, channel: str, stamp: str, *, on: bool = True) -> Json:
        """A person's reaction, stored; its event."""
        users = self._find(channel, stamp).setdefault("_reactions", {}).setdefault(name, [])
        users.append(user) if on else users.remove(user)
        kind = "reaction_added" if on else "reaction_removed"
        item = {"type": "message", "channel": channel, "ts": stamp}
        return {
            "type": kind,
            "user": user,
            "reaction": name,
            "item": item,
            "event_ts": self.stamp(),
        }

    async def event(self, inner: Json, **envelope: Any) -> str:
        payload = {"type": "event_callback", "event_id": f"Ev{next(self._ids)}", "event": inner}
        return await self.send("events_api", payload, **envelope)

    async def send(self, kind: str, payload: Json, **envelope: Any) -> str:
        """An envelope over one of the connections, in turn; its id."""
        await self.connected(1)
        id = envelope.pop("envelope_id", f"e{next(self._ids)}")
        said = {"envelope_id": id, "type": kind, "payload": payload, **envelope}
        sockets = self.sockets
        await sockets[next(self._turn) % len(sockets)].send_str(json.dumps(said))
        return str(id)

    async def connected(self, count: int) -> None:
        await self.until(lambda: len(self.sockets) >= count)

    async def acknowledged(self, *ids: str) -> None:
        await self.until(lambda: all(self.acks[id] for id in ids))

    async def until(self, good: Any, seconds: float = 20) -> None:
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(good)
        except TimeoutError:
            raise AssertionError(f"calls {self.calls[-5:]}, acks {self.acks}") from None

    async def drop(self) -> None:
        """Cut every connection without a word."""
        for socket in list(self.sockets):
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()
        await self.until(lambda: not self.sockets)

    def called(self, method: str) -> list[Json]:
        return [body for name, body in self.calls if name == method]

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps({"type": "hello", "num_connections": 1}))
        self.sockets.append(socket)
        await self._notify()
        try:
            async for raw in socket:
                if raw.type is WSMsgType.TEXT:
                    said = json.loads(raw.data)
                    self.acks[said["envelope_id"]] += 1
                    self.answers[said["envelope_id"]] = said.get("payload")
                    await self._notify()
        finally:
            self.sockets.remove(socket)
            await self._notify()
        return socket

    async def _upload(self, request: web.Request) -> web.Response:
        self.files[request.match_info["id"]] = await request.read()
        return web.Response(text="OK")

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        body = dict(request.query)
        if request.content_type == "application/json" and request.can_read_body:
            body |= await request.json()
        elif request.can_read_body:
            body |= {key: str(value) for key, value in (await request.post()).items()}
        self.calls.append((method, body))
        script = self.scripts[method].pop(0) if self.scripts[method] else Reply(done=True)
        wanted = APP_TOKEN if method == "apps.connections.open" else TOKEN
        if request.headers.get("Authorization") != f"Bearer {wanted}":
            script = Reply("invalid_auth")
        answer = {} if script.error or script.raw is not None else self._answer(method, body)
        await self._notify()
        if script.cut and request.transport is not None:
            request.transport.abort()
        if script.raw is not None:
            return web.Response(text=script.raw, status=script.status, headers=script.headers)
        error = script.error or answer.pop("error", "")
        whole = {"ok": False, "error": error} if error else {"ok": True, **answer}
        headers = {"x-oauth-scopes": self.grants} | script.headers
        return web.json_response(whole, status=script.status, headers=headers)

    def _answer(self, method: str, body: Json) -> Json:
        known = getattr(self, "_do_" + method.replace(".", "_"), None)
        return known(body) if known else {"error": "unknown_method"}

    def _find(self, channel: str, stamp: str) -> Json:
        return next((each for each in self.channels.get(channel, []) if each["ts"] == stamp), {})

    def _do_auth_test(self, body: Json) -> Json:
        return {"user_id": BOT, "bot_id": "B0BOT", "user": "infra", "team_id": "T1"}

    def _do_apps_connections_open(self, body: Json) -> Json:
        self.opened += 1
        return {"url": self.url.replace("http", "ws").replace("/api/", f"/socket/{self.opened}")}

    def _do_chat_postMessage(self, body: Json) -> Json:
        if body["channel"] not in self.channels:
            return {"error": "channel_not_found"}
        if faults(body):
            return {"error": "invalid_blocks"}
        kept = {
            key: body[key]
            for key in ("text", "blocks", "attachments", "metadata", "thread_ts")
            if key in body
        }
        message = {**kept, "type": "message", "user": BOT, "bot_id": "B0BOT", "ts": self.stamp()}
        self.channels[body["channel"]].append(message)
        return {"channel": body["channel"], "ts": message["ts"]}

    def _do_chat_update(self, body: Json) -> Json:
        message = self._find(body["channel"], body["ts"])
        if not message:
            return {"error": "message_not_found"}
        if faults(body) or len(body["text"]) > 4_000:
            return {"error": "msg_too_long"}
        message |= {key: body[key] for key in ("text", "blocks", "attachments", "metadata")}
        return {"channel": body["channel"], "ts": body["ts"]}

    def _do_chat_delete(self, body: Json) -> Json:
        self.channels[body["channel"]].remove(self._find(body["channel"], body["ts"]))
        return {}

    def _do_chat_postEphemeral(self, body: Json) -> Json:
        if faults(body):
            return {"error": "invalid_blocks"}
        self.ephemeral.append(body)
        return {"message_ts": self.stamp()}

    def _do_conversations_open(self, body: Json) -> Json:
        return {"channel": {"id": "D1"}}

    def _do_users_conversations(self, body: Json) -> Json:
        return {"channels": [{"id": channel} for channel in self.channels]}

    def _do_conversations_history(self, body: Json) -> Json:
        roots = [each for each in self.channels[body["channel"]] if "thread_ts" not in each]
        return self._page([self._counted(each, body) for each in roots[::-1]], body)

    def _do_conversations_replies(self, body: Json) -> Json:
        lines = self.channels[body["channel"]]
        inside = [each for each in lines if body["ts"] in {each["ts"], each.get("thread_ts")}]
        return self._page(inside, body)

    def _counted(self, root: Json, body: Json) -> Json:
        replies = [
            e["ts"] for e in self.channels[body["channel"]] if e.get("thread_ts") == root["ts"]
        ]
        return root | ({"latest_reply": replies[-1], "thread_ts": root["ts"]} if replies else {})

    def _page(self, lines: list[Json], body: Json) -> Json:
        new = [each for each in lines if float(each["ts"]) > float(body.get("oldest", 0))]
        start = int(body.get("cursor") or 0)
        page = new[start : start + PAGE]
        hide = {"_reactions"} | (set() if body.get("include_all_metadata") else {"metadata"})
        shown = [{key: each[key] for key in each if key not in hide} for each in page]
        more = str(start + PAGE) if start + PAGE < len(new) else ""
        return {"messages": shown, "response_metadata": {"next_cursor": more}}

    def _do_reactions_add(self, body: Json) -> Json:
        users = self._find(body["channel"], body["timestamp"]).setdefault("_reactions", {})
        users = users.setdefault(body["name"], [])
        if BOT in users:
            return {"error": "already_reacted"}
        users.append(BOT)
        return {}

    def _do_reactions_remove(self, body: Json) -> Json:
        users = (
            self._find(body["channel"], body["timestamp"])
            .get("_reactions", {})
            .get(body["name"], [])
        )
        if BOT not in users:
            return {"error": "no_reaction"}
        users.remove(BOT)
        return {}

    def _do_reactions_get(self, body: Json) -> Json:
        message = self._find(body["channel"], body["timestamp"])
        if not message:
            return {"error": "message_not_found"}
        there = message.get("_reactions", {})
        listed = [
            {"name": name, "users": users, "count": len(users)}
            for name, users in there.items()
            if users
        ]
        return {"message": {"ts": message["ts"], "reactions": listed}}

    def _do_views_open(self, body: Json) -> Json:
        return {"view": {**body["view"], "id": f"V{next(self._ids)}"}}

    def _do_files_getUploadURLExternal(self, body: Json) -> Json:
        id = f"F{next(self._ids)}"
        return {"file_id": id, "upload_url": self.url.replace("/api/", f"/upload/{id}")}

    def _do_files_completeUploadExternal(self, body: Json) -> Json:
        return {"files": body["files"]}

    def shown(self, reference: str) -> Json:
        """A message as it is now."""
        channel, _, stamp = reference.partition("/")
        return self._find(channel, stamp)
