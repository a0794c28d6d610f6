"""What the server tells, as batches: news since a cursor, the history it left out, rooms that closed. Used by `adapter`.

Nothing is kept here that a restart would miss.
"""

import json
import logging
from typing import TYPE_CHECKING

from msgspec import Struct, field

from adapters.chat.matrix import closing, translate
from adapters.chat.matrix.deletions import Deletions
from adapters.chat.matrix.rooms import Rooms
from adapters.chat.matrix.socket import DEAD_LOGIN, Json, Socket, path
from bot.model.errors import ParleyError, PermanentError
from bot.model.events import Batch, Event
from bot.model.ports import Clock

if TYPE_CHECKING:  # it needs the extra
    from adapters.chat.matrix.encryption import Encryption

KINDS = [
    "m.room.message",
    "m.reaction",
    "m.room.redaction",
    "m.room.member",
    "m.room.encrypted",
    "m.room.encryption",
    "m.room.tombstone",
]
PAGE = 500
PAGES = 100
"""At most this many pages of missed history are read; more is said to be lost."""

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


class Heard(Struct):
    """One batch as it grows."""

    events: list[Event] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    closed: list[tuple[str, str]] = field(default_factory=list)

    def batch(self, cursor: str) -> Batch:
        lost = " ".join(self.lost) or None
        gone, closed = tuple(self.gone), tuple(self.closed)
        return Batch(tuple(self.events), cursor, lost, gone, closed, first="sign")


class Hearing:
    """What one login hears. `name` is the bot's configured name; `encryption` is None where there is none."""

    def __init__(
        self,
        instance: str,
        socket: Socket,
        rooms: Rooms,
        encryption: "Encryption | None",
        name: str,
        clock: Clock,
    ) -> None:
        self._instance = instance
        self._socket = socket
        self._rooms = rooms
        self.encryption = encryption
        self._name = name
        self._clock = clock
        self.reactions = translate.Reactions()
        self._deletions = Deletions(socket)

    @property
    def bot(self) -> translate.Bot:
        """Who the bot is, known after `Socket.ready`."""
        return translate.Bot(self._instance, self._socket.user, self._name, self._socket.name)

    async def arrive(self, cursor: str | None) -> Batch:
        """See what waits at the start: invitations, and where a new account begins. Old messages are not read."""
        answer = await self._sync(_POSITION, None)
        self._note_invitations(answer)
        # Where there is a cursor, the first news bring the same keys.
        if self.encryption is not None and cursor is None:
            self.encryption.hear(answer)
        return Batch((), cursor=cursor or str(answer["next_batch"]))

    async def hear(self, cursor: str) -> Batch:
        """The news since then. Raises TemporaryError, PermanentError."""
        answer = await self._sync(_NEWS, cursor)
        self._note_invitations(answer)
        bot, heard = self.bot, Heard()
        self.reactions.begin()
        self._deletions.begin()
        news = self.encryption.hear(answer) if self.encryption is not None else []
        rooms = answer.get("rooms", {})
        for room, joined in (*rooms.get("join", {}).items(), *rooms.get("leave", {}).items()):
            news.extend(await self._news(room, joined.get("timeline", {}), cursor, heard))
        for room, ended in rooms.get("leave", {}).items():
            self._rooms.changed(room)
            why = closing.left(ended.get("timeline", {}).get("events", []), bot.user)
            heard.closed.extend([(room, why)] if why else [])
        for event, room in news:
            try:
                await self._take(event, room, bot, heard)
            except ParleyError:
                raise
            except Exception:  # one event that breaks us must not be heard for ever
                log.exception("%s in %s is passed over", event.get("event_id"), room)
        heard.gone.extend(await self._deletions.found())
        if self.encryption is not None:
            self.encryption.save()
        return heard.batch(str(answer["next_batch"]))

    def keep(self) -> None:
        """The batch was handed over."""
        self.reactions.keep()
        self._deletions.keep()

    async def _news(
        self, room: str, timeline: Json, cursor: str, heard: Heard
    ) -> list[tuple[Json, str]]:
        raw, complete = await self._timeline(room, timeline, cursor)
        if not complete:
            heard.lost.append(f"Messages in {room} from while I was away could not all be read.")
            if self.encryption is not None:
                self.encryption.rooms.forget_plain(room)
        return [(event, room) for event in raw]

    async def _take(self, event: Json, room: str, bot: translate.Bot, heard: Heard) -> None:
        found = await self._translate(event, room, bot)
        if found is not None:
            heard.events.append(found)
        elif event.get("type") == "m.room.redaction":
            self._deletions.note(event, room)
        elif why := closing.upgraded(event):
            heard.closed.append((room, why))

    async def _sync(self, wanted: Json, since: str | None) -> Json:
        # Never the same question twice: Synapse repeats an answer of the last two minutes, even one that only a dead
        # process asked for, and in that a reaction taken off since still stands.
        poll, odd = self._socket.settings.poll, self._clock.now().microsecond
        poll = 0.0 if self._deletions.waiting else poll
        query: dict[str, str | int] = {"filter": json.dumps(wanted)}
        if since:
            query |= {"since": since, "timeout": int(poll * 1000) + odd // 1000}
        else:  # answered at once, whatever the timeout
            query["timeout"] = odd + 1
        timeout = poll + self._socket.settings.timeout if since else FIRST_SECONDS
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
                if error.reason in DEAD_LOGIN:
                    raise
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
                return self.reactions.add(event, room, bot)
            case "m.room.redaction":
                return self.reactions.remove(event, room)
            case "m.room.member":
                self._rooms.changed(room)
            case "m.room.encrypted":
                return await self._read(event, room, bot)
            case "m.room.encryption" if self.encryption is None:
                self._rooms.encrypted(room)
            case "m.room.encryption" if self.encryption and "state_key" in event:
                self.encryption.rooms.seals(room)
            case _:
                pass
        return None

    async def _read(self, event: Json, room: str, bot: translate.Bot) -> Event | None:
        """The message in an encrypted event. One that has no key yet is held, and heard when it comes."""
        if self.encryption is None:
            self._rooms.encrypted(room)
            return None
        if event.get("sender") == bot.user:
            return None
        inner = self.encryption.read(event, room)
        if inner is None:
            self.encryption.hold(event, room)
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
        except PermanentError as error:
            if error.reason in DEAD_LOGIN:
                raise
            return ""
        own = answered.get("sender") == self._socket.user
        return translate.thread_of(answered) if own else ""
