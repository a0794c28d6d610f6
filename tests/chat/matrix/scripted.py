"""A homeserver that tells what its script says: what a well-behaved Synapse would never hand on, others may."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from adapters.chat.matrix.adapter import Matrix
from adapters.chat.matrix.settings import Settings
from bot.clock import SystemClock
from bot.model.events import Batch

Json = dict[str, Any]
ROOM = "!r:hs.test"
BOT = "@infra:hs.test"


class Scripted:
    """`syncs` are told one after another, a function instead of one makes the answer; `events` are there to be asked for."""

    def __init__(self, device: str) -> None:
        self.syncs: list[Json | str] = []
        self.events: dict[str, Json] = {}
        self.refusals: dict[str, list[tuple[int, Json]]] = {}
        self.asked: list[str] = []
        self.together = 0
        self.to_devices: list[str] = []
        self._asking = 0
        self._fixed: dict[str, Json] = {
            "whoami": {"user_id": BOT, "device_id": device},
            "upload": {"one_time_key_counts": {"signed_curve25519": 50}},
            "query": {"device_keys": {}},
        }

    async def answer(self, request: web.Request) -> web.Response:
        last = request.path.rsplit("/", 1)[1]
        for part, waiting in self.refusals.items():
            if part in request.path and waiting:
                status, body = waiting.pop(0)
                return web.json_response(body, status=status)
        if "/sendToDevice/" in request.path:
            self.to_devices.append(await request.text())
        if last == "sync":
            return await self._sync(request)
        if "/event/" in request.path:
            await self._counted(last)
        found = self._fixed.get(last) or self.events.get(last)
        if found is None and "/event/" in request.path:
            return web.json_response({"errcode": "M_NOT_FOUND"}, status=404)
        return web.json_response(found or {})

    async def _counted(self, id: str) -> None:
        self.asked.append(id)
        self._asking += 1
        self.together = max(self.together, self._asking)
        await asyncio.sleep(0.005)
        self._asking -= 1

    async def _sync(self, request: web.Request) -> web.Response:
        if "since" not in request.query:
            return web.json_response({"next_batch": "start"})
        if not self.syncs:
            return web.json_response({"next_batch": request.query["since"]})
        told = self.syncs.pop(0)
        text = told if isinstance(told, str) else json.dumps(told)
        return web.Response(text=text, content_type="application/json")


@asynccontextmanager
async def scripted(data: Path, device: str = "") -> AsyncIterator[tuple[Scripted, Matrix]]:
    server = Scripted(device)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    settings = Settings(homeserver=url, user=BOT, token=SecretStr("t"), poll=0.1)
    chat = Matrix("matrix", settings, "infra", data, SystemClock())
    try:
        yield server, chat
    finally:
        await chat.close()
        await runner.cleanup()


async def heard(
    chat: Matrix, last: str, between: Callable[[Batch], object] = lambda _: None
) -> list[Batch]:
    """All batches up to the one whose cursor is `last`; `between` is called with each while it is stored."""
    batches: list[Batch] = []
    async with asyncio.timeout(20):
        async for batch in chat.listen("begin"):
            batches.append(batch)
            between(batch)
            if batch.cursor == last:
                break
    return batches


def event(id: str, kind: str, sender: str, content: object, **more: object) -> Json:
    stamp = {"origin_server_ts": 1_700_000_000_000}
    return {"event_id": id, "type": kind, "sender": sender, "content": content, **stamp, **more}


def said(id: str, text: str = "infra: hello", **content: object) -> Json:
    body = {"msgtype": "m.text", "body": text, **content}
    return event(id, "m.room.message", "@bob:hs.test", body)


def vote(id: str, target: str = "$card") -> Json:
    relation = {"rel_type": "m.annotation", "event_id": target, "key": "✅"}
    return event(id, "m.reaction", "@alice:hs.test", {"m.relates_to": relation})


def redaction(id: str, content: Json, **more: object) -> Json:
    return event(id, "m.room.redaction", "@mallory:hs.test", content, **more)


def card(**more: object) -> Json:
    body = {"msgtype": "m.text", "body": "Plan"}
    return event("$card", "m.room.message", BOT, body) | more


def news(cursor: str, *events: Json, room: str = ROOM, **timeline: object) -> Json:
    told = {"timeline": {"events": list(events), **timeline}}
    return {"next_batch": cursor, "rooms": {"join": {room: told}}}
