"""The Discord chat: `ports.Chat` over one bot user. Made by `bot.app` through `settings.load`, one for each `[chat.NAME]`.

`listen` hands over what the socket hears, in order; after a connection that could not be resumed it first reads what was said
and put on the cards meanwhile. Nothing is kept here that a restart would miss: the cursor holds the place in every channel.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from adapters.chat.discord import commands, files, history, translate
from adapters.chat.discord.answers import Answers
from adapters.chat.discord.client import READY, Heard
from adapters.chat.discord.delivery import Delivery, closed
from adapters.chat.discord.hearing import Hearing
from adapters.chat.discord.losses import Losses
from adapters.chat.discord.places import Places
from adapters.chat.discord.reactions import Reactions
from adapters.chat.discord.settings import Settings
from adapters.chat.discord.socket import Socket
from adapters.chat.discord.threads import Threads
from bot.model.errors import ParleyError, PermanentError, TemporaryError
from bot.model.events import Batch, Event, File
from bot.model.ports import Clock, Shown
from bot.model.reports import Outgoing

GUILDS = 30.0
"""Seconds that the guilds of a start may take to arrive. Those that take longer are read when they come."""

LONGEST_WAIT = 30.0
log = logging.getLogger(__name__)


class Discord:
    """One chat platform instance. `name` is the bot's configured name; `suggest` offers names while somebody types a command;
    `arrive_within` is in seconds, `GUILDS` when it is not given."""

    def __init__(
        self,
        instance: str,
        settings: Settings,
        name: str,
        data: Path,
        clock: Clock,
        suggest: commands.Suggest | None = None,
        socket: Socket | None = None,
        arrive_within: float | None = None,
    ) -> None:
        self._instance = instance
        self._settings = settings
        self._name = name
        self._clock = clock
        self._arrive_within = arrive_within
        self.socket = socket or Socket(instance, settings, clock)
        self._places = Places(self.socket)
        self._answers = Answers(self.socket, self._places, clock, suggest)
        self._threads = Threads(self.socket, self._places)
        self._delivery = Delivery(self.socket, self._places, self._answers, self._threads, instance)
        self._losses = Losses()
        self._reactions = Reactions(self.socket, self._places, clock, self._losses)
        self._hearing = Hearing(
            self.socket,
            self._places,
            self._answers,
            self._threads,
            self._delivery,
            self._reactions,
            self._losses,
            clock,
            self._bot,
        )
        self.socket.client.answer = self._hearing.answer
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
        """What has come by now, in order: what stood before a new session is older than what that session missed."""
        heard = await self.socket.heard()
        for begins, some in groupby(heard, lambda each: each.event == READY):
            found = self._catch_up(ledger) if begins else self._live(some, ledger)
            async for batch in found:
                yield batch

    async def _live(self, heard: Iterable[Heard], ledger: history.Ledger) -> AsyncIterator[Batch]:
        """Payloads of one session. While one of them cannot be understood yet, those before it are handed over."""
        left, failures = deque(heard), 0
        events: list[Event] = []
        while left:
            try:
                events += await self._hearing.event(left[0], ledger)
                left.popleft()
                failures = 0
                continue
            except TemporaryError as error:
                failures += 1
                wait = self._patience(error, failures)
            found, events = self._all(events, ledger), []
            if found is not None:
                yield found
            await self._clock.sleep(wait)
        found = self._all(events, ledger)
        if found is not None:
            yield found

    def _patience(self, error: TemporaryError, failures: int) -> float:
        """Seconds until the next try."""
        wait = error.after or min(LONGEST_WAIT, 0.25 * 2 ** min(failures, 8))
        log.warning("%s: %s Next try in %.1f s.", self._instance, error, wait)
        return wait

    def _all(self, events: Sequence[Event], ledger: history.Ledger) -> Batch | None:
        """The events with what was lost; None when there is nothing to tell."""
        gone, shut = self._losses.take()
        if not (events or gone or shut):
            return None
        return Batch(tuple(events), ledger.cursor(), gone=gone, closed=shut, first="sign")

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
        try:
            return [
                event for each in shown for event in await self._hearing.differences(each.message)
            ]
        except TemporaryError:
            self._reactions.shown(shown)  # what was found is not handed over, so it is found again
            raise

    async def _catch_up(self, ledger: history.Ledger) -> AsyncIterator[Batch]:
        """What was said and put on cards while nothing was heard, a batch a page. Tries until it can."""
        client, began_at = self.socket.client, self._clock.now()
        try:
            async with asyncio.timeout(self._arrive_within or GUILDS):
                await client.arrived.wait()
        except TimeoutError:
            client.arrived.set()  # a guild that comes later is read when it comes
        if ledger.fresh:
            ledger.begin(history.newest(client, began_at))
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
                await self._clock.sleep(self._patience(error, failures))

    async def _missed(self, ledger: history.Ledger) -> AsyncIterator[Batch]:
        """A batch a page and a card: what was found is handed over before the next is asked for."""
        async for page in history.missed(self.socket, ledger):
            yield await self._hearing.page(page, ledger)
        for card in self._reactions.cards():
            found = self._all(await self._hearing.differences(card), ledger)
            if found is not None:
                yield found
        left = self._all((), ledger)
        if left is not None:
            yield left

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

    def _bot(self) -> translate.Bot:
        return translate.Bot(self._instance, self.socket.user, self._name, self._settings.emoji)
