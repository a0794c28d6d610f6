"""Matrix events in, our events out. Called by `adapter` with raw JSON; pure but for `Reactions`, which remembers.

Everything in an event comes from outside: any field may be missing or of another type, and nothing here raises for it.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from adapters.chat.matrix import files
from bot.model.events import Message, Reaction
from bot.model.people import Account, Conversation

Json = Mapping[str, Any]
Value = TypeVar("Value")

REMEMBERED = 20_000
"""How many reactions are remembered, so that the removal of one can be told from its event id alone."""

_DRESS = dict.fromkeys([0xFE0F, *range(0x1F3FB, 0x1F400)])
"""The selector of a colourful picture, and the five colours of skin."""
_NOTHING: Json = {}


@dataclass(frozen=True, slots=True)
class Bot:
    """Who the bot is on this instance: its Matrix id, its configured name and its display name."""

    instance: str
    user: str
    name: str
    display: str = ""
    prefix: re.Pattern[str] = field(init=False)
    mention: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        names = "|".join(re.escape(name) for name in (self.display, self.name) if name)
        sure = rf"{re.escape(self.user)}[:,]?|[@!](?:{names})(?:[:,](?=\s|$)|,)?"
        prefix = rf"\s*(?:(?:{sure})(?=\s|$)|(?:{names})\s?[:,])\s*"
        mention = rf"\s*(?:(?:{sure}|{names})(?=\s|$)|(?:{names})\s?[:,])\s*"
        object.__setattr__(self, "prefix", re.compile(prefix, re.IGNORECASE))
        object.__setattr__(self, "mention", re.compile(mention, re.IGNORECASE))

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


def replied_to(event: Json) -> str:
    """The message this one answers outside of any thread; empty when there is none."""
    relation = _mapping(content(event), "m.relates_to")
    if relation.get("rel_type") is not None:
        return ""
    return text_of(_mapping(relation, "m.in_reply_to").get("event_id"))


def redacted(event: Json) -> str:
    """The event that an `m.room.redaction` empties; its place depends on the version of the room."""
    return text_of(content(event).get("redacts")) or text_of(event.get("redacts"))


def thread_of(event: Json) -> str:
    """The root of the thread an event is in; empty when it is in none."""
    relation = _mapping(content(event), "m.relates_to")
    return text_of(relation.get("event_id")) if relation.get("rel_type") == "m.thread" else ""


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


@dataclass(frozen=True, slots=True)
class Put:
    """A reaction as it was put: who, on what, which."""

    account: Account
    message: str
    emoji: str


class Reactions:
    """What reactions are there, by event id: a redaction names nothing but the event that it empties."""

    def __init__(self) -> None:
        self._put: OrderedDict[str, Put] = OrderedDict()
        self._gone: OrderedDict[str, None] = OrderedDict()

    def add(self, event: Json, bot: Bot) -> Reaction | None:
        """The Reaction in an `m.reaction`, or None: the bot's own, redacted, malformed, or taken off already."""
        relation = _mapping(content(event), "m.relates_to")
        target, emoji = text_of(relation.get("event_id")), plain(text_of(relation.get("key")))
        id, sender = text_of(event.get("event_id")), text_of(event.get("sender"))
        if relation.get("rel_type") != "m.annotation" or not (target and emoji and id and sender):
            return None
        if sender == bot.user or id in self._gone:
            return None
        put = Put(Account(bot.instance, sender), target, emoji)
        _remember(self._put, id, put)
        return Reaction(id, put.account, target, emoji, added=True, at=at(event))

    def remove(self, event: Json) -> Reaction | None:
        """The Reaction taken off by an `m.room.redaction`, or None when it took something else."""
        target = redacted(event)
        id = text_of(event.get("event_id"))
        if not (target and id):
            return None
        _remember(self._gone, target, None)
        put = self._put.pop(target, None)
        if put is None:
            return None
        return Reaction(id, put.account, put.message, put.emoji, added=False, at=at(event))


def _remember(memory: OrderedDict[str, Value], key: str, value: Value) -> None:
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
        before = event.get("unsigned", {}).get("prev_content", {}).get("membership")
        match event.get("content", {}).get("membership"):
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
