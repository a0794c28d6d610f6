"""Socket Mode: several connections over which Slack sends envelopes, each acknowledged on the one it came by.

Run by `adapter`. Every envelope goes through `app`, which is bolt's and is made by `hearing`; bolt also makes the
acknowledgement of its answer. `back` is called whenever there is a connection after there was none. The connections are not
slack_sdk's. Measured with its 3.47: one that is cut is back after 8.7 s, as it looks every ten (here after 0.1); a dead token is
tried for ever and only its log knows; and nothing says that there is a connection again, which is when history must be read.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from time import time

import aiohttp
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from adapters.chat.slack.web import Json, Web, decoded, quiet
from bot.model.errors import ParleyError, PermanentError, TemporaryError
from bot.model.ports import Clock

FIRST, LONGEST = 0.1, 30.0
"""Seconds before a connection is opened again, and at most after many failures."""

REFRESHED = frozenset({"warning", "refresh_requested"})
"""Reasons for which Slack asks for a new connection before it closes the old one."""

log = logging.getLogger(__name__)


class Line(AsyncBaseSocketModeClient):
    """One connection, as bolt sends an acknowledgement over it."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self.logger = quiet
        self.refreshed = asyncio.Event()
        self.connection = connection

    async def send_message(self, message: str) -> None:
        """Over a connection that is gone nothing is sent: Slack repeats the envelope, and the inbox knows it."""
        with contextlib.suppress(aiohttp.ClientError, ConnectionError, RuntimeError):
            await self.connection.send_str(message)


class SocketMode:
    """Every connection of one app."""

    def __init__(self, web: Web, clock: Clock, app: AsyncApp, back: Callable[[], None]) -> None:
        self._web = web
        self._clock = clock
        self._app = app
        self._back = back
        self._live = 0
        self._why = ""
        self._open: set[aiohttp.ClientWebSocketResponse] = set()

    @property
    def trouble(self) -> str:
        """Why nothing is heard; "" while there is a connection."""
        return "" if self._live else f"Slack has no connection to me. {self._why}".strip()

    async def run(self) -> None:
        """For ever. Raises PermanentError when it can never work."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._web.settings.connections):
                    group.create_task(self._keep(group))
        except* ParleyError as errors:
            raise _first(errors) from None
        finally:  # a reader that was cancelled before it began has closed nothing
            for connection in tuple(self._open):
                await connection.close()

    async def _keep(self, group: asyncio.TaskGroup) -> None:
        """One connection, opened again whenever it is gone."""
        failures = 0
        while True:
            try:
                async with asyncio.timeout(self._web.settings.timeout):
                    connection = await self._web.websocket(await self._web.socket_url())
            except (TemporaryError, aiohttp.ClientError, TimeoutError, OSError) as error:
                failures += 1
                wait = getattr(error, "after", None) or min(
                    LONGEST, FIRST * 2.0 ** min(failures, 10)
                )
                self._why = str(error) or type(error).__name__
                log.warning("slack: no connection, next try in %.1f s: %s", wait, self._why)
                await self._clock.sleep(wait)
                continue
            failures = 0
            self._open.add(connection)
            line = Line(connection)
            reading = group.create_task(self._read(line, group))
            await _either(reading, line.refreshed)
            if not line.refreshed.is_set():
                await self._clock.sleep(FIRST)

    async def _read(self, line: Line, group: asyncio.TaskGroup) -> None:
        """Everything that comes by one connection, until it is closed by the other side or silent."""
        greeted = False
        try:
            async for raw in line.connection:
                said = decoded(raw.data) if raw.type is aiohttp.WSMsgType.TEXT else None
                if said is None:
                    continue
                if said.get("type") == "hello" and not greeted:
                    greeted = True
                    self._arrived()
                self._take(said, line, group)
        finally:
            self._live -= greeted
            self._open.discard(line.connection)
            await line.connection.close()

    def _arrived(self) -> None:
        self._live += 1
        if self._live == 1:
            self._back()

    def _take(self, said: Json, line: Line, group: asyncio.TaskGroup) -> None:
        if said.get("type") == "disconnect":
            if said.get("reason") == "link_disabled":
                what = "Socket Mode is switched off for this Slack app."
                mend = "Switch it on in the app's settings, and start again."
                raise PermanentError(what, mend, reason="link_disabled")
            if said.get("reason") in REFRESHED:
                line.refreshed.set()
            return
        if isinstance(said.get("envelope_id"), str) and isinstance(said.get("payload"), dict):
            request = SocketModeRequest.from_dict(said)
            if request is not None:
                group.create_task(self._answer(request, line))

    async def _answer(self, request: SocketModeRequest, line: Line) -> None:
        """Through bolt, and acknowledged when that is done. What nobody listens to is acknowledged as well."""
        answer = await run_async_bolt_app(self._app, request)
        if answer.status == 404:
            answer = BoltResponse(status=200)
        await send_async_response(line, request, answer, time())


async def _either(reading: asyncio.Task[None], refreshed: asyncio.Event) -> None:
    """Until the connection has ended, or a new one is wanted beside it."""
    wanted = asyncio.get_running_loop().create_task(refreshed.wait())
    try:
        await asyncio.wait((reading, wanted), return_when=asyncio.FIRST_COMPLETED)
    finally:
        wanted.cancel()


def _first(errors: BaseExceptionGroup[ParleyError]) -> ParleyError:
    for error in errors.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise errors
