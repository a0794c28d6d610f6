"""Discord's payloads in, our events out. Called by `adapter`, `answers` and `history` with raw JSON; pure.

Everything in a payload comes from outside: any field may be missing or of another type, and nothing here raises for it.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from msgspec import Struct, field

from adapters.chat.discord.places import Place
from bot.model.events import Click, File, Message, Reaction
from bot.model.people import Account, Conversation

Json = Mapping[str, Any]

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""Where the time in an id begins."""

SPOKEN = (0, 19)
"""Types of messages that people write: a plain one and a reply."""

VOICE = 1 << 13
"""The flag of a message that is a voice note."""

_DROPPED = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_ID = re.compile(r"[0-9]{1,20}")
_NOTHING: Json = {}


class Bot(Struct, frozen=True):
    """Who the bot is: its user id, its configured name, and what custom emoji stand for."""

    instance: str
    user: str
    name: str
    emoji: Mapping[str, str] = field(default_factory=dict)

    def account(self, user: Json) -> Account:
        """The account of a user object."""
        return Account(self.instance, text_of(user.get("id")))

    def place(self, place: Place, root: str) -> Conversation:
        """The conversation in a place: its thread, else the one that `root` opens."""
        return Conversation(self.instance, place.room, place.thread or root)


def message(
    data: Json, place: Place, bot: Bot, roles: frozenset[str] = frozenset()
) -> Message | None:
    """The Message in a message object, or None: the bot's own, a bot's, a webhook's, no words, or none for the bot.

    `roles` are the bot's own roles in the guild: some people mention the role instead of the user."""
    author, id = _mapping(data, "author"), snowflake(data.get("id"))
    if not id or data.get("type", 0) not in SPOKEN or not _human(data, author, bot):
        return None
    text, addressed = _address(text_of(data.get("content")), bot, roles)
    root = "" if place.thread else answered(data, bot)
    fresh = not (place.thread or root)
    addressed = addressed or (place.direct and fresh)
    if not addressed and (fresh or not (place.joined or root)):
        return None
    files = tuple(_files(data, place, id))
    if not text and not files and not (addressed and data.get("content")):
        return None
    where = bot.place(place, root or id)
    return Message(id, where, bot.account(author), text, at(id), addressed, fresh, files=files)


def _files(data: Json, place: Place, message: str) -> Iterator[File]:
    """What came with it, each with an id that `files` can find it by."""
    flags, found = data.get("flags"), data.get("attachments")
    voice = isinstance(flags, int) and bool(flags & VOICE)
    for each in found if isinstance(found, list) else []:
        if not isinstance(each, dict) or not (id := snowflake(each.get("id"))):
            continue
        yield File(
            f"{place.channel}/{message}/{id}",
            text_of(each.get("filename")) or "file",
            text_of(each.get("content_type")).partition(";")[0] or "application/octet-stream",
            _number(each.get("size")),
            voice,
            _seconds(each.get("duration_secs")),
        )


def _number(value: object) -> int | None:
    good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if good and isinstance(value, int) else None


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e9 else None


def _human(data: Json, author: Json, bot: Bot) -> bool:
    user = snowflake(author.get("id"))
    machine = author.get("bot") or author.get("system") or data.get("webhook_id")
    return bool(user) and user != bot.user and not machine


def answered(data: Json, bot: Bot) -> str:
    """The root of what a reply outside of threads answers: a message of the bot's, or "" for anybody else's."""
    other = _mapping(data, "referenced_message")
    if snowflake(_mapping(other, "author").get("id")) != bot.user or not bot.user:
        return ""
    return root_of(other)


def root_of(data: Json) -> str:
    """The message that the bot's own message, outside of threads, hangs on: what it answers, else itself."""
    return snowflake(_mapping(data, "message_reference").get("message_id")) or snowflake(
        data.get("id")
    )


def _address(text: str, bot: Bot, roles: frozenset[str]) -> tuple[str, bool]:
    """The text without the bot's name before it, and whether the bot is meant."""
    tokens, prefix = _names(bot.user, bot.name, roles)
    found = prefix.match(text)
    rest = text[found.end() :] if found else text
    return rest.strip(), found is not None or any(token in text for token in tokens)


@lru_cache(256)
def _names(user: str, name: str, roles: frozenset[str]) -> tuple[list[str], re.Pattern[str]]:
    """How the bot is mentioned anywhere, and called before what it is told."""
    tokens = [f"<@{user}>", f"<@!{user}>", *(f"<@&{role}>" for role in sorted(roles))]
    sure, called = "|".join(re.escape(token) for token in tokens), re.escape(name)
    prefix = rf"\s*(?:(?:{sure})[:,]?|[@!]{called}[:,]?(?=\s|$)|{called}\s?[:,])\s*"
    return tokens, re.compile(prefix, re.IGNORECASE)


def reaction(
    data: Json, bot: Bot, now: datetime, *, added: bool, mark: str, place: Place | None
) -> Reaction | None:
    """The Reaction in a payload, or None: the bot's own, another bot's, on somebody else's message, or without meaning.

    A payload carries no id: `mark`, the place in the gateway's session, is its name, which a redelivery repeats and a
    second ✅ after a withdrawal does not."""
    user, target = snowflake(data.get("user_id")), snowflake(data.get("message_id"))
    emoji = emoji_of(_mapping(data, "emoji"), bot)
    writer = snowflake(data.get("message_author_id"))
    if not (user and target and emoji) or user == bot.user or writer not in {"", bot.user}:
        return None
    if _mapping(_mapping(data, "member"), "user").get("bot"):
        return None
    where = Conversation(bot.instance, place.room, place.thread) if place and place.thread else None
    id = f"{mark or now.isoformat()}:{target}:{user}:{emoji}:{'+' if added else '-'}"
    return Reaction(id, Account(bot.instance, user), target, emoji, added, now, where)


def emoji_of(emoji: Json, bot: Bot) -> str:
    """An emoji without variation selectors and skin tones; a custom one as what it stands for, else ""."""
    name = text_of(emoji.get("name"))
    return bot.emoji.get(name, "") if emoji.get("id") else plain(name)


def plain(emoji: str) -> str:
    """An emoji without what some clients add and others do not."""
    return _DROPPED.sub("", emoji)


def click(data: Json, place: Place, bot: Bot, action: str) -> Click | None:
    """The Click in a button's interaction."""
    id, card = snowflake(data.get("id")), _mapping(data, "message")
    target, user = snowflake(card.get("id")), author(data)
    if not (id and target and snowflake(user.get("id"))):
        return None
    where = bot.place(place, root_of(card))
    return Click(id, bot.account(user), target, action, at(id), where)


def author(data: Json) -> Json:
    """Who made an interaction."""
    return _mapping(_mapping(data, "member"), "user") or _mapping(data, "user")


def at(id: str) -> datetime:
    """When Discord made what has this id."""
    milliseconds = int(id) >> 22 if _ID.fullmatch(id) else 0
    return EPOCH + timedelta(milliseconds=min(milliseconds, 2**42))


def snowflake(value: object) -> str:
    """An id, or nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def text_of(value: object) -> str:
    """A string, or nothing."""
    return value if isinstance(value, str) else ""


def _mapping(parent: Json, key: str) -> Json:
    value = parent.get(key)
    return value if isinstance(value, dict) else _NOTHING
