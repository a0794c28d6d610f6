"""Which reactions stand on the cards that are open. Used by `adapter`.

A gateway without resume replays nothing, so after such a break, and at every start, the cards are read and what differs from
what is known becomes events. The ids of votes carry the moment: the same one may be put, taken off and put again. Others, which
nobody keeps, have one id for ever, so that a start does not repeat them.
"""

from collections import OrderedDict
from collections.abc import Sequence

from msgspec import Struct, field

from adapters.chat.discord import translate
from adapters.chat.discord.losses import GONE, Losses
from adapters.chat.discord.places import Places
from adapters.chat.discord.render import SEEDED
from adapters.chat.discord.rest import Json
from adapters.chat.discord.socket import Socket
from bot.model.errors import LoginError, PermanentError
from bot.model.events import Event, Reaction
from bot.model.people import Account, Conversation
from bot.model.ports import Clock, Shown
from bot.model.reports import Outgoing

REMEMBERED = 1_000
PAGE = 100
KINDS = ((0, "normal"), (1, "burst"))
"""The `type` of Get Reactions, and what `count_details` calls it."""


class Open(Struct):
    """A card, and the (account, emoji) pairs that are known to be on it."""

    conversation: Conversation
    known: set[tuple[Account, str]] = field(default_factory=set)


class Reactions:
    """The open cards of one login."""

    def __init__(self, socket: Socket, places: Places, clock: Clock, losses: Losses) -> None:
        self._socket = socket
        self._places = places
        self._clock = clock
        self._losses = losses
        self._open: OrderedDict[str, Open] = OrderedDict()

    def watch(self, outgoing: Outgoing, message: str) -> None:
        """A card that came out: open while it has controls."""
        if outgoing.report is None or outgoing.only_to is not None:
            return
        if not outgoing.report.controls:
            self._open.pop(message, None)
        elif message not in self._open:
            self._keep(message, Open(outgoing.conversation))

    def shown(self, cards: Sequence[Shown]) -> None:
        """Cards that the store knows to be open."""
        for each in cards:
            self._keep(each.message, Open(each.conversation, set(each.known)))

    def heard(self, event: Reaction) -> None:
        """Keep what is known up to date."""
        card = self._open.get(event.message)
        if card is None:
            return
        pair = (event.account, event.emoji)
        if event.added:
            card.known.add(pair)
        else:
            card.known.discard(pair)

    def watched(self, message: str) -> bool:
        """Whether a message is an open card."""
        return message in self._open

    def lost(self, *messages: str) -> None:
        """Nothing more is expected there."""
        for each in messages:
            self._open.pop(each, None)

    def inside(self, thread: str) -> list[str]:
        """The open cards of a thread."""
        return [id for id, card in self._open.items() if card.conversation.thread == thread]

    def cards(self) -> list[str]:
        """The messages that are watched."""
        return list(self._open)

    async def differences(self, message: str, bot: translate.Bot) -> list[Event]:
        """What has been put on, or taken off, one card since. A card that cannot be read gives none, and may be a loss.

        Raises TemporaryError, and PermanentError for a dead login."""
        card = self._open.get(message)
        if card is None:
            return []
        try:
            there = await self._standing(card.conversation, message, bot)
        except LoginError:
            raise
        except PermanentError as error:
            where = card.conversation
            shut = self._places.shut(where.room)
            if self._losses.unread(message, where, error, shut=shut):
                self.lost(message)
            return []
        now = self._clock.now()
        events: list[Event] = []
        for account, emoji in sorted(there ^ card.known, key=repr):
            added = (account, emoji) in there
            id = f"read:{message}:{account.user}:{emoji}:{'+' if added else '-'}"
            id += f":{now.isoformat()}" if emoji in SEEDED else ""
            where = card.conversation
            events.append(
                Reaction(id, account, message, emoji, added=added, at=now, conversation=where)
            )
        card.known = there
        return events

    async def _standing(
        self, where: Conversation, message: str, bot: translate.Bot
    ) -> set[tuple[Account, str]]:
        """What is on a card. One that is not in its thread may stand in the room: which rooms have no threads is forgotten
        when the bot ends."""
        channel = await self._channel(where)
        try:
            return await self._read(channel, message, bot)
        except PermanentError as error:
            if error.reason not in GONE or channel == where.room:
                raise
        return await self._read(where.room, message, bot)

    async def _read(
        self, channel: str, message: str, bot: translate.Bot
    ) -> set[tuple[Account, str]]:
        found: Json = await self._socket.rest.request(
            "GET",
            "/channels/{channel_id}/messages/{message_id}",
            channel_id=channel,
            message_id=message,
        )
        there: set[tuple[Account, str]] = set()
        for each in found.get("reactions") or []:
            emoji = translate.emoji_of(each["emoji"], bot)
            if emoji and each.get("count", 0) > bool(each.get("me")):
                users = await self._users(channel, message, each)
                people = [user for user in users if user["id"] != bot.user and not user.get("bot")]
                there |= {(bot.account(user), emoji) for user in people}
        return there

    async def _channel(self, where: Conversation) -> str:
        place = await self._places.of(where.room)
        flat = where.room in self._places.flat or (place is not None and place.direct)
        return where.room if flat or not where.thread else where.thread

    async def _users(self, channel: str, message: str, reaction: Json) -> list[Json]:
        """Everybody who put it, the ordinary way or as a super reaction: Discord lists them apart."""
        counts = reaction.get("count_details") or {}
        users: list[Json] = []
        for kind, name in KINDS:
            if counts.get(name) != 0:
                users += await self._listed(channel, message, reaction["emoji"], kind)
        return users

    async def _listed(self, channel: str, message: str, emoji: Json, kind: int) -> list[Json]:
        name = f"{emoji['name']}:{emoji['id']}" if emoji.get("id") else str(emoji["name"])
        users: list[Json] = []
        while True:
            query: dict[str, str | int] = {"limit": PAGE, "type": kind}
            if users:
                query["after"] = str(users[-1]["id"])
            page: list[Json] = await self._socket.rest.request(
                "GET",
                "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}",
                query=query,
                emoji=name,
                channel_id=channel,
                message_id=message,
            )
            users += page
            if len(page) < PAGE:
                return users

    def _keep(self, message: str, card: Open) -> None:
        self._open[message] = card
        if len(self._open) > REMEMBERED:
            self._open.popitem(last=False)
