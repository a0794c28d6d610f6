"""Rooms that the configuration names as `INSTANCE:ROOM`. Called by `bot.config`."""

import difflib
from collections.abc import Collection

from bot.model.errors import ConfigurationError
from bot.model.people import Conversation


def place(text: str, chats: Collection[str], setting: str) -> Conversation:
    """`slack:C0APPROVALS`: the room itself, outside of every thread; all behind the first colon is the platform's own id.
    `chats` are the configured instances, `setting` the key for the sentence. Raises ConfigurationError."""
    instance, _, room = (part.strip() for part in text.partition(":"))
    if not instance or not room:
        raise ConfigurationError(
            f"{setting}: {text!r} names no room.",
            'Write INSTANCE:ROOM, such as "slack:C0APPROVALS" or "matrix:!abc:example.org".',
        )
    if instance not in chats:
        near = difflib.get_close_matches(instance, chats, 1, 0.5)
        there = ", ".join(sorted(chats)) or "none"
        mend = f"Did you mean {near[0]!r}?" if near else f"Configured: {there}."
        raise ConfigurationError(f"{setting}: there is no [chat.{instance}].", mend)
    return Conversation(instance, room, "")


def places(
    texts: Collection[str], chats: Collection[str], setting: str
) -> tuple[Conversation, ...]:
    """`place` for many, each once, in their order. Raises ConfigurationError."""
    return tuple(dict.fromkeys(place(text, chats, setting) for text in texts))
