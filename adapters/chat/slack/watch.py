"""The reactions on open cards: what was heard of them, and how that differs from what is there. Used by `adapter`.

Reactions are state: Slack repeats an event three times within minutes and then drops it, so after a break they are read.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterable

from msgspec.structs import replace

from adapters.chat.slack import emoji
from adapters.chat.slack.delivery import reactions
from adapters.chat.slack.translate import Bot, is_stamp, parts
from adapters.chat.slack.web import Web
from bot.model.errors import LoginError, PermanentError
from bot.model.events import Event, Reaction
from bot.model.people import Account, Conversation
from bot.model.ports import Clock, Shown

REMEMBERED = 500
Pair = tuple[Account, str]
log = logging.getLogger(__name__)


class Watch:
    """Open cards of one login."""

    def __init__(self, web: Web, clock: Clock) -> None:
        self._web = web
        self._clock = clock
        self._open: OrderedDict[str, tuple[Conversation, set[Pair]]] = OrderedDict()

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """The threads of open cards."""
        return tuple(conversation for conversation, _ in self._open.values())

    def opened(self, message: str, conversation: Conversation, known: Iterable[Pair] = ()) -> None:
        """Something to react to is shown; the second time it stays as it is. Outside of every thread it is the root of
        its own."""
        if not is_stamp(conversation.thread):
            conversation = replace(conversation, thread=parts(message)[1])
        self._open.setdefault(message, (conversation, set(known)))
        if len(self._open) > REMEMBERED:
            self._open.popitem(last=False)

    def closed(self, message: str) -> None:
        """Nothing more is expected there."""
        self._open.pop(message, None)

    def heard(self, event: Event) -> None:
        """Note a reaction that came by itself."""
        if isinstance(event, Reaction) and event.message in self._open:
            _, known = self._open[event.message]
            pair = (event.account, event.emoji)
            known.add(pair) if event.added else known.discard(pair)

    async def differences(self, bot: Bot) -> list[Event]:
        """As events: what is there and was not heard, and what was heard and is gone. Raises TemporaryError, and
        PermanentError when nothing can be read any more; one message that cannot be read is passed over."""
        shown = [
            Shown(each, place, frozenset(known)) for each, (place, known) in self._open.items()
        ]
        events: list[Event] = []
        for each in shown:
            events += await self.compare(each, bot)
        for event in events:
            self.heard(event)
        return events

    async def compare(self, shown: Shown, bot: Bot) -> list[Reaction]:
        """The differences of one message. Raises as `differences`."""
        try:
            found = await reactions(self._web, shown.message)
        except LoginError:
            raise
        except PermanentError as error:
            log.warning("reactions on %s cannot be read: %s", shown.message, error)
            return []
        there = {
            (Account(bot.instance, user), mark)
            for name, users in found.items()
            for user in users
            if (mark := emoji.character(name, bot.custom)) and user != bot.user
        }
        gone = {pair for pair in shown.known if pair[0].user != bot.user} - there
        return [
            self._event(shown, pair, added=True) for pair in sorted(there - shown.known, key=str)
        ] + [self._event(shown, pair, added=False) for pair in sorted(gone, key=str)]

    def _event(self, shown: Shown, pair: Pair, *, added: bool) -> Reaction:
        """Of this moment: the same reaction may be put and taken off more than once while nobody looks."""
        account, mark = pair
        now = self._clock.now()
        way = "found" if added else "missed"
        id = f"{shown.message}:{account.user}:{mark}:{way}:{now.timestamp():.6f}"
        return Reaction(id, account, shown.message, mark, added=added, at=now)
