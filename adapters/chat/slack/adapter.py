"""The Slack chat: `ports.Chat` over one app in one workspace. Made by `bot.app` through `settings.load`, one for each `[chat.NAME]`.

Envelopes come in through `socket` or `endpoint`, go through bolt to `hearing` and wait in its queue as events. `listen` hands
over all that waits; resumed, and so with everything stored, it lets bolt acknowledge them. What was missed is read beside
that, so that it never delays a vote; until it is read, no cursor moves.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from adapters.chat.slack import files, translate
from adapters.chat.slack.commands import Commands, Suggest
from adapters.chat.slack.delivery import Delivery
from adapters.chat.slack.endpoint import Endpoint
from adapters.chat.slack.hearing import Heard, Hearing
from adapters.chat.slack.history import History, Positions
from adapters.chat.slack.home import Homes
from adapters.chat.slack.settings import Settings
from adapters.chat.slack.socket import SocketMode
from adapters.chat.slack.watch import Watch
from adapters.chat.slack.web import Web
from bot.model.errors import LoginError, ParleyError, PermanentError, TemporaryError
from bot.model.events import Batch, Event, File, Message
from bot.model.ports import Clock, Home, Shown
from bot.model.reports import Outgoing

MOST = 500
"""Events handed over at once."""
LONGEST_WAIT = 30.0
"""Seconds between two tries to reach Slack at the start."""

log = logging.getLogger(__name__)


class Slack:
    """One chat platform instance. `name` is the bot's configured name; `data` is not used: nothing is kept here."""

    def __init__(
        self,
        instance: str,
        settings: Settings,
        name: str,
        data: Path,
        clock: Clock,
        *,
        suggest: Suggest | None = None,
        home: Home | None = None,
    ) -> None:
        self._instance = instance
        self._settings = settings
        self._clock = clock
        self._web = Web(instance, settings)
        self._delivery = Delivery(instance, self._web)
        self._history = History(self._web, clock)
        self._watch = Watch(self._web, clock)
        self._homes = Homes(self._web, clock, home)
        commands = Commands(self._web, self._delivery, suggest)
        self._hearing = Hearing(
            self._web, clock, commands, self._homes, self._watch, name, self._begin
        )
        self._queue = self._hearing.queue
        self._positions = Positions.of(None, clock.now())
        self._reading = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._ears_open: SocketMode | Endpoint | None = None

    @property
    def endpoint(self) -> Endpoint | None:
        """The server, in HTTP mode and while it is listened."""
        return self._ears_open if isinstance(self._ears_open, Endpoint) else None

    @property
    def trouble(self) -> str:
        """See `ports.Connects`."""
        return self._ears_open.trouble if self._ears_open else "Slack was not reached yet."

    async def close(self) -> None:
        """Close the connections. What was heard and not handed over is sent again, or read."""
        await self._cancel()
        await self._web.close()

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        """See `ports.Chat`. The cursor is the newest ts of every channel, as JSON; the first batch of a new login is
        empty and carries where it begins."""
        await self._arrive()
        self._positions = Positions.of(cursor, self._clock.now())
        async with self._ears():
            if cursor is None:
                yield Batch((), cursor=str(self._positions))
            while True:
                waiting = await self._next()
                batch = self._batch(waiting)
                if batch.events or any(_tells(each) for each in waiting):
                    yield batch
                _stored(waiting)

    async def send(self, outgoing: Outgoing) -> str:
        """See `ports.Chat`. The reference is `CHANNEL/TS`."""
        try:
            await self._web.ready()
            return await self._send(outgoing)
        except (
            LoginError
        ) as error:  # the connections have another token, and would go on for nothing
            self._queue.put_nowait(error)
            raise

    async def _send(self, outgoing: Outgoing) -> str:
        match outgoing:
            case Outgoing(kind="post", report=report) if report is not None:
                sent = await self._delivery.post(outgoing, report)
            case Outgoing(kind="edit", report=report, message=str(message)) if report is not None:
                sent = await self._delivery.edit(outgoing, report, message)
            case Outgoing(kind="react", message=str(message), emoji=str(emoji)):
                return await self._delivery.react(message, emoji)
            case _:
                what = f"An outgoing {outgoing.kind} lacks a part of it."
                raise PermanentError(what, reason="malformed")
        if report.controls and outgoing.only_to is None:
            self._watch.opened(sent, outgoing.conversation)
        else:
            self._watch.closed(sent)
        return sent

    async def fetch(self, file: File, limit: int) -> bytes:
        """See `ports.Fetches`."""
        await self._web.ready()
        return await files.fetch(self._web, file, limit)

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        """See `ports.Chat`. A difference has an id of this moment, since the same reaction may come and go twice."""
        for (
            each
        ) in shown:  # first, so that what cannot be read now is read with the first connection
            self._watch.opened(each.message, each.conversation, each.known)
        await self._web.ready()
        return await self._watch.differences(self._hearing.bot())

    async def _arrive(self) -> None:
        failures = 0
        while True:
            try:
                await self._web.ready()
            except TemporaryError as error:
                failures += 1
                wait = error.after or min(LONGEST_WAIT, 0.25 * 2.0 ** min(failures, 10))
                log.warning("%s: %s Next try in %.1f s.", self._instance, error, wait)
                await self._clock.sleep(wait)
            else:
                return

    @asynccontextmanager
    async def _ears(self) -> AsyncIterator[None]:
        """Connections or a server, for as long as this is open."""
        app = self._hearing.app
        ears: SocketMode | Endpoint
        if self._settings.app_token is not None:
            ears = SocketMode(self._web, self._clock, app, self._back)
        else:
            ears = Endpoint(self._instance, self._settings, app, self._back)
        self._ears_open = ears
        for work in (ears.run, self._homes.show, self._homes.refresh):
            self._begin(work)
        try:
            yield
        finally:
            await self._cancel()

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        """Beside everything else. What goes wrong ends `listen`, never in silence."""

        async def guarded() -> None:
            try:
                await work()
            except ParleyError as error:
                self._queue.put_nowait(error)
            except Exception as error:
                log.exception("slack: %s broke", self._instance)
                what = f"The Slack adapter broke: {error!r}."
                self._queue.put_nowait(PermanentError(what, "The log has the details."))

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _cancel(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _next(self) -> list[Heard]:
        """All that waits, at least one. Raises the error that ended the connections."""
        items = [await self._queue.get()]
        while not self._queue.empty() and len(items) < MOST:
            items.append(self._queue.get_nowait())
        waiting: list[Heard] = []
        for item in items:
            if isinstance(item, ParleyError):
                raise item
            waiting.append(item)
        return waiting

    def _batch(self, waiting: list[Heard]) -> Batch:
        """In the order of time: connections do not keep theirs among each other."""
        events = sorted((e for each in waiting for e in each.events), key=lambda event: event.at)
        for event in events:
            self._watch.heard(event)
            if isinstance(event, Message):
                self._positions.heard(*translate.parts(event.id))
        self._reading -= sum(each.caught_up for each in waiting)
        lost = " ".join(dict.fromkeys(each.lost for each in waiting if each.lost))
        cursor = None if self._reading else str(self._positions)
        gone = tuple(message for each in waiting for message in each.gone)
        closed = tuple(room for each in waiting for room in each.closed)
        return Batch(tuple(events), cursor, lost or None, gone, closed)

    def _back(self) -> None:
        """Slack can reach us again, or for the first time."""
        since = Positions.of(str(self._positions), self._clock.now())
        self._reading += 1
        self._begin(partial(self._catch_up, since))

    async def _catch_up(self, since: Positions) -> None:
        bot = self._hearing.bot()
        lost: list[str] = []
        differences: list[Event] = []
        missed = await self._history.missed(bot, since, self._watch.conversations)
        try:
            differences = await self._watch.differences(bot)
        except TemporaryError as error:
            lost.append(f"Reactions from while I was away could not be read. {error}")
        events = (*missed.messages, *differences)
        words = " ".join([*missed.lost, *lost])
        self._queue.put_nowait(Heard(events, lost=words, caught_up=True))


def _tells(heard: Heard) -> bool:
    """Whether it has more to say than events."""
    return bool(heard.lost or heard.gone or heard.closed or heard.caught_up)


def _stored(waiting: list[Heard]) -> None:
    for each in waiting:
        if each.stored is not None and not each.stored.done():
            each.stored.set_result(None)
