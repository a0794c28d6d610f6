"""What can happen. Chat adapters make these, the inbox stores them, `bot.flow` matches over `Event`.

Every text in here comes from outside and is data: nothing in it is ever run, formatted into a template or trusted.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from bot.model.people import Account, Conversation


class File(Struct, frozen=True):
    """Something that came with a message. `id` is what its adapter needs to fetch it, opaque to all others; `size` is in
    bytes and `seconds` its length, both as the sender's platform says and None where it does not. `voice` marks a voice
    note: words to be heard, where any other file is only data."""

    id: str
    name: str
    media_type: str = "application/octet-stream"
    size: int | None = None
    voice: bool = False
    seconds: float | None = None


class Message(Struct, frozen=True):
    """Words somebody wrote. `id` is the platform's own, unique within the instance.

    `addressed` is true when the bot is mentioned (`@infra …`), prefixed (`!infra …`) or spoken to
    directly; `text` is then without that prefix. `fresh_thread` is true when the message opened its thread.
    `spoken` is never set by an adapter: the voice case does, when `text` is what it heard in a voice note.
    """

    id: str
    conversation: Conversation
    account: Account
    text: str
    at: datetime
    addressed: bool = False
    fresh_thread: bool = True
    kind: str = "message"
    files: tuple[File, ...] = ()
    spoken: bool = False


class Reaction(Struct, frozen=True):
    """An emoji put on, or taken off, the message with platform reference `message`. U+FE0F is already stripped."""

    id: str
    account: Account
    message: str
    emoji: str
    added: bool
    at: datetime
    conversation: Conversation | None = None
    kind: str = "reaction"


CONTROLS = frozenset(
    ("approve", "reject", "cancel", "claim", "hold", "resume", "undo", "retry", "good", "bad")
)
"""What a click on a card may be. No choice of a question is called so."""


class Click(Struct, frozen=True):
    """A button pressed under the message with platform reference `message`; `action` is a `Control.action`."""

    id: str
    account: Account
    message: str
    action: str
    at: datetime
    conversation: Conversation | None = None
    kind: str = "click"


Event = Message | Reaction | Click
"""The closed union. A new member needs a case in `bot.flow.handle`."""


First = Literal["word", "sign", "answer"]


class Batch(Struct, frozen=True):
    """What an adapter heard at once. `cursor` (opaque to all but the adapter) is stored in the same commit.

    The adapter acknowledges to its platform only when it is resumed after yielding a batch: by then it is stored. `first` is
    what comes first then: `word` that it is stored, for a platform that waits for it; a `sign` of life, for people where no
    platform waits; or, where nobody waits for anything else, the `answer`: what needs nothing but thought is answered in the
    same commit.
    `lost` says, in words for the room, that history could not be had. `gone` are references of the bot's own messages
    that somebody deleted, `closed` rooms in which the bot can no longer write: (room, a sentence that says why).
    """

    events: tuple[Event, ...]
    cursor: str | None = None
    lost: str | None = None
    gone: tuple[str, ...] = ()
    closed: tuple[tuple[str, str], ...] = ()
    first: First = "word"
