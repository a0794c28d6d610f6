"""What was written while nobody listened: read from the channels and threads themselves. Called by `adapter` whenever it has
a connection after it had none."""

import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct, field

from adapters.chat.slack import translate
from adapters.chat.slack.translate import Bot, is_stamp, string
from adapters.chat.slack.web import Json, Web, pages
from bot.model.errors import PermanentError, TemporaryError
from bot.model.events import Message
from bot.model.people import Conversation
from bot.model.ports import Clock

FLOOR = "*"
"""The position of channels in which nothing was heard yet."""
BACK = timedelta(days=1)
"""Threads opened this long before the position are looked at for new replies, besides those with open cards."""
PAGES = 20
"""At most this many pages of a channel or thread are read; more is said to be lost."""
TRIES = 5
CHANNELS = "public_channel,private_channel,mpim,im"

log = logging.getLogger(__name__)


class Positions:
    """The cursor: the newest ts heard, by channel."""

    def __init__(self, stamps: Mapping[str, str]) -> None:
        self._stamps = dict(stamps)

    @classmethod
    def of(cls, cursor: str | None, now: datetime) -> "Positions":
        """From a stored cursor; from this moment on where there is none, or a broken one."""
        try:
            read = json.loads(cursor) if cursor else {}
        except ValueError:
            read = {}
        good = (
            {key: each for key, each in read.items() if is_stamp(each)}
            if isinstance(read, dict)
            else {}
        )
        return cls({FLOOR: f"{now.timestamp():.6f}"} | good)

    def __str__(self) -> str:
        return json.dumps(self._stamps)

    def since(self, channel: str) -> str:
        """The ts after which everything in a channel is new."""
        return self._stamps.get(channel, self._stamps[FLOOR])

    def heard(self, channel: str, stamp: str) -> None:
        """Note a message."""
        if is_stamp(stamp) and float(stamp) > float(self._stamps.get(channel, "0")):
            self._stamps[channel] = stamp


class Missed(Struct):
    """What was found, in order, and what could not be had, a sentence each."""

    messages: list[Message] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


class History:
    """Reads for one login."""

    def __init__(self, web: Web, clock: Clock) -> None:
        self._web = web
        self._clock = clock

    async def missed(
        self, bot: Bot, positions: Positions, open_cards: Iterable[Conversation]
    ) -> Missed:
        """Every message after the positions, each once. What Slack refuses is in `lost`."""
        found = Missed()
        threads: dict[str, set[str]] = {}
        for each in open_cards:
            threads.setdefault(each.room, set()).add(each.thread)
        try:
            channels = await self._channels()
        except (PermanentError, TemporaryError) as error:
            found.lost.append(f"What was written while I was away could not be read. {error}")
            return found
        for channel in dict.fromkeys((*channels, *threads)):
            await self._channel(channel, threads.get(channel, set()), bot, positions, found)
        found.messages.sort(key=lambda message: message.at)
        return found

    async def _channels(self) -> list[str]:
        query = {"types": CHANNELS, "exclude_archived": "true", "limit": 200}
        pages = self._pages("users.conversations", "channels", query)
        return [string(each, "id") async for each in pages]

    async def _channel(
        self, channel: str, threads: set[str], bot: Bot, positions: Positions, found: Missed
    ) -> None:
        since = positions.since(channel)
        try:
            raw = await self._since_joined(channel, since, bot)
            roots = {each["ts"] for each in raw if _answered(each, since)}
            for root in sorted(roots | {each for each in threads if is_stamp(each)}):
                query = {"channel": channel, "ts": root, "oldest": since, "limit": 200}
                raw += [e async for e in self._pages("conversations.replies", "messages", query)]
        except (PermanentError, TemporaryError) as error:
            log.warning("history of %s cannot be read: %s", channel, error)
            found.lost.append(f"Messages in {channel} from while I was away could not all be read.")
            return
        fresh = {each["ts"]: each for each in raw if _after(each, since)}
        for each in fresh.values():
            if "edited" in each:
                found.lost.append(
                    f"A message in {channel} was edited while I was away: say it again."
                )
                continue
            message = translate.message(each, channel, bot)
            if message is not None:
                found.messages.append(message)

    async def _since_joined(self, channel: str, since: str, bot: Bot) -> list[Json]:
        """The channel's lines from a day before `since`; what was said before the bot came is not for a newcomer."""
        oldest = max(0.0, float(since) - BACK.total_seconds())
        query = {"channel": channel, "oldest": f"{oldest:.6f}", "limit": 200}
        lines = [each async for each in self._pages("conversations.history", "messages", query)]
        joins = [
            float(each["ts"])
            for each in lines
            if string(each, "subtype") in {"channel_join", "group_join"}
            and each.get("user") == bot.user
            and _after(each, since)
        ]
        return [each for each in lines if _after(each, str(max(joins, default=0.0)))]

    def _pages(self, method: str, key: str, query: Json) -> AsyncIterator[Json]:
        """Every line of a list. Where Slack is slow or limits us, it is asked again."""
        return pages(self._patiently, method, key, query, PAGES)

    async def _patiently(self, method: str, query: Json) -> Json:
        for number in range(TRIES):
            try:
                return await self._web.ask(method, query)
            except TemporaryError as error:
                if number == TRIES - 1:
                    raise
                await self._clock.sleep(
                    error.after if error.after is not None else 0.5 * 2.0**number
                )
        raise AssertionError("the last try returns or raises")


def _after(line: Json, since: str) -> bool:
    return is_stamp(line.get("ts")) and float(line["ts"]) > float(since)


def _answered(line: Json, since: str) -> bool:
    """Whether a message has replies that are new."""
    latest = line.get("latest_reply")
    return is_stamp(line.get("ts")) and is_stamp(latest) and float(str(latest)) > float(since)
