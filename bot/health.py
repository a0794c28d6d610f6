"""`/metrics` for Prometheus and `/healthz` for whoever restarts what is ill. Imported and opened by `bot.app` where `[bot]
listen` is set; nobody is asked who they are, and nothing that people wrote is shown.
"""

import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version

from aiohttp import web
from sqlalchemy import Connection

from bot.house import House
from bot.metrics import Metric, Sample
from bot.model.errors import ConfigurationError, StoreError
from bot.model.ports import Chat, Connects
from bot.store import depth, plans

log = logging.getLogger(__name__)

CONTENT = "text/plain; version=0.0.4; charset=utf-8"
BUILD = Metric("build_info", "gauge", "The version that runs.", ("version",))
STARTED = Metric("start_time_seconds", "gauge", "When it was started, in seconds since 1970.")
CONNECTED = Metric("chat_connected", "gauge", "Whether a chat can hear and speak.", ("instance",))
HEALTHY = Metric("store_healthy", "gauge", "Whether the database takes what is written.")
DEPTH = Metric(
    "queue_depth",
    "gauge",
    "What waits: events to be handled, messages to be sent.",
    ("instance", "queue"),
)
PLANS = Metric("plans_pending", "gauge", "Plans that wait for votes.")


class Health:
    """What is true now of one house and the chats that it serves."""

    def __init__(self, house: House, chats: Mapping[str, Chat]) -> None:
        self._house = house
        self._chats = chats

    def connections(self) -> dict[str, str]:
        """Of each chat "" when it can hear and speak, else why not."""
        return {instance: self._wrong(instance, chat) for instance, chat in self._chats.items()}

    def _wrong(self, instance: str, chat: Chat) -> str:
        ended = self._house.down.get(instance) or self._house.stuck.get(instance)
        return ended or (chat.trouble if isinstance(chat, Connects) else "")

    async def metrics(self, _request: web.Request) -> web.Response:
        """Every counter, and what is only known when somebody asks."""
        text = self._house.metrics.text([*self._known(), *await self._waiting()])
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT})

    async def healthz(self, _request: web.Request) -> web.Response:
        """200 while the store and every chat work, else 503; the body says what does not."""
        store = await self._store()
        chats = self.connections()
        well = not store and not any(chats.values())
        body = {
            "healthy": well,
            "store": store or "healthy",
            "chats": {name: wrong or "connected" for name, wrong in chats.items()},
        }
        text = json.dumps(body, ensure_ascii=False)
        return web.json_response(text=text, status=200 if well else 503)

    async def _store(self) -> str:
        """ "" when the database answers and takes what is written, else why not."""
        if not self._house.store.healthy:
            return "The database takes nothing."
        try:
            await self._house.store.read(plans.lagging)
        except StoreError as error:
            return str(error)
        return ""

    def _known(self) -> list[tuple[Metric, list[Sample]]]:
        house = self._house
        connected: list[Sample] = [
            ((name,), float(not wrong)) for name, wrong in self.connections().items()
        ]
        return [
            (BUILD, [((version("parley"),), 1.0)]),
            (STARTED, [((), house.started_at.timestamp())]),
            (CONNECTED, connected),
            (HEALTHY, [((), float(house.store.healthy))]),
        ]

    async def _waiting(self) -> list[tuple[Metric, list[Sample]]]:
        """Nothing while the database does not answer: the counters are worth more than an error."""
        try:
            return await self._house.store.read(self._depths)
        except StoreError:
            return []

    def _depths(self, connection: Connection) -> list[tuple[Metric, list[Sample]]]:
        queues = {"inbox": depth.inbox(connection), "outbox": depth.outbox(connection)}
        names = {*self._chats, *(name for counts in queues.values() for name in counts)}
        waits: list[Sample] = [
            ((name, queue), float(counts[name]))
            for queue, counts in queues.items()
            for name in names
        ]
        return [(DEPTH, waits), (PLANS, [((), float(plans.count(connection, "pending")))])]


@asynccontextmanager
async def served(house: House, chats: Mapping[str, Chat], listen: str) -> AsyncIterator[int]:
    """Answer on `listen` (ADDRESS:PORT) for as long as this is open; the port that it is. Raises ConfigurationError."""
    health = Health(house, chats)
    application = web.Application()
    application.router.add_get("/metrics", health.metrics)
    application.router.add_get("/healthz", health.healthz)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await _open(runner, listen)
        port = int(runner.addresses[0][1])
        log.info("/metrics and /healthz on port %d", port)
        yield port
    finally:
        await runner.cleanup()


async def _open(runner: web.AppRunner, listen: str) -> None:
    host, _, port = listen.rpartition(":")
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    except (OSError, OverflowError) as error:
        what = f"Nothing can listen on {listen} for /metrics: {error}."
        raise ConfigurationError(what, "Choose another address as listen in [bot].") from error
