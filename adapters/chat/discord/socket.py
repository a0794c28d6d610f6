"""The gateway connection of one bot user: login, supervision, resume, and every payload heard, in order.

`adapter.listen` runs `run` beside itself and takes what it hears with `heard`. discord.py parses and keeps the guilds; the raw
payloads go on to `translate`, so that what is heard live and what is read from the history are one and the same thing.

discord.py's own `Client.connect` is not used: one malformed payload ends it, and started again it forgets its session.
"""

import asyncio
import contextlib
import logging
from typing import Final

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.http import Route

from adapters.chat.discord.client import Client, Heard
from adapters.chat.discord.rest import Rest, said
from adapters.chat.discord.session import Session
from adapters.chat.discord.settings import Settings
from bot.model.errors import (
    ConfigurationError,
    LoginError,
    ParleyError,
    PermanentError,
    TemporaryError,
)
from bot.model.ports import Clock

ENDED: Final = "ENDED"
LONGEST_WAIT = 60.0
CLOSING = 2.0
"""Seconds that the other side may take to say goodbye."""

_INTENTS_OFF = frozenset({4013, 4014})
_FATAL = {
    4004: "Discord does not accept the bot's token.",
    4010: "Discord refuses the shard.",
    4011: "The bot is in too many guilds for one connection.",
    4012: "Discord no longer speaks this version of the gateway.",
}
AWAY = (discord.HTTPException, discord.GatewayNotFound, aiohttp.ClientError, OSError)
"""What the library raises for a server that does not answer. TimeoutError is an OSError."""
log = logging.getLogger(__name__)


class Socket:
    """One login and its gateway. `client` and `rest` are there at once, the bot's `user` after `ready`."""

    def __init__(self, instance: str, settings: Settings, clock: Clock) -> None:
        redirect(settings)
        self.settings = settings
        self._instance = instance
        self._clock = clock
        self._queue: asyncio.Queue[Heard] = asyncio.Queue()
        self.client = Client(settings, clock, self._queue.put_nowait)
        self.rest = Rest(self.client, instance, settings.timeout)
        self._login = asyncio.Lock()
        self._error: ParleyError | None = None
        self.trouble = "not connected yet"

    @property
    def user(self) -> str:
        """The bot's user id, "" before the login."""
        return str(self.client.user.id) if self.client.user is not None else ""

    def put(self, heard: Heard) -> None:
        """Something that `listen` shall take in its turn."""
        self._queue.put_nowait(heard)

    async def heard(self) -> list[Heard]:
        """What has come since, at least one. Raises PermanentError when the connection has ended for good."""
        found = [await self._queue.get()]
        while not self._queue.empty() and len(found) < 500:
            found.append(self._queue.get_nowait())
        if found[-1].event == ENDED and self._error is not None:
            raise self._error
        return found

    async def ready(self) -> None:
        """Log in, once. Raises TemporaryError, PermanentError."""
        async with self._login:
            if self.client.user is not None:
                return
            try:
                async with asyncio.timeout(self.settings.timeout * 2):
                    await self.client.login(self.settings.token.get_secret_value())
            except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
                await self._forget()
                raise said(error, self._instance) from error
            except BaseException:
                await self._forget()
                raise

    async def _forget(self) -> None:
        """After a login that failed half-way: the library opens another session and leaves this one."""
        await self.client.http.close()
        self.client.http.connector = discord.utils.MISSING
        self.client._connection.user = None

    async def close(self) -> None:
        """Close the connection."""
        await self.client.close()

    async def run(self) -> None:
        """Stay connected until cancelled, or until that can never work: then `heard` raises why."""
        try:
            await self._stay()
        except PermanentError as error:
            self._error = error
            self.put(Heard(ENDED, {}))

    async def _stay(self) -> None:
        session = Session()
        failures = 0
        while True:
            reached, wait = session.sequence, 0.0
            try:
                await self.ready()
                await self._follow(session)
                continue
            except PermanentError:
                raise
            except TemporaryError as error:
                log.warning("%s: %s", self._instance, error)
                wait = error.after or 0.0
            except AWAY as error:
                log.warning("%s: the gateway is away: %r", self._instance, error)
            except Exception:  # a payload that is none can make the library raise anything
                log.exception("%s: the connection broke and is made again", self._instance)
                session.stumbled()
            self.trouble = "the gateway is away"
            failures = 0 if session.sequence != reached else failures + 1
            await self._clock.sleep(wait or min(LONGEST_WAIT, 0.5 * 2 ** min(failures, 7)))

    async def _follow(self, session: Session) -> None:
        """One connection, until it closes. Returns when the next one should be made at once."""
        try:
            made = DiscordWebSocket.from_client(self.client, **session.parameters())
            socket = self.client.ws = await asyncio.wait_for(made, timeout=60.0)
        except ReconnectWebSocket as error:
            session.resume = error.resume and session.resume
            raise OSError("the gateway closed at once") from error
        except discord.ConnectionClosed as error:
            raise self._fatal(error) from error
        self.trouble = ""
        try:
            while True:
                await socket.poll_event()
        except ReconnectWebSocket as error:
            session.keep(socket, resume=error.resume)
        except discord.ConnectionClosed as error:
            raise self._fatal(error) from error
        except BaseException:
            session.keep(socket, resume=True)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await socket.close(4000)
            raise

    def _fatal(self, error: discord.ConnectionClosed) -> Exception:
        if error.code in _INTENTS_OFF:
            what = "Discord does not let the bot read messages: the Message Content Intent is off."
            mend = (
                "Turn it on under Bot in the developer portal, "
                f"or set message_content = false in [chat.{self._instance}]."
            )
            return PermanentError(what, mend, reason="intents")
        if error.code in _FATAL:
            mend = f"Put a new token in [chat.{self._instance}]." if error.code == 4004 else ""
            return LoginError(_FATAL[error.code], mend, reason=str(error.code))
        return OSError(f"closed with {error.code}")


def redirect(settings: Settings) -> None:
    """Point the library at the configured server. It knows only one for the whole process."""
    gateway = yarl.URL(settings.gateway_url)
    wanted = (settings.api_url, gateway)
    if _redirected and wanted != _redirected[0]:
        raise ConfigurationError(
            "discord.py can use only one api_url and gateway_url in a process.",
            "Give all [chat.NAME] of kind discord the same.",
        )
    _redirected[:] = [wanted]
    Route.BASE = settings.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = gateway


_redirected: list[tuple[str, yarl.URL]] = []
