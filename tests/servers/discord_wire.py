"""How the fake Discord is spoken to: requests as they came, faults on demand, answers. Used by `discord_world`."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Json = dict[str, Any]
Answer = tuple[int, Any]
Upload = tuple[str, str, bytes]


class Arrivals(web.RequestHandler):
    """One connection of the server, which knows when its newest bytes came (seconds, monotonic)."""

    __slots__ = ("arrived",)

    def data_received(self, data: bytes) -> None:
        self.arrived = time.monotonic()
        super().data_received(data)


@dataclass
class Request:
    """One REST request as it came, and when its bytes did (seconds, monotonic)."""

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

    def fits(self, method: str, path: str) -> bool:
        """`part` stands in the path; with a $ behind it, at its end."""
        end = self.part.endswith("$")
        there = path.endswith(self.part[:-1]) if end else self.part in path
        return method == self.method and there


def user(id: str, name: str, *, bot: bool = False) -> Json:
    """Somebody, as Discord tells it."""
    return {"id": id, "username": name, "discriminator": "0", "avatar": None, "bot": bot}


def reply(answer: Any, status: int, headers: dict[str, str]) -> web.Response:
    """aiohttp would add a charset, and discord.py decodes JSON only when there is none."""
    named = headers | {"Content-Type": "application/json"}
    return web.Response(body=json.dumps(answer).encode(), status=status, headers=named)


def gone(code: int) -> Answer:
    """A channel that is not there."""
    return 404, {"code": code, "message": "Unknown Channel"}


async def body(request: web.Request) -> tuple[Any, list[Upload]]:
    """What a request brings, and the files that came with it."""
    if not request.content_type.startswith("multipart/"):
        raw = await request.read()
        return (json.loads(raw) if raw else None), []
    form = await request.post()
    uploaded = [
        (each.filename, each.content_type, each.file.read())
        for each in form.values()
        if isinstance(each, web.FileField)
    ]
    return json.loads(str(form["payload_json"])), uploaded
