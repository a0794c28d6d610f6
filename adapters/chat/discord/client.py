"""discord.py's client as it is used here: every payload is handed on as it came. Made by `socket`, read by `adapter`."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import discord
from msgspec import Struct

from adapters.chat.discord.rest import PATIENCE, Json
from adapters.chat.discord.settings import Settings
from bot.model.ports import Clock

READY: Final = "READY"
HEARD: Final = frozenset(
    {
        *("MESSAGE_CREATE", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"),
        *("MESSAGE_REACTION_REMOVE_ALL", "MESSAGE_REACTION_REMOVE_EMOJI"),
        *("MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "CHANNEL_DELETE"),
        *("THREAD_CREATE", "THREAD_DELETE"),
    }
)
"""Events that `listen` takes as they are; interactions are answered first."""

GUILDS: Final = ("GUILD_CREATE", "GUILD_DELETE")
"""A guild that has come, or cannot come now."""

log = logging.getLogger(__name__)


class Heard(Struct, frozen=True):
    """One payload. `mark` names it: the same when Discord sends it again after a resume, "" where there is no session."""

    event: str
    data: Json
    mark: str = ""


class Client(discord.Client):
    """discord.py's client, which hands every payload on. `answer` is called for each interaction, in a task of its own."""

    def __init__(self, settings: Settings, clock: Clock, listener: Callable[[Heard], None]) -> None:
        intents = discord.Intents(
            guilds=True,
            guild_messages=True,
            dm_messages=True,
            guild_reactions=True,
            dm_reactions=True,
            message_content=settings.message_content,
        )
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody speaks here
        super().__init__(
            intents=intents,
            max_messages=None,
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        self.http.max_ratelimit_timeout = PATIENCE  # the constructor allows no less than 30 s
        self.arrived = asyncio.Event()
        """Set while every guild of this session is known, or no longer waited for: one that comes then is told as READY. The library's own `wait_until_ready` is true for ever after the first."""
        self._awaited: set[str] = set()
        self.answer: Callable[[Json], Any] | None = None
        self.set_up: Callable[[], Any] | None = None
        self._clock = clock
        self._listener = listener
        for event in (*HEARD, *GUILDS, READY):
            self._listen_to(event)
        self._connection.parsers["INTERACTION_CREATE"] = self._asked

    def _listen_to(self, event: str) -> None:
        parsers = self._connection.parsers
        parse = _unread if event == "MESSAGE_CREATE" else parsers[event]

        def heard(data: Any) -> None:
            try:
                left = self._left(event, data)
                self._await(event, data)
                parse(data)
            except (
                Exception
            ):  # whatever a payload breaks in the library must not end the connection
                log.exception("a malformed %s was passed over", event)
                return
            created = event == "GUILD_CREATE" and data.get("unavailable") is False
            back = created and self.arrived.is_set()
            if not self._awaited:
                self.arrived.set()
            if back:  # it was away for a while: what was said there meanwhile is read
                self._listener(Heard(READY, {}))
            elif left is not None:
                self._listener(Heard(event, {"rooms": left}, self._mark()))
            elif event not in GUILDS:
                self._listener(Heard(event, data if event in HEARD else {}, self._mark()))

        parsers[event] = heard

    def _left(self, event: str, data: Any) -> list[str] | None:
        """The channels of a server that the bot is no longer in; the library forgets them. One that is only away counts not."""
        if event != "GUILD_DELETE" or data.get("unavailable"):
            return None
        guild = self.get_guild(int(data["id"]))
        return [str(each.id) for each in guild.channels] if guild is not None else []

    def _await(self, event: str, data: Any) -> None:
        """Note which guilds are still to come in this session."""
        if event == READY:
            self.arrived.clear()
            self._awaited = {str(guild["id"]) for guild in data["guilds"]}
        elif event in GUILDS:
            self._awaited.discard(str(data["id"]))

    def _asked(self, data: Any) -> None:
        """An interaction. The library's own reading of it is of no use here, and of fields that nobody needs."""
        if isinstance(data, dict):
            self.dispatch("answer", data)

    def _mark(self) -> str:
        session = getattr(self.ws, "session_id", None)
        return f"{session}:{self.ws.sequence}" if session else ""

    async def on_answer(self, data: Json) -> None:
        """An interaction: discord.py runs this as a task, so that none waits for another."""
        if self.answer is not None:
            await self.answer(data)

    async def setup_hook(self) -> None:
        """Once after each login, before the gateway."""
        if self.set_up is not None:
            await self.set_up()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord allows one identification in 5 s."""
        if not initial:
            await self._clock.sleep(5.0)


def _unread(data: Any) -> None:
    """A message. The library's own reading of it is of no use here, and would cost as much as ours."""
    if not isinstance(data, dict):
        raise TypeError(data)
