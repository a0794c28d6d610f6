"""The Matrix chat: `ports.Chat` over one login. Made by `bot.app` through `settings.load`, one for each `[chat.NAME]`.

`listen` asks for news from a cursor and hands them over at once; only when it is resumed, and so they are stored, does
it answer invitations and ask further. Nothing is kept here that a restart would miss.
"""

import json
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nio.crypto import ENCRYPTION_ENABLED

from adapters.chat.matrix import translate
from adapters.chat.matrix.delivery import Delivery, annotations
from adapters.chat.matrix.rooms import Rooms
from adapters.chat.matrix.settings import Settings
from adapters.chat.matrix.socket import DEAD_LOGIN, Json, Socket, path
from bot.model.errors import PermanentError, TemporaryError
from bot.model.events import Batch, Event, Reaction
from bot.model.ports import Clock, Shown
from bot.model.reports import Outgoing

if TYPE_CHECKING:  # it needs the extra
    from adapters.chat.matrix.encryption import Encryption

KINDS = [
    "m.room.message",
    "m.reaction",
    "m.room.redaction",
    "m.room.member",
    "m.room.encrypted",
    "m.room.encryption",
]
PAGE = 500
PAGES = 100
"""At most this many pages of missed history are read; more is said to be lost."""

LONGEST_WAIT = 30.0
"""Seconds between two tries to reach a server that does not answer."""

FIRST_SECONDS = 180.0
"""How long the first question of a start may take: on a big server an account with many rooms needs a while."""

_NONE: Json = {"types": []}
_NEWS: Json = {
    "presence": _NONE,
    "account_data": _NONE,
    "room": {
        "ephemeral": _NONE,
        "account_data": _NONE,
        "state": _NONE,
        "timeline": {"limit": 100, "types": KINDS},
    },
}
_POSITION: Json = {
    **_NEWS,
    "room": {"ephemeral": _NONE, "account_data": _NONE, "state": _NONE, "timeline": _NONE},
}
log = logging.getLogger(__name__)


class Matrix:
    """One chat platform instance. `name` is the bot's configured name, `data` the folder for the kept login."""

    def __init__(
        self, instance: str, settings: Settings, name: str, data: Path, clock: Clock
    ) -> None:
        self._instance = instance
        self._settings = settings
        self._name = name
        self._clock = clock
        self._socket = Socket(instance, settings, data)
        self._rooms = Rooms(self._socket)
        self._encryption = _encryption(instance, self._socket, data, clock)
        self._delivery = Delivery(instance, self._socket, self._rooms, self._encryption)
        self._reactions = translate.Reactions()
        self.trouble = "not connected yet"

    async def close(self) -> None:
        """Close the connection. What was heard and not handed over is heard again."""
        await self._socket.close()
        if self._encryption is not None:
            await self._encryption.close()

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        """See `ports.Chat`. The first batch of a new account is empty: it only carries the position to begin at."""
        arrived, failures = False, 0
        while True:
            try:
                batch = await (self._hear(cursor) if arrived and cursor else self._arrive(cursor))
            except TemporaryError as error:
                failures += 1
                wait = error.after or min(LONGEST_WAIT, 0.25 * 2 ** min(failures, 10))
                log.warning("%s: %s Next try in %.1f s.", self._instance, error, wait)
                self.trouble = str(error)
                await self._clock.sleep(wait)
                continue
            self.trouble = ""
            if batch.events or batch.lost or cursor is None:
                yield batch
            arrived, failures, cursor = True, 0, batch.cursor
            await self._rooms.follow()
            if self._encryption is not None:
                await self._encryption.follow()

    async def send(self, outgoing: Outgoing) -> str:
        """See `ports.Chat`. The reference is the event id."""
        await self._ready()
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
        """See `ports.Chat`. What was put has its own event id; what is gone has one of this moment, since the same
        reaction may go twice. Messages that can no longer be read are passed over."""
        await self._socket.ready()
        events: list[Event] = []
        for each in shown:
            try:
                found = await annotations(self._socket, each.conversation.room, each.message)
            except PermanentError as error:
                if error.reason in DEAD_LOGIN:
                    raise
                log.warning("reactions on %s cannot be read: %s", each.message, error)
                continue
            events.extend(self._differences(each, found))
        return events

    def _differences(self, shown: Shown, found: list[Json]) -> list[Event]:
        bot = self._bot()
        there: dict[tuple[object, str], Reaction] = {}
        for event in reversed(found):
            put = self._reactions.add(event, bot)
            if put is not None:
                there[put.account, put.emoji] = put
        events: list[Event] = [put for pair, put in there.items() if pair not in shown.known]
        now = self._clock.now()
        for account, emoji in shown.known:
            if (account, emoji) not in there and account.user != bot.user:
                id = f"gone:{shown.message}:{account.user}:{emoji}:{now.timestamp():.6f}"
                events.append(Reaction(id, account, shown.message, emoji, added=False, at=now))
        return events

    async def _ready(self) -> None:
        await self._socket.ready()
        if self._encryption is not None and not self._socket.device:
            log.warning("%s: a token without a device cannot read encrypted rooms", self._instance)
            self._encryption = self._delivery.encryption = None
        if self._encryption is not None:
            await self._encryption.ready()

    async def _arrive(self, cursor: str | None) -> Batch:
        """See what waits at the start: invitations, and where a new account begins. Old messages are not read."""
        await self._ready()
        answer = await self._sync(_POSITION, None)
        self._note_invitations(answer)
        # Where there is a cursor, the first news bring the same keys.
        if self._encryption is not None and cursor is None:
            self._encryption.hear(answer)
        return Batch((), cursor=cursor or str(answer["next_batch"]))

    async def _hear(self, cursor: str) -> Batch:
        await self._ready()
        answer = await self._sync(_NEWS, cursor)
        self._note_invitations(answer)
        bot = self._bot()
        lost: list[str] = []
        news = self._encryption.hear(answer) if self._encryption is not None else []
        for room, joined in answer.get("rooms", {}).get("join", {}).items():
            raw, complete = await self._timeline(room, joined.get("timeline", {}), cursor)
            news.extend((event, room) for event in raw)
            if not complete:
                lost.append(f"Messages in {room} from while I was away could not all be read.")
                if self._encryption is not None:
                    self._encryption.rooms.forget_plain(room)
        heard = [await self._translate(event, room, bot) for event, room in news]
        if self._encryption is not None:
            self._encryption.save()
        events = tuple(event for event in heard if event is not None)
        return Batch(events, str(answer["next_batch"]), " ".join(lost) or None)

    async def _sync(self, wanted: Json, since: str | None) -> Json:
        # Never the same question twice: Synapse repeats an answer of the last two minutes, even one that only a dead
        # process asked for, and in that a reaction taken off since still stands.
        poll, odd = self._settings.poll, self._clock.now().microsecond
        query: dict[str, str | int] = {"filter": json.dumps(wanted)}
        if since:
            query |= {"since": since, "timeout": int(poll * 1000) + odd // 1000}
        else:  # answered at once, whatever the timeout
            query["timeout"] = odd + 1
        timeout = poll + self._settings.timeout if since else FIRST_SECONDS
        return await self._socket.request("GET", path("sync"), query=query, timeout=timeout)

    def _note_invitations(self, answer: Json) -> None:
        for room, invited in answer.get("rooms", {}).get("invite", {}).items():
            self._rooms.invited(room, invited.get("invite_state", {}).get("events", []))

    async def _timeline(self, room: str, timeline: Json, since: str) -> tuple[list[Json], bool]:
        """The room's news in order, each once, and whether they are complete. A server leaves out the older part
        of a long absence: that is read page by page, backwards."""
        events, complete = list(timeline.get("events", [])), True
        if timeline.get("limited") and timeline.get("prev_batch"):
            older, complete = await self._history(room, str(timeline["prev_batch"]), since)
            events = older + events
        once = {event.get("event_id"): event for event in events}
        return translate.since_invited(list(once.values()), self._socket.user), complete

    async def _history(self, room: str, start: str, since: str) -> tuple[list[Json], bool]:
        pages: list[Json] = []
        query: dict[str, str | int] = {
            "dir": "b",
            "limit": PAGE,
            "to": since,
            "filter": json.dumps({"types": KINDS}),
        }
        for _ in range(PAGES):
            query["from"] = start
            try:
                answer = await self._socket.request(
                    "GET", path("rooms", room, "messages"), query=query
                )
            except PermanentError as error:
                log.warning("history of %s cannot be read: %s", room, error)
                return pages[::-1], False
            pages.extend(answer.get("chunk", []))
            start = str(answer.get("end", ""))
            if not start or not answer.get("chunk"):
                return pages[::-1], True
        return pages[::-1], False

    async def _translate(self, event: Json, room: str, bot: translate.Bot) -> Event | None:
        match event.get("type"):
            case "m.room.message":
                thread = await self._thread(event, room)
                direct = await self._rooms.direct(room)
                return translate.message(event, room, bot, direct=direct, thread=thread)
            case "m.reaction":
                return self._reactions.add(event, bot)
            case "m.room.redaction":
                return self._reactions.remove(event)
            case "m.room.member":
                self._rooms.changed(room)
            case "m.room.encrypted":
                return await self._read(event, room, bot)
            case "m.room.encryption" if self._encryption is None:
                self._rooms.encrypted(room)
            case "m.room.encryption" if self._encryption and "state_key" in event:
                self._encryption.rooms.seals(room)
            case _:
                pass
        return None

    async def _read(self, event: Json, room: str, bot: translate.Bot) -> Event | None:
        """The message in an encrypted event. One that has no key yet is held, and heard when it comes."""
        if self._encryption is None:
            self._rooms.encrypted(room)
            return None
        if event.get("sender") == bot.user:
            return None
        inner = self._encryption.read(event, room)
        if inner is None:
            self._encryption.hold(event, room)
        elif inner.get("type") == "m.room.message":
            return await self._translate(inner, room, bot)
        return None

    async def _thread(self, event: Json, room: str) -> str:
        """The thread of a reply written outside of threads: that of the bot's message which it answers."""
        target = translate.replied_to(event)
        if not target:
            return ""
        try:
            answered = await self._socket.request("GET", path("rooms", room, "event", target))
        except PermanentError:
            return ""
        own = answered.get("sender") == self._socket.user
        return translate.thread_of(answered) if own else ""

    def _bot(self) -> translate.Bot:
        return translate.Bot(self._instance, self._socket.user, self._name, self._socket.name)


def _encryption(instance: str, socket: Socket, data: Path, clock: Clock) -> "Encryption | None":
    """Encrypted rooms, where the extra for them is installed."""
    if not ENCRYPTION_ENABLED:
        return None
    # it imports what only the extra brings
    from adapters.chat.matrix.encryption import Encryption

    return Encryption(instance, socket, data, clock)
