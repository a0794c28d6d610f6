"""Which channel is a thread, a room or a direct message, and whether the bot is in it. Used by `adapter`, `answers` and `delivery`.

What the gateway told is in discord.py's cache; anything else is asked once.
"""

from collections import OrderedDict

import discord
from msgspec import Struct

from adapters.chat.discord.rest import Json
from adapters.chat.discord.socket import Socket
from bot.model.errors import LoginError, PermanentError

REMEMBERED = 5_000
DIRECT = (1, 3)
THREADS = (10, 11, 12)


class Place(Struct, frozen=True):
    """Where a message stands. `thread` is "" outside of threads; `joined` says that the bot is in the thread."""

    room: str
    thread: str = ""
    direct: bool = False
    joined: bool = False

    @property
    def channel(self) -> str:
        """The channel's own id."""
        return self.thread or self.room


class Places:
    """What is known of the channels of one login."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._asked: OrderedDict[str, Place] = OrderedDict()
        self.flat: set[str] = set()

    def learn(self, place: Place) -> None:
        """Something that a payload told."""
        self._asked[place.channel] = place
        self._asked.move_to_end(place.channel)
        if len(self._asked) > REMEMBERED:
            self._asked.popitem(last=False)

    def cached(self, channel: str) -> Place | None:
        """What is known without asking."""
        found = self._socket.client.get_channel(int(channel)) if channel.isdecimal() else None
        match found:
            case discord.Thread():
                joined = found.me is not None or str(found.owner_id) == self._socket.user
                return Place(str(found.parent_id), channel, joined=joined)
            case discord.DMChannel() | discord.GroupChannel():
                return Place(channel, direct=True)
            case None:
                return self._asked.get(channel)
            case _:
                return Place(channel)

    async def of(self, channel: str) -> Place | None:
        """The channel's place; None when it cannot be seen. Raises TemporaryError, PermanentError for a dead login."""
        known = self.cached(channel)
        if known is not None:
            return known
        try:
            answer = await self._socket.rest.request(
                "GET", "/channels/{channel_id}", channel_id=channel
            )
        except LoginError:
            raise
        except PermanentError:
            return None
        place = told(answer, self._socket.user)
        self.learn(place)
        return place

    def shut(self, room: str) -> bool:
        """Whether the rights that the gateway told of forbid the bot to see a room, or to write anything there.

        False where nothing is known: the guild is away, or comes only later."""
        found = self._socket.client.get_channel(int(room)) if room.isdecimal() else None
        if not isinstance(found, discord.abc.GuildChannel) or found.guild.me is None:
            return False
        if found.guild.unavailable:
            return False
        rights = found.permissions_for(found.guild.me)
        writes = rights.send_messages or rights.send_messages_in_threads
        return not (rights.read_messages and writes)


def told(channel: Json, user: str) -> Place:
    """The place that a channel's own object tells."""
    id, kind = str(channel.get("id", "")), channel.get("type")
    if kind in THREADS:
        joined = bool(channel.get("member")) or str(channel.get("owner_id")) == user
        return Place(str(channel.get("parent_id")), id, joined=joined)
    return Place(id, direct=kind in DIRECT)
