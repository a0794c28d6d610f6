"""`/metrics` and `/healthz` over a real socket: what is well, what is not, and which it is."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from bot.health import served
from bot.model.errors import ConfigurationError
from bot.model.events import Batch, Event
from bot.model.ports import Shown
from bot.model.reports import Outgoing
from tests.loops.conftest import Scene
from tests.loops.test_metrics import parsed


@dataclass
class Quiet:
    """A chat that neither hears nor says anything; `trouble` is what it knows of its connection."""

    trouble: str = ""

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        yield Batch(())

    async def send(self, outgoing: Outgoing) -> str:
        return ""

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        return ()


async def get(port: int, path: str) -> tuple[int, str]:
    def read() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    return await asyncio.to_thread(read)


async def health(port: int) -> tuple[int, dict[str, Any]]:
    status, text = await get(port, "/healthz")
    return status, json.loads(text)


async def test_all_is_well(scene: Scene) -> None:
    async with served(scene.house, {"slack": Quiet(), "matrix": Quiet()}, "127.0.0.1:0") as port:
        assert await health(port) == (
            200,
            {
                "healthy": True,
                "store": "healthy",
                "chats": {"slack": "connected", "matrix": "connected"},
            },
        )


async def test_what_is_not_is_named(scene: Scene) -> None:
    chats = {name: Quiet() for name in ("slack", "matrix", "discord", "other")}
    async with served(scene.house, chats, "127.0.0.1:0") as port:
        chats["slack"].trouble = "the connection is gone"
        status, said = await health(port)
        assert (status, said["healthy"]) == (503, False)
        assert said["chats"] == {
            "slack": "the connection is gone",
            **dict.fromkeys(("matrix", "discord", "other"), "connected"),
        }
        chats["slack"].trouble = ""
        scene.house.down["matrix"] = "the token is revoked"
        scene.house.stuck["discord"] = "takes nothing: 500"
        status, said = await health(port)
        assert status == 503
        assert said["chats"]["matrix"] == "the token is revoked"
        assert said["chats"]["discord"] == "takes nothing: 500"
        found = parsed((await get(port, "/metrics"))[1])
        assert [found["parley_chat_connected", name] for name in sorted(chats)] == [0, 0, 1, 1]


async def test_a_store_that_takes_nothing(scene: Scene) -> None:
    async with served(scene.house, {}, "127.0.0.1:0") as port:
        scene.house.store.healthy = False
        status, said = await health(port)
        assert status == 503
        assert said["store"] == "The database takes nothing."
        assert parsed((await get(port, "/metrics"))[1])["parley_store_healthy",] == 0


async def test_what_waits_is_counted(scene: Scene) -> None:
    await scene.asks()
    async with served(scene.house, {"slack": Quiet()}, "127.0.0.1:0") as port:
        found = parsed((await get(port, "/metrics"))[1])
        assert found["parley_queue_depth", "slack", "outbox"] == 1
        assert found["parley_queue_depth", "matrix", "outbox"] == 1
        assert found["parley_queue_depth", "slack", "inbox"] == 0
        assert found["parley_plans_pending",] == 1
        assert found["parley_start_time_seconds",] == scene.house.started_at.timestamp()
        await scene.deliver()
        found = parsed((await get(port, "/metrics"))[1])
        assert found["parley_queue_depth", "slack", "outbox"] == 0


async def test_nothing_else_is_shown(scene: Scene) -> None:
    async with served(scene.house, {}, "127.0.0.1:0") as port:
        for path in ("/", "/metrics/../etc/passwd", "/healthz/x", "/debug"):
            assert (await get(port, path))[0] == 404


async def test_an_address_that_is_taken(scene: Scene) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigurationError, match=r"Choose another address as listen in \[bot\]"
        ):
            async with served(scene.house, {}, f"127.0.0.1:{port}"):
                pass
