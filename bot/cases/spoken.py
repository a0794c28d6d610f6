"""What spoken words may not do: a voice is no proof of who speaks. Asked by the voice, request and reply cases."""

import re

from bot import words
from bot.cases import say
from bot.house import Effect, House
from bot.model.events import Message
from bot.report import refusal

REFUSAL = "Spoken words do not approve; type it or press ✅."
"""For votes and orders alike."""
NO_ANSWER = "Spoken words do not answer a question; type it or press its button."

_POLITE = re.compile(r"(?:(?:please|yes|okay|ok|now|then|hey)\b[\s,.!]*)+", re.IGNORECASE)
_PLEASE = re.compile(r"[\s,.!]*\bplease[\s.!]*$", re.IGNORECASE)
_EDGES = " \t\r\n.,;:!?\"'“”‘’«»…"


def is_order(text: str, name: str) -> bool:
    """Whether these words, typed, would vote, settle, stop or order something; `name` is the bot's. Words to look at something
    are no order."""
    return any(_orders(each) for each in _readings(text, name))


def _readings(text: str, name: str) -> tuple[str, ...]:
    """As said, and without the bot's name, courtesies and what a service puts around words."""
    called = re.compile(rf"[@!]?{re.escape(name)}(?![\w-])[\s,.:!]*", re.IGNORECASE)
    bare = text.strip(_EDGES)
    for pattern in (called, _POLITE, called):
        found = pattern.match(bare)
        bare = bare[found.end() :] if found else bare
    return text, bare.strip(_EDGES), _PLEASE.sub("", bare).strip(_EDGES)


def _orders(text: str) -> bool:
    read = (words.parse(text, addressed=addressed) for addressed in (False, True))
    return any(each is not None and not isinstance(each, words.Show) for each in read)


def refused(house: House, event: Message, why: str = REFUSAL) -> Effect:
    """It is said in the thread, and nothing else comes of it."""
    report = refusal.refusal(why)
    return lambda connection: say.reply(connection, event, report, house.clock.now())
