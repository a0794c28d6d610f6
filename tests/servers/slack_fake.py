"""A Slack over real sockets that does what the stand-in of others cannot: reactions.get, metadata, checked tokens and limits,
one connection per envelope, and every fault on request. Runs in the loop of the test that holds it."""

import asyncio
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.slack_workspace import Json, Workspace

TOKEN, APP_TOKEN = "xoxb-good", "xapp-good"


@dataclass
class Reply:
    """A scripted answer of one method, in place of the real one. `cut` does it, and breaks the connection instead."""

    error: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: str | None = None
    cut: bool = False


class SlackFake(Workspace):
    """One workspace behind a port of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: defaultdict[str, list[Reply]] = defaultdict(list)
        self.sockets: list[web.WebSocketResponse] = []
        self.acks: Counter[str] = Counter()
        self.answers: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}
        self.grants = "chat:write,commands"
        self.token = TOKEN
        self.arrived: Callable[[str], None] = lambda _what: None
        self.contents: dict[str, bytes] = {}
        self.moved: dict[str, str] = {}
        self.locked: set[str] = set()
        self.limits: dict[str, tuple[int, float]] = {}
        self._times: defaultdict[str, list[float]] = defaultdict(list)
        self._turn = itertools.count()
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def start(self) -> None:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/api/{method}", self._api)
        application.router.add_get("/socket/{id}", self._socket)
        application.router.add_post("/upload/{id}", self._upload)
        application.router.add_get("/files/{id}/{name}", self._file)
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
                    self.arrived("ack")
                    said = json.loads(raw.data)
                    self.acks[said["envelope_id"]] += 1
                    self.answers[said["envelope_id"]] = said.get("payload")
                    await self._notify()
        finally:
            self.sockets.remove(socket)
            await self._notify()
        return socket

    def _is_limited(self, method: str) -> bool:
        """As Slack's limits: so many in so many seconds. `limits` is empty unless a test wants them."""
        most, seconds = self.limits.get(method, (0, 0.0))
        now, times = asyncio.get_running_loop().time(), self._times[method]
        times[:] = [each for each in times if each > now - seconds]
        if not most or len(times) < most:
            times.append(now)
            return False
        return True

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """A person's file, for who has the token; everybody else is shown the page to sign in, as Slack does."""
        id = request.match_info["id"]
        if id in self.moved:
            return web.Response(status=302, headers={"Location": self.moved[id]})
        known = request.headers.get("Authorization") == f"Bearer {self.token}"
        if id in self.locked or not known:
            return web.Response(text="<html>sign in</html>", content_type="text/html")
        content = self.contents.get(id)
        if content is None:
            return web.Response(status=404)
        answer = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await answer.prepare(request)
        await answer.write(content)
        return answer

    async def _upload(self, request: web.Request) -> web.Response:
        self.files[request.match_info["id"]] = await request.read()
        return web.Response(text="OK")

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.arrived(method)
        body = dict(request.query)
        if request.content_type == "application/json" and request.can_read_body:
            body |= await request.json()
        elif request.can_read_body:
            body |= {key: str(value) for key, value in (await request.post()).items()}
        self.calls.append((method, body))
        script = self.scripts[method].pop(0) if self.scripts[method] else Reply()
        wanted = APP_TOKEN if method == "apps.connections.open" else self.token
        if request.headers.get("Authorization") != f"Bearer {wanted}":
            script = Reply("invalid_auth" if self.token == TOKEN else "token_revoked")
        elif self._is_limited(method):
            script = Reply("ratelimited", 429, {"Retry-After": "1"})
        answer = {} if script.error or script.raw is not None else self.answer(method, body)
        await self._notify()
        if script.cut and request.transport is not None:
            request.transport.abort()
        if script.raw is not None:
            return web.Response(text=script.raw, status=script.status, headers=script.headers)
        error = script.error or answer.pop("error", "")
        whole = {"ok": False, "error": error} if error else {"ok": True, **answer}
        headers = {"x-oauth-scopes": self.grants} | script.headers
        return web.json_response(whole, status=script.status, headers=headers)
