"""Slack's payloads in, our events out. Called by `adapter` and `history` with raw JSON; pure.

Everything in a payload comes from outside: any field may be missing or of another type, and nothing here raises for it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from adapters.chat.slack import emoji, text
from bot.model.events import Click, Event, File, Message, Reaction
from bot.model.people import Account, Conversation

Json = Mapping[str, Any]

CHANGE = "parley.change"
"""The action of the button that opens a modal; its submission is a reply, so it is no control of ours."""

ASK = "parley.ask"
"""The modal behind a command without words; its submission is a request."""

INPUT, AGENT, CAPABILITY = "words", "agent", "capability"
"""Blocks and actions of the modals' fields."""

_LEFT = "I was removed from that channel. Invite me again: /invite @infra."
_ARCHIVED = "That channel was archived. Unarchive it, or ask in another one."
_DELETED = "That channel was deleted. Ask in another one."
CLOSED = {
    "channel_archive": _ARCHIVED,
    "group_archive": _ARCHIVED,
    "channel_deleted": _DELETED,
    "group_deleted": _DELETED,
    "channel_left": _LEFT,
    "group_left": _LEFT,
}
"""What became of a channel, by the type of the event that says so."""

SPOKEN = frozenset({"thread_broadcast", "file_share"})
"""Subtypes of messages in which a person says something. All others are notices, edits and bots."""

GONE = frozenset({"tombstone", "hidden_by_limit"})
"""Modes of files that nobody can read any more."""

_STAMP = re.compile(r"\d{1,12}\.\d{1,6}", re.ASCII)
_NOTHING: Json = {}


class Bot(Struct, frozen=True, dict=True):
    """Who the bot is on this instance: its user id, its configured name and its display name, and custom emoji."""

    instance: str
    user: str
    name: str
    display: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def mention(self) -> re.Pattern[str]:
        """The platform's own mark of the bot."""
        return re.compile(rf"\s*<@{re.escape(self.user)}(?:\|[^<>]*)?>[:,]?\s*")

    @cached_property
    def prefix(self) -> re.Pattern[str]:
        """How words begin that name the bot without that mark."""
        names = "|".join(re.escape(name) for name in (self.display, self.name) if name)
        prefix = rf"\s*(?:[@!](?:{names})(?:[:,]|(?=\s|$))|(?:{names})\s?[:,](?=\s|$))\s*"
        return re.compile(prefix, re.IGNORECASE)


def reference(channel: str, stamp: str) -> str:
    """What names a message: a `ts` alone is unique within its channel only."""
    return f"{channel}/{stamp}"


def parts(reference: str) -> tuple[str, str]:
    """Channel and ts of a reference."""
    channel, _, stamp = reference.partition("/")
    return channel, stamp


def is_stamp(value: object) -> bool:
    """Whether this is a message's `ts`."""
    return isinstance(value, str) and _STAMP.fullmatch(value) is not None


def event(payload: Json, bot: Bot) -> Event | None:
    """The Event in an Events API payload, or None."""
    inner = mapping(payload, "event")
    match inner.get("type"):
        case "message" | "app_mention":
            return message(inner, string(inner, "channel"), bot)
        case "reaction_added":
            return _reaction(inner, bot, added=True)
        case "reaction_removed":
            return _reaction(inner, bot, added=False)
        case _:
            return None


def message(raw: Json, channel: str, bot: Bot) -> Message | None:
    """The Message in a message event or a line of history, or None: the bot's own, another bot's, an edit, a notice."""
    user, stamp, said = string(raw, "user"), raw.get("ts"), raw.get("text")
    notice = raw.get("subtype") is not None and string(raw, "subtype") not in SPOKEN
    if raw.get("bot_id") or user in {"", bot.user} or notice:
        return None
    if not channel or not is_stamp(stamp) or not isinstance(said, str):
        return None
    root = raw.get("thread_ts")
    thread = str(root) if is_stamp(root) else str(stamp)
    opens = thread == stamp
    words, addressed = _address(said, bot)
    direct = channel.startswith("D") and opens
    return Message(
        id=reference(channel, str(stamp)),
        conversation=Conversation(bot.instance, channel, thread),
        account=Account(bot.instance, user),
        text=words,
        at=at(stamp),
        addressed=addressed or direct,
        fresh_thread=opens,
        files=tuple(_files(raw)),
    )


def _files(raw: Json) -> Iterator[File]:
    """What came with a message, but for what is deleted or hidden from us."""
    listed = raw.get("files")
    for each in listed if isinstance(listed, list) else ():
        if not isinstance(each, dict) or not string(each, "id") or string(each, "mode") in GONE:
            continue
        media = string(each, "mimetype") or "application/octet-stream"
        size, long = each.get("size"), each.get("duration_ms")
        yield File(
            id=string(each, "id"),
            name=string(each, "name") or string(each, "title") or string(each, "id"),
            media_type=media,
            size=size if isinstance(size, int) and not isinstance(size, bool) else None,
            voice=string(each, "subtype") == "slack_audio" or media.startswith("audio/"),
            seconds=long / 1000 if isinstance(long, int) and not isinstance(long, bool) else None,
        )


def _address(said: str, bot: Bot) -> tuple[str, bool]:
    """The text without the bot's name before it, and whether the bot is meant."""
    found = bot.mention.match(said)
    if found is not None:
        return text.read(said[found.end() :]).strip(), True
    mentioned = bot.mention.search(said) is not None
    words = text.read(said.replace(f"<@{bot.user}>", f"<@{bot.user}|{bot.name}>"))
    prefix = bot.prefix.match(words)
    return (words[prefix.end() :] if prefix else words).strip(), mentioned or prefix is not None


def _reaction(raw: Json, bot: Bot, *, added: bool) -> Reaction | None:
    item = mapping(raw, "item")
    user, channel, stamp = string(raw, "user"), string(item, "channel"), item.get("ts")
    mark = emoji.character(string(raw, "reaction"), bot.custom)
    if user in {"", bot.user} or not (mark and channel and is_stamp(stamp)):
        return None
    target, when = reference(channel, str(stamp)), raw.get("event_ts")
    way = "put" if added else "gone"
    id = f"{target}:{user}:{mark}:{way}:{when}"
    return Reaction(id, Account(bot.instance, user), target, mark, added=added, at=at(when))


def deleted(payload: Json, bot: Bot) -> str:
    """The reference of a message of the bot's that was deleted; empty for any other event."""
    inner = mapping(payload, "event")
    channel, stamp = string(inner, "channel"), inner.get("deleted_ts")
    theirs = string(mapping(inner, "previous_message"), "user") not in {"", bot.user}
    if theirs or not (channel and is_stamp(stamp)):
        return ""
    return reference(channel, str(stamp))


def closed_channel(payload: Json, bot: Bot) -> tuple[str, str]:
    """The channel that the bot can no longer write in, and why, as a sentence; empty for any other event."""
    inner = mapping(payload, "event")
    kind, channel = string(inner, "type"), string(inner, "channel")
    if kind == "member_left_channel" and inner.get("user") == bot.user:
        kind = "channel_left"
    return (channel, CLOSED[kind]) if channel and kind in CLOSED else ("", "")


def farewell(payload: Json) -> str:
    """The type of an event after which this login is no more; empty for any other."""
    inner = mapping(payload, "event")
    kind = string(inner, "type")
    ours = kind == "tokens_revoked" and bool(mapping(inner, "tokens").get("bot"))
    return kind if ours or kind == "app_uninstalled" else ""


def pressed(payload: Json) -> tuple[str, Json]:
    """The action id and the first action of a `block_actions` payload; empty where there is none."""
    actions = payload.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else _NOTHING
    first = first if isinstance(first, dict) else _NOTHING
    return string(first, "action_id"), first


def click(payload: Json, bot: Bot) -> Click | None:
    """The Click in a `block_actions` payload, or None."""
    action, raw = pressed(payload)
    container, shown = mapping(payload, "container"), mapping(payload, "message")
    channel = string(container, "channel_id") or string(mapping(payload, "channel"), "id")
    stamp, user = container.get("message_ts"), string(mapping(payload, "user"), "id")
    if not (action and user and channel and is_stamp(stamp)) or user == bot.user:
        return None
    thread = shown.get("thread_ts") if is_stamp(shown.get("thread_ts")) else stamp
    target, when = reference(channel, str(stamp)), raw.get("action_ts")
    return Click(
        id=f"{target}:{user}:{action}:{when}",
        account=Account(bot.instance, user),
        message=target,
        action=action,
        at=at(when),
        conversation=Conversation(bot.instance, channel, str(thread)),
    )


def submission(payload: Json, bot: Bot, now: datetime) -> Message | None:
    """The Message typed into the modal of `render.modal`, or None."""
    view = mapping(payload, "view")
    where = place(view)
    values = mapping(mapping(view, "state"), "values")
    said = mapping(mapping(values, INPUT), INPUT).get("value")
    user, id = string(mapping(payload, "user"), "id"), string(view, "id")
    channel, thread = string(where, "channel"), where.get("thread")
    if not isinstance(said, str) or not said.strip() or not (user and id and channel):
        return None
    if not is_stamp(thread) or string(view, "callback_id") != CHANGE:
        return None
    return Message(
        id=f"{channel}/view:{id}",
        conversation=Conversation(bot.instance, channel, str(thread)),
        account=Account(bot.instance, user),
        text=said.strip(),
        at=now,
        fresh_thread=False,
    )


def request(view: Json) -> str:
    """What was asked for in the modal behind a command, in the words of a mention; empty where nothing was."""
    values = mapping(mapping(view, "state"), "values")
    said = mapping(mapping(values, INPUT), INPUT).get("value")
    chosen, agent = _chosen(values, CAPABILITY), _chosen(values, AGENT)
    words = " ".join(
        part for part in (chosen, said.strip() if isinstance(said, str) else "") if part
    )
    if not words or not agent:
        return words
    asking = place(view).get("asking") is True and not chosen
    return f"ask {agent} {words}" if asking else f"{words} on {agent}"


def _chosen(values: Json, id: str) -> str:
    picked = mapping(mapping(mapping(values, id), id), "selected_option")
    return " ".join(string(picked, "value").split())


def place(view: Json) -> Json:
    """Where the words of a modal belong, as it was opened."""
    return _object(view.get("private_metadata"))


def at(stamp: object) -> datetime:
    """When Slack says it was; the epoch where that makes no sense."""
    try:
        seconds = float(stamp) if isinstance(stamp, str) else 0.0
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def mapping(parent: Json, key: str) -> Json:
    """An object under a key, or an empty one."""
    value = parent.get(key)
    return value if isinstance(value, dict) else _NOTHING


def string(parent: Json, key: str) -> str:
    """A string under a key, or an empty one."""
    value = parent.get(key)
    return value if isinstance(value, str) else ""


def _object(raw: object) -> Json:
    try:
        value = json.loads(raw) if isinstance(raw, str) else None
    except ValueError:
        return _NOTHING
    return value if isinstance(value, dict) else _NOTHING
