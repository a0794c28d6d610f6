"""Where a fake Discord keeps files: signed addresses that expire, on a port of its own; it writes down what it is asked with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Json = dict[str, Any]


class Cdn:
    """`url` after `start`. `signature` is what addresses must carry now."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.statuses: dict[str, int] = {}
        self.moved: dict[str, str] = {}
        """Files that lead somewhere else."""
        self.unsized: set[str] = set()
        """Files of which the length is not told."""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent = 0
        self.signature = "first"
        self.url = ""

    async def start(self) -> web.AppRunner:
        application = web.Application()
        application.router.add_get("/attachments/{name}", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    def address(self, name: str) -> str:
        """Where a file is, as signed now."""
        return f"{self.url}/attachments/{name}?hm={self.signature}"

    def attachment(self, id: str, name: str, content: bytes, **more: Any) -> Json:
        """Keep a file; the attachment of a message that has it."""
        self.contents[name] = content
        about = {"id": id, "filename": name, "size": len(content), "url": self.address(name)}
        return about | {"proxy_url": self.address(name)} | more

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked.append((name, dict(request.headers)))
        if name in self.moved:
            raise web.HTTPFound(self.moved[name])
        if request.query.get("hm") != self.signature:
            raise web.HTTPForbidden
        if name in self.statuses:
            return web.Response(status=self.statuses[name])
        if name not in self.contents:
            raise web.HTTPNotFound
        return await self._stream(request, name)

    async def _stream(self, request: web.Request, name: str) -> web.StreamResponse:
        whole = self.contents[name]
        answer = web.StreamResponse()
        if name not in self.unsized:
            answer.content_length = len(whole)
        await answer.prepare(request)
        for start in range(0, len(whole), 65_536):
            await answer.write(whole[start : start + 65_536])
            self.sent += 65_536
        return answer


@asynccontextmanager
async def serving() -> AsyncIterator[Cdn]:
    """One, running."""
    cdn = Cdn()
    runner = await cdn.start()
    try:
        yield cdn
    finally:
        await runner.cleanup()
