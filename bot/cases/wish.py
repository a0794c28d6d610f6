"""Whose words lead to a plan, question or refusal. Made by the request, question and reply cases; read by those that carry it out."""

from collections.abc import Iterable

from msgspec import Struct

from bot.model.events import Event
from bot.model.people import Conversation


def spoken_last(requesters: Iterable[str], person: str) -> tuple[str, ...]:
    """Everybody who had a say, whoever spoke last at the end: theirs are the words, and the cost."""
    return (*(each for each in requesters if each != person), person)


class Talk(Struct, frozen=True):
    """Where something is thought about, for whom, and the words that were said last. `event` is the one that an answer in words is
    posted for, where that may begin before it is whole."""

    conversation: Conversation
    requesters: tuple[str, ...]
    said: str
    event: Event | None = None


class Wish(Struct, frozen=True):
    """The event to answer, the request in its own words, everyone who had a say in it, and whether any of them were spoken.
    `last` is what was said last, where that is not the request itself."""

    event: Event
    conversation: Conversation
    request: str
    requesters: tuple[str, ...]
    spoken: bool = False
    last: str = ""

    @property
    def talk(self) -> Talk:
        """The part of it that matters for thinking."""
        answered = self.event if self.event.conversation is not None else None
        return Talk(self.conversation, self.requesters, self.last or self.request, answered)
