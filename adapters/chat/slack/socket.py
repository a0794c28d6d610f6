"""Socket Mode: several connections over which Slack sends envelopes, each acknowledged on the one it came by.

Run by `adapter`, which gets every envelope through `hear`, and `back` whenever there is a connection after there was
none. Not slack_sdk's own client: that one acknowledges before anything is stored, hides a dead token in its log and
retries for ever, and waits for up to five seconds before it notices a dropped connection.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from adapters.chat.slack.web import Json, Web, decoded
from bot.model.errors import ParleyError, PermanentError, TemporaryError
from bot.model.ports import Clock

FIRST, LONGEST = 0.1, 30.0
"""Seconds before a connection is opened again, and at most after many failures."""

REFRESHED = frozenset({"warning", "refresh_requested"})
"""Reasons for which Slack asks for a new connection before it closes the old one."""

log = logging.getLogger(__name__)

Ack = Callable[[Json | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What Slack sent: `kind` is events_api, interactive or slash_commands. `ack` may carry an answer. `again` is true when
    it was sent before."""

    kind: str
    payload: Json
    ack: Ack
    again: bool = False


class SocketMode:
    """Every connection of one app."""

    def __init__(
        self,
        web: Web,
        clock: Clock,
        hear: Callable[[Envelope], None],
        back: Callable[[], None],
    ) -> None:
        self._web = web
        self._clock = clock
        self._hear = hear
        self._back = back
        self._live = 0
        self._open: set[aiohttp.ClientWebSocketResponse] = set()

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
                log.warning("slack: no connection, next try in %.1f s: %s", wait, error)
                await self._clock.sleep(wait)
                continue
            failures = 0
            self._open.add(connection)
            refreshed = asyncio.Event()
            reading = group.create_task(self._read(connection, refreshed))
            await _either(reading, refreshed)
            if not refreshed.is_set():
                await self._clock.sleep(FIRST)

    async def _read(
        self, connection: aiohttp.ClientWebSocketResponse, refreshed: asyncio.Event
    ) -> None:
        """Everything that comes by one connection, until it is closed by the other side or silent."""
        greeted = False
        try:
            async for raw in connection:
                said = decoded(raw.data) if raw.type is aiohttp.WSMsgType.TEXT else None
                if said is None:
                    continue
                if said.get("type") == "hello" and not greeted:
                    greeted = True
                    self._arrived()
                self._take(said, connection, refreshed)
        finally:
            self._live -= greeted
            self._open.discard(connection)
            await connection.close()

    def _arrived(self) -> None:
        self._live += 1
        if self._live == 1:
            self._back()

    def _take(
        self, said: Json, connection: aiohttp.ClientWebSocketResponse, refreshed: asyncio.Event
    ) -> None:
        id, payload = said.get("envelope_id"), said.get("payload")
        if said.get("type") == "disconnect":
            if said.get("reason") == "link_disabled":
                what = "Socket Mode is switched off for this Slack app."
                mend = "Switch it on in the app's settings, and start again."
                raise PermanentError(what, mend, reason="link_disabled")
            if said.get("reason") in REFRESHED:
                refreshed.set()
            return
        if not isinstance(id, str) or not isinstance(payload, dict):
            return

        async def ack(answer: Json | None) -> None:
            reply: Json = {"envelope_id": id} | ({"payload": answer} if answer else {})
            # a connection that is gone: Slack sends the envelope again, and the inbox knows it
            with contextlib.suppress(aiohttp.ClientError, ConnectionError, RuntimeError):
                await connection.send_str(json.dumps(reply))

        again = bool(said.get("retry_attempt"))
        self._hear(Envelope(str(said.get("type", "")), payload, ack, again))


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
