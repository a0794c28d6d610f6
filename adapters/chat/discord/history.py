"""Where listening stopped in every channel, and what was said since. Used by `adapter.listen`.

The cursor is JSON: `{"floor": ID, "rooms": {CHANNEL: ID}}`. A channel without an entry has been heard up to the floor. Ids hold the
time, so they can be compared across channels.
"""

import json
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import discord
from msgspec import Struct

from adapters.chat.discord.rest import Json
from adapters.chat.discord.socket import Socket
from adapters.chat.discord.translate import snowflake
from bot.model.errors import LoginError, PermanentError

PAGE = 100
PAGES = 50
"""At most so many pages of one channel are read; more is said to be lost."""

ENTRIES = 500
"""Channels that have an entry of their own; those quiet for longest are put under the floor."""

REMEMBERED = 10_000
"""Messages read from the history that may still come live."""

log = logging.getLogger(__name__)


class Ledger:
    """How far each channel has been heard."""

    def __init__(self, cursor: str | None) -> None:
        kept = _object(cursor)
        self.fresh = not kept
        self.settled = False
        """True while nothing is left to be read of what was said meanwhile: only then may entries go under the floor."""
        self._floor = int(snowflake(kept.get("floor")) or 0)
        rooms = kept.get("rooms")
        self._rooms = {
            channel: int(id)
            for channel, id in (rooms if isinstance(rooms, dict) else {}).items()
            if snowflake(id)
        }

        self._written = {channel: _entry(channel, id) for channel, id in self._rooms.items()}
        """Each entry as it stands in the cursor: one changes with a message, and hundreds stay."""
        self._read: OrderedDict[str, None] = OrderedDict()

    def once(self, message: str) -> bool:
        """Whether a message heard live has not been read from the history already."""
        return message not in self._read

    def read(self, channel: str, message: str) -> None:
        """Heard, from the history."""
        self.note(channel, message)
        self._read[message] = None
        if len(self._read) > REMEMBERED:
            self._read.popitem(last=False)

    def begin(self, newest: int) -> None:
        """A new account: everything up to here is not for us."""
        self._floor, self.fresh = newest, False

    def after(self, channel: str) -> int:
        """The newest message heard in a channel."""
        return self._rooms.get(channel, self._floor)

    def forget(self, channel: str) -> None:
        """A channel that is no more."""
        self._rooms.pop(channel, None)
        self._written.pop(channel, None)

    def own(self) -> list[str]:
        """The channels with an entry of their own."""
        return list(self._rooms)

    def note(self, channel: str, message: str) -> None:
        """Heard."""
        if channel and message and int(message) > self._rooms.get(channel, 0):
            self._rooms[channel] = int(message)
            self._written[channel] = _entry(channel, int(message))

    def cursor(self) -> str:
        """What `listen` needs to go on from here."""
        if self.settled and len(self._rooms) > ENTRIES:
            newest = sorted(self._rooms.items(), key=lambda pair: pair[1])
            dropped, kept = newest[: -ENTRIES // 2], newest[-ENTRIES // 2 :]
            self._floor, self._rooms = max(self._floor, dropped[-1][1]), dict(kept)
            self._written = {channel: _entry(channel, id) for channel, id in kept}
        return f'{{"floor":"{self._floor}","rooms":{{{",".join(self._written.values())}}}}}'


def _entry(channel: str, id: int) -> str:
    return f'{json.dumps(channel)}:"{id}"'


def _object(cursor: str | None) -> Json:
    try:
        found = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class Page(Struct, frozen=True):
    """Messages of one channel, oldest first. `lost` says, in words, what could not be read."""

    channel: str
    messages: tuple[Json, ...]
    lost: str = ""


def newest(client: discord.Client, began_at: datetime) -> int:
    """The newest id that the gateway told of: Discord's own clock, never ahead of it. A guild that is still away tells
    nothing: then at least the moment at which the session began, or all that was ever said there would be new."""
    ids = [guild.id for guild in client.guilds]
    ids += [channel.id for channel, _ in _channels(client)]
    ids += [last for _, last in _channels(client)]
    if any(guild.unavailable for guild in client.guilds):
        ids.append(discord.utils.time_snowflake(began_at))
    return max(ids, default=0)


async def missed(socket: Socket, ledger: Ledger) -> AsyncIterator[Page]:
    """Everything said since the ledger's positions: in channels whose newest message is newer, and in those (direct
    messages, archived threads) of which the gateway tells nothing. Raises TemporaryError, PermanentError (dead login)."""
    seen = set()
    for found, last in list(_channels(socket.client)):
        channel = str(found.id)
        seen.add(channel)
        after = max(ledger.after(channel), _joined(found))
        if last > after and _readable(found):
            async for page in _pages(socket, channel, after):
                yield page
    for channel in ledger.own():
        if channel not in seen:
            async for page in _pages(socket, channel, ledger.after(channel)):
                yield page


def _channels(client: discord.Client) -> Iterator[tuple[discord.abc.Snowflake, int]]:
    """Every channel and active thread with the id of its newest message."""
    for guild in client.guilds:
        for found in (*guild.channels, *guild.threads):
            last = getattr(found, "last_message_id", None)  # categories have none
            if not isinstance(found, discord.ForumChannel):
                yield found, last or 0


def _joined(found: discord.abc.Snowflake) -> int:
    """From when on a channel is for us: what was said before the bot was invited is not."""
    me = getattr(getattr(found, "guild", None), "me", None)
    invited = me.joined_at if isinstance(me, discord.Member) else None
    return discord.utils.time_snowflake(invited) if invited is not None else 0


def _readable(found: discord.abc.Snowflake) -> bool:
    if not isinstance(found, discord.abc.GuildChannel | discord.Thread) or found.guild.me is None:
        return False
    if isinstance(found, discord.Thread) and found.parent is None:
        return False
    rights = found.permissions_for(found.guild.me)
    return rights.read_messages and rights.read_message_history


async def _pages(socket: Socket, channel: str, after: int) -> AsyncIterator[Page]:
    for _ in range(PAGES):
        query: dict[str, str | int] = {"after": str(after), "limit": PAGE}
        try:
            raw = await socket.rest.request(
                "GET", "/channels/{channel_id}/messages", query=query, channel_id=channel
            )
        except LoginError:
            raise
        except PermanentError as error:
            log.warning("what was said in %s meanwhile cannot be read: %s", channel, error)
            return
        found = sorted(raw, key=lambda each: int(each["id"]))
        if found:
            yield Page(channel, tuple(found))
            after = int(found[-1]["id"])
        if len(found) < PAGE:
            return
    yield Page(
        channel,
        (),
        f"More than {PAGE * PAGES} messages in <#{channel}> from while I was away were not read.",
    )
