"""What is heard, as events: payloads of the gateway and pages of the history. Used by `adapter.listen`.

The ledger notes a message only when it has been understood: one that Discord could not be asked about is heard once more.
"""

from collections.abc import Callable

from adapters.chat.discord import history, translate
from adapters.chat.discord.answers import Answers
from adapters.chat.discord.client import Heard
from adapters.chat.discord.deletions import deleted
from adapters.chat.discord.delivery import Delivery
from adapters.chat.discord.losses import Losses
from adapters.chat.discord.places import Place, Places
from adapters.chat.discord.reactions import Reactions
from adapters.chat.discord.rest import Json
from adapters.chat.discord.socket import Socket
from adapters.chat.discord.threads import Threads
from bot.model.events import Batch, Event, Reaction
from bot.model.ports import Clock

ANSWERED = "ANSWERED"
"""What stands in the queue for an interaction that is acknowledged: its event is kept until its turn."""


class Hearing:
    """The ears of one login. `bot` says who the bot is, once it is logged in."""

    def __init__(
        self,
        socket: Socket,
        places: Places,
        answers: Answers,
        threads: Threads,
        delivery: Delivery,
        reactions: Reactions,
        losses: Losses,
        clock: Clock,
        bot: Callable[[], translate.Bot],
    ) -> None:
        self._socket = socket
        self._places = places
        self._answers = answers
        self._threads = threads
        self._delivery = delivery
        self._reactions = reactions
        self._losses = losses
        self._clock = clock
        self._bot = bot
        self._answered: dict[str, Event] = {}

    async def event(self, heard: Heard, ledger: history.Ledger) -> list[Event]:
        """What one payload means. Raises TemporaryError, with nothing noted: the same payload may be given again."""
        data = heard.data
        match heard.event:
            case "MESSAGE_CREATE":
                channel = translate.snowflake(data.get("channel_id"))
                return await self._live(data, channel, ledger)
            case "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE":
                return self._reaction(heard)
            case "MESSAGE_REACTION_REMOVE_ALL" | "MESSAGE_REACTION_REMOVE_EMOJI":
                return await self.differences(translate.snowflake(data.get("message_id")))
            case "ANSWERED":
                return [self._answered.pop(heard.mark)]
            case "THREAD_CREATE":
                await self._threaded(data)
            case _:
                deleted(heard, self._losses, self._reactions, self._threads, ledger)
        return []

    async def page(self, page: history.Page, ledger: history.Ledger) -> Batch:
        """What a page of the history means. Raises TemporaryError, with nothing noted."""
        said = [await self._message(each, page.channel) for each in page.messages]
        for each in page.messages:
            ledger.read(page.channel, translate.snowflake(each.get("id")))
        events = tuple(each for each in said if each is not None)
        return Batch(events, ledger.cursor(), page.lost or None)

    async def differences(self, message: str) -> list[Event]:
        """What differs on one card from what is known of it. Raises TemporaryError."""
        return await self._reactions.differences(message, self._bot())

    async def answer(self, data: Json) -> None:
        """Acknowledge an interaction; what it means waits for its turn."""
        event = await self._answers.answer(data, self._bot())
        if event is not None:
            self._answered[event.id] = event
            self._socket.put(Heard(ANSWERED, {}, event.id))

    async def _live(self, data: Json, channel: str, ledger: history.Ledger) -> list[Event]:
        id = translate.snowflake(data.get("id"))
        if not channel or not id or not ledger.once(id):
            return []
        if not data.get("guild_id"):
            self._places.learn(Place(channel, direct=True))
        said = await self._message(data, channel)
        ledger.note(channel, id)
        return [said] if said is not None else []

    async def _message(self, data: Json, channel: str) -> Event | None:
        place = await self._places.of(channel)
        if place is None:
            return None
        said = translate.message(data, place, self._bot(), self._roles(data, channel))
        if said is not None and said.fresh_thread:
            self._threads.asked(said.id, said.text)
        return said

    async def _threaded(self, data: Json) -> None:
        """Somebody began a thread: on a message of ours it is for us."""
        id = translate.snowflake(data.get("id"))
        own = str(data.get("owner_id")) == self._socket.user or data.get("member")
        about = self._reactions.watched(id) or self._delivery.ours(id)
        if data.get("newly_created") and about and not own:
            await self._threads.join(id)

    def _reaction(self, heard: Heard) -> list[Event]:
        place = self._places.cached(translate.snowflake(heard.data.get("channel_id")))
        event = translate.reaction(
            heard.data,
            self._bot(),
            self._clock.now(),
            added=heard.event.endswith("ADD"),
            mark=heard.mark,
            place=place,
        )
        if event is None or not self._concerns(event, place):
            return []
        self._reactions.heard(event)
        return [event]

    def _concerns(self, event: Reaction, place: Place | None) -> bool:
        """Whether a removal, which does not tell whose message it was on, may be one from the bot's."""
        near = place is None or place.direct or place.joined
        return event.added or near or self._reactions.watched(event.message)

    def _roles(self, data: Json, channel: str) -> frozenset[str]:
        """The bot's own role where this channel is, if any is mentioned."""
        if "<@&" not in translate.text_of(data.get("content")):
            return frozenset()
        found = self._socket.client.get_channel(int(channel))
        guild = getattr(found, "guild", None)
        role = guild.self_role if guild is not None else None
        return frozenset({str(role.id)}) if role is not None else frozenset()
