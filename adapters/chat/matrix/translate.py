"""Matrix events in, our events out. Called by `adapter` with raw JSON; pure but for `Reactions`, which remembers.

Everything in an event comes from outside: any field may be missing or of another type, and nothing here raises for it.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

from msgspec import Struct

from adapters.chat.matrix import files
from bot.model.events import Message, Reaction
from bot.model.people import Account, Conversation

Json = Mapping[str, Any]
Place = tuple[str, str]
"""A room, and an event in it."""
Value = TypeVar("Value")

REMEMBERED = 20_000
"""How many reactions are remembered, so that the removal of one can be told from its event id alone."""

_DRESS = dict.fromkeys([0xFE0F, *range(0x1F3FB, 0x1F400)])
"""The selector of a colourful picture, and the five colours of skin."""
_NOTHING: Json = {}
_EVENT = re.compile(r"\$[!-~]{1,254}")
"""What the specification lets an event id be; servers fail over what is no text, and never get over it."""


class Bot(Struct, frozen=True, dict=True):
    """Who the bot is on this instance: its Matrix id, its configured name and its display name."""

    instance: str
    user: str
    name: str
    display: str = ""

    @cached_property
    def prefix(self) -> re.Pattern[str]:
        """How words for the bot begin where nothing else says that they are for it."""
        return re.compile(
            rf"\s*(?:(?:{self._sure})(?=\s|$)|(?:{self._names})\s?[:,])\s*", re.IGNORECASE
        )

    @cached_property
    def mention(self) -> re.Pattern[str]:
        """How they begin where the platform says so."""
        names = self._names
        return re.compile(
            rf"\s*(?:(?:{self._sure}|{names})(?=\s|$)|(?:{names})\s?[:,])\s*", re.IGNORECASE
        )

    @property
    def _sure(self) -> str:
        return rf"{re.escape(self.user)}[:,]?|[@!](?:{self._names})(?:[:,](?=\s|$)|,)?"

    @property
    def _names(self) -> str:
        return "|".join(re.escape(name) for name in (self.display, self.name) if name)

    def named(self, text: str) -> bool:
        """Whether the text names the bot anywhere."""
        low = text.casefold()
        names = (self.user, self.name, self.display)
        return any(name.casefold() in low for name in names if name)


def content(event: Json) -> Json:
    """The event's content, or nothing."""
    return _mapping(event, "content")


def text_of(value: object) -> str:
    """A string, or nothing."""
    return value if isinstance(value, str) else ""


def event_id(value: object) -> str:
    """The id of an event, or nothing."""
    return value if isinstance(value, str) and _EVENT.fullmatch(value) else ""


def replied_to(event: Json) -> str:
    """The message this one answers outside of any thread; empty when there is none."""
    relation = _mapping(content(event), "m.relates_to")
    if relation.get("rel_type") is not None:
        return ""
    return event_id(_mapping(relation, "m.in_reply_to").get("event_id"))


def redacted(event: Json) -> str:
    """The event that an `m.room.redaction` empties; empty where it does not say which.

    Its place depends on the version of the room, and the server copies it to the other one. Up to version 10 the one in
    the content is the sender's free text: where the two differ, nobody knows what was emptied."""
    told = [place["redacts"] for place in (event, content(event)) if "redacts" in place]
    return event_id(told[0]) if told and told[0] == told[-1] else ""


def emptied(event: Json) -> bool:
    """Whether the server shows an event as redacted."""
    unsigned = _mapping(event, "unsigned")
    return bool(unsigned.get("redacted_because")) or event.get("content") == {}


def thread_of(event: Json) -> str:
    """The root of the thread an event is in; empty when it is in none."""
    relation = _mapping(content(event), "m.relates_to")
    return event_id(relation.get("event_id")) if relation.get("rel_type") == "m.thread" else ""


def message(event: Json, room: str, bot: Bot, *, direct: bool, thread: str = "") -> Message | None:
    """The Message in an `m.room.message`, or None: the bot's own, a notice, an edit, a redacted one.

    `direct` says that nobody else is in the room; `thread` is where a reply outside of threads belongs."""
    body, sender, id = _spoken(event), text_of(event.get("sender")), text_of(event.get("event_id"))
    if body is None or not id or sender in {"", bot.user}:
        return None
    root = thread_of(event) or thread
    body = _without_quote(body, event)
    text, addressed = _address(body, event, bot)
    return Message(
        id=id,
        conversation=Conversation(bot.instance, room, root or id),
        account=Account(bot.instance, sender),
        text=text,
        at=at(event),
        addressed=addressed or (direct and not root),
        fresh_thread=not root,
        files=(file,) if (file := files.found(content(event))) else (),
    )


def _spoken(event: Json) -> str | None:
    said = content(event)
    edit = _mapping(said, "m.relates_to").get("rel_type") == "m.replace"
    body = said.get("body")
    if edit or not isinstance(body, str):
        return None
    if files.found(said) is not None:
        return files.caption(said)
    return body if said.get("msgtype") == "m.text" else None


def _without_quote(body: str, event: Json) -> str:
    """The words without the quotation that older clients put before a reply."""
    quoted = body.startswith(("> <", "> * <"))
    if not quoted or "m.in_reply_to" not in _mapping(content(event), "m.relates_to"):
        return body
    lines = body.split("\n")
    while lines and lines[0].startswith("> "):
        lines.pop(0)
    return "\n".join(lines).removeprefix("\n")


def _address(body: str, event: Json, bot: Bot) -> tuple[str, bool]:
    """The text without the bot's name before it, and whether the bot is meant.

    A client that answers one of the bot's messages mentions it by itself; only a name in the words counts then."""
    users = _mapping(content(event), "m.mentions").get("user_ids")
    mentioned = isinstance(users, list) and bot.user in users
    if mentioned and _is_reply(event) and not bot.named(body):
        mentioned = False
    found = (bot.mention if mentioned else bot.prefix).match(body)
    return (body[found.end() :] if found else body).strip(), mentioned or found is not None


def _is_reply(event: Json) -> bool:
    relation = _mapping(content(event), "m.relates_to")
    return "m.in_reply_to" in relation and relation.get("is_falling_back") is not True


class Put(Struct, frozen=True):
    """A reaction as it was put: who, on what, which."""

    account: Account
    message: str
    emoji: str


class Reactions:
    """What reactions are there, by room and event id: a redaction names nothing but the event that it empties, and
    reaches only its own room.

    What a batch takes off is forgotten with `keep`; until then it may be heard again."""

    def __init__(self) -> None:
        self._put: OrderedDict[Place, Put] = OrderedDict()
        self._gone: OrderedDict[Place, None] = OrderedDict()
        self._taken: dict[Place, None] = {}

    def begin(self) -> None:
        """A batch begins; one before it that was never handed over is heard again."""
        self._taken.clear()

    def keep(self) -> None:
        """The batch was handed over."""
        for place in self._taken:
            self._put.pop(place, None)
            _remember(self._gone, place, None)
        self._taken.clear()

    def add(self, event: Json, room: str, bot: Bot) -> Reaction | None:
        """The Reaction in an `m.reaction`, or None: the bot's own, redacted, malformed, or taken off already."""
        relation = _mapping(content(event), "m.relates_to")
        target, emoji = text_of(relation.get("event_id")), plain(text_of(relation.get("key")))
        id, sender = text_of(event.get("event_id")), text_of(event.get("sender"))
        if relation.get("rel_type") != "m.annotation" or not (target and emoji and id and sender):
            return None
        if sender == bot.user or (room, id) in self._gone or (room, id) in self._taken:
            return None
        put = Put(Account(bot.instance, sender), target, emoji)
        _remember(self._put, (room, id), put)
        return Reaction(id, put.account, target, emoji, added=True, at=at(event))

    def remove(self, event: Json, room: str) -> Reaction | None:
        """The Reaction taken off by an `m.room.redaction`, or None when it took something else."""
        place = room, redacted(event)
        id = text_of(event.get("event_id"))
        if not (place[1] and id) or place in self._taken:
            return None
        self._taken[place] = None
        put = self._put.get(place)
        if put is None:
            return None
        return Reaction(id, put.account, put.message, put.emoji, added=False, at=at(event))


def _remember(memory: OrderedDict[Place, Value], key: Place, value: Value) -> None:
    memory[key] = value
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)


def plain(emoji: str) -> str:
    """An emoji without the selector that some clients add and others do not, and without a colour of skin."""
    return emoji.translate(_DRESS)


def since_invited(events: list[dict[str, Any]], user: str) -> list[dict[str, Any]]:
    """The events from the last invitation of `user` on, where it was followed by a join: what was said before is not
    for a newcomer. All of them when there was no such join."""
    start, invited = 0, None
    for index, event in enumerate(events):
        if event.get("type") != "m.room.member" or event.get("state_key") != user:
            continue
        before = _mapping(_mapping(event, "unsigned"), "prev_content").get("membership")
        match content(event).get("membership"):
            case "invite":
                invited = index
            case "join" if before != "join":
                start = index if invited is None else invited
            case "leave" | "ban":
                invited = None
            case _:
                pass
    return events[start:]


def at(event: Json) -> datetime:
    """When the sender's server says it was; the epoch where that makes no sense."""
    stamp = event.get("origin_server_ts")
    valid = isinstance(stamp, int) and 0 <= stamp < 253_402_300_800_000  # the year 10000
    return datetime.fromtimestamp(stamp / 1000 if valid and isinstance(stamp, int) else 0, UTC)


def _mapping(parent: Json, key: str) -> Json:
    value = parent.get(key)
    return value if isinstance(value, dict) else _NOTHING
