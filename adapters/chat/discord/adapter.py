"""The Discord chat: `ports.Chat` over one bot user. Made by `bot.app` through `settings.load`, one for each `[chat.NAME]`.

`listen` hands over what the socket hears, in order; after a connection that could not be resumed it first reads what was said
and put on the cards meanwhile. Nothing is kept here that a restart would miss: the cursor holds the place in every channel.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

from adapters.chat.discord import commands, files, history, translate
from adapters.chat.discord.answers import Answers
from adapters.chat.discord.client import READY, Heard
from adapters.chat.discord.deletions import deleted
from adapters.chat.discord.delivery import Delivery, closed
from adapters.chat.discord.losses import Losses
from adapters.chat.discord.places import Place, Places
from adapters.chat.discord.reactions import Reactions
from adapters.chat.discord.rest import Json
from adapters.chat.discord.settings import Settings
from adapters.chat.discord.socket import Socket
from adapters.chat.discord.threads import Threads
from bot.model.errors import ParleyError, PermanentError, TemporaryError
from bot.model.events import Batch, Event, File, Reaction
from bot.model.ports import Clock, Shown
from bot.model.reports import Outgoing

ANSWERED = "ANSWERED"
"""What stands in the queue for an interaction that is acknowledged: its event is in `_answered`."""

GUILDS = 30.0
"""Seconds that the guilds of a start may take to arrive."""

LONGEST_WAIT = 30.0
log = logging.getLogger(__name__)


class Discord:
    """One chat platform instance. `name` is the bot's configured name; `suggest` offers names while somebody types a command."""

    def __init__(
        self,
        instance: str,
        settings: Settings,
        name: str,
        data: Path,
        clock: Clock,
        suggest: commands.Suggest | None = None,
        socket: Socket | None = None,
    ) -> None:
        self._instance = instance
        self._settings = settings
        self._name = name
        self._clock = clock
        self.socket = socket or Socket(instance, settings, clock)
        self._places = Places(self.socket)
        self._answers = Answers(self.socket, self._places, clock, suggest)
        self._threads = Threads(self.socket, self._places)
        self._delivery = Delivery(self.socket, self._places, self._answers, self._threads, instance)
        self._losses = Losses()
        self._reactions = Reactions(self.socket, self._places, clock, self._losses)
        self._answered: dict[str, Event] = {}
        self.socket.client.answer = self._answer
        self.socket.client.set_up = self._register

    @property
    def trouble(self) -> str:
        """See `ports.Connects`."""
        return self.socket.trouble

    async def close(self) -> None:
        """Close the connection. What was heard and not handed over is read again."""
        await self.socket.close()

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        """See `ports.Chat`. The first batch of a new account is empty: it only carries the position to begin at."""
        ledger = history.Ledger(cursor)
        running = asyncio.create_task(self.socket.run())  # noqa: TID251 - ends with this generator, in `finally`
        try:
            while True:
                async for batch in self._batches(ledger):
                    yield batch
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def _batches(self, ledger: history.Ledger) -> AsyncIterator[Batch]:
        """What has come by now."""
        heard = await self.socket.heard()
        if any(each.event == READY for each in heard):
            async for batch in self._catch_up(ledger):
                yield batch
        events = await self._translate(heard, ledger)
        found = self._all(events, ledger)
        if found is not None:
            yield found

    def _all(self, events: Sequence[Event], ledger: history.Ledger) -> Batch | None:
        """The events with what was lost; None when there is nothing to tell."""
        gone, shut = self._losses.take()
        if not (events or gone or shut):
            return None
        return Batch(tuple(events), ledger.cursor(), gone=gone, closed=shut)

    async def fetch(self, file: File, limit: int) -> bytes:
        """See `ports.Fetches`."""
        await self.socket.ready()
        return await files.fetch(self.socket, file, limit)

    async def send(self, outgoing: Outgoing) -> str:
        """See `ports.Chat`. The reference is the message id."""
        await self.socket.ready()
        try:
            reference = await self._send(outgoing)
        except PermanentError as error:
            raise closed(error) from error
        self._reactions.watch(outgoing, reference)
        return reference

    async def _send(self, outgoing: Outgoing) -> str:
        match outgoing:
            case Outgoing(kind="post", report=report) if report is not None:
                return await self._delivery.post(outgoing, report)
            case Outgoing(kind="edit", report=report, message=str(message)) if report is not None:
                return await self._delivery.edit(outgoing, report, message)
            case Outgoing(kind="react", message=str(message), emoji=str(emoji)):
                return await self._delivery.react(outgoing, message, emoji)
            case _:
                what = f"An outgoing {outgoing.kind} lacks a part of it."
                raise PermanentError(what, reason="malformed")

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        """See `ports.Chat`. Messages that can no longer be read are passed over."""
        await self.socket.ready()
        self._reactions.shown(shown)
        return [event for each in shown for event in await self._differences(each.message)]

    async def _differences(self, message: str) -> list[Event]:
        return await self._reactions.differences(message, self._bot())

    async def _catch_up(self, ledger: history.Ledger) -> AsyncIterator[Batch]:
        """What was said and put on cards while nothing was heard, a batch a page. Tries until it can."""
        client = self.socket.client
        with suppress(TimeoutError):
            async with asyncio.timeout(GUILDS):
                await client.arrived.wait()
        if ledger.fresh:
            ledger.begin(history.newest(client))
            yield Batch((), ledger.cursor())
        ledger.settled = False
        failures = 0
        while not ledger.settled:
            try:
                async for batch in self._missed(ledger):
                    yield batch
                ledger.settled = True
            except TemporaryError as error:
                failures += 1
                wait = error.after or min(LONGEST_WAIT, 0.25 * 2 ** min(failures, 8))
                log.warning("%s: %s Next try in %.1f s.", self._instance, error, wait)
                await self._clock.sleep(wait)

    async def _missed(self, ledger: history.Ledger) -> AsyncIterator[Batch]:
        async for page in history.missed(self.socket, ledger):
            yield await self._page(page, ledger)
        events: list[Event] = []
        for card in self._reactions.cards():
            events += await self._differences(card)
        found = self._all(events, ledger)
        if found is not None:
            yield found

    async def _page(self, page: history.Page, ledger: history.Ledger) -> Batch:
        events: list[Event] = []
        for each in page.messages:
            ledger.read(page.channel, translate.snowflake(each.get("id")))
            said = await self._message(each, page.channel)
            if said is not None:
                events.append(said)
        return Batch(tuple(events), ledger.cursor(), page.lost or None)

    async def _translate(self, heard: Sequence[Heard], ledger: history.Ledger) -> list[Event]:
        events: list[Event] = []
        for each in heard:
            events += await self._event(each, ledger)
        return events

    async def _event(self, heard: Heard, ledger: history.Ledger) -> list[Event]:
        data = heard.data
        match heard.event:
            case "MESSAGE_CREATE":
                channel = translate.snowflake(data.get("channel_id"))
                return await self._live(data, channel, ledger)
            case "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE":
                return self._reaction(heard)
            case "MESSAGE_REACTION_REMOVE_ALL" | "MESSAGE_REACTION_REMOVE_EMOJI":
                return await self._cleared(translate.snowflake(data.get("message_id")))
            case "ANSWERED":
                return [self._answered.pop(heard.mark)]
            case "THREAD_CREATE":
                await self._threaded(data)
            case _:
                deleted(heard, self._losses, self._reactions, self._threads, ledger)
        return []

    async def _threaded(self, data: Json) -> None:
        """Somebody began a thread: on a message of ours it is for us."""
        id = translate.snowflake(data.get("id"))
        own = str(data.get("owner_id")) == self.socket.user or data.get("member")
        about = self._reactions.watched(id) or self._delivery.ours(id)
        if data.get("newly_created") and about and not own:
            await self._threads.join(id)

    async def _live(self, data: Json, channel: str, ledger: history.Ledger) -> list[Event]:
        id = translate.snowflake(data.get("id"))
        if not channel or not id or not ledger.once(id):
            return []
        if not data.get("guild_id"):
            self._places.learn(Place(channel, direct=True))
        ledger.note(channel, id)
        said = await self._message(data, channel)
        return [said] if said is not None else []

    async def _message(self, data: Json, channel: str) -> Event | None:
        place = self._places.cached(channel) or await self._unseen(channel)
        if place is None:
            return None
        said = translate.message(data, place, self._bot(), self._roles(channel))
        if said is not None and said.fresh_thread:
            self._threads.asked(said.id, said.text)
        return said

    async def _unseen(self, channel: str) -> Place | None:
        try:
            return await self._places.of(channel)
        except ParleyError as error:
            log.warning("the channel %s cannot be asked about: %s", channel, error)
            return None

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

    async def _cleared(self, message: str) -> list[Event]:
        """Somebody took everybody's reactions off."""
        try:
            return await self._differences(message)
        except TemporaryError as error:
            log.warning("reactions on %s cannot be read: %s", message, error)
            return []

    async def _answer(self, data: Json) -> None:
        event = await self._answers.answer(data, self._bot())
        if event is not None:
            self._answered[event.id] = event
            self.socket.put(Heard(ANSWERED, {}, event.id))

    async def _register(self) -> None:
        """The slash commands, once a login. That they cannot be registered does not stop the bot."""
        if not self._settings.commands:
            return
        try:
            await self.socket.rest.request(
                "PUT",
                "/applications/{application_id}/commands",
                commands.registered(self._name),
                application_id=str(self.socket.client.application_id),
            )
        except ParleyError as error:
            log.warning("%s: the slash commands were not registered: %s", self._instance, error)

    def _roles(self, channel: str) -> frozenset[str]:
        """The bot's own role where this channel is."""
        found = self.socket.client.get_channel(int(channel))
        guild = getattr(found, "guild", None)
        role = guild.self_role if guild is not None else None
        return frozenset({str(role.id)}) if role is not None else frozenset()

    def _bot(self) -> translate.Bot:
        return translate.Bot(self._instance, self.socket.user, self._name, self._settings.emoji)
