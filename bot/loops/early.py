"""What comes before its card's reference is noted: a vote or an answer that is faster than our own bookkeeping.

Asked by `bot.loops.dispatch`, which looks again whenever references were noted.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from bot.cases import card
from bot.model.events import Event, Message
from bot.store import outbox
from bot.store.inbox import Received


class Early:
    """What waits until it is known what it is about. It stays in the inbox meanwhile. `serves` says whether a chat instance is one
    of this process."""

    def __init__(self, serves: Callable[[str], bool]) -> None:
        self._serves = serves
        self._waiting: list[Received] = []
        self._places: dict[int, str] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, received: Received) -> None:
        """It came too early, or behind one that did."""
        self._places[received.id] = about(received.event)
        self._waiting.append(received)

    def over(self, received: Received) -> None:
        """It has come to something."""
        self._places.pop(received.id, None)

    def before(self, received: Received) -> bool:
        """Whether an earlier one about the same message waits: votes on a card count in their order."""
        message = about(received.event)
        return any(id < received.id and other == message for id, other in self._places.items())

    def holds(self, event: Event) -> bool:
        """As `before`, for what was not stored yet."""
        return bool(self._places) and about(event) in self._places.values()

    def is_none(self, event: Event) -> bool:
        """Whether it is about no post, or about one of a chat that is not served here."""
        told = isinstance(event, Message) and (event.addressed or event.fresh_thread)
        return told or not self._serves(event.account.instance)

    def ready(self, connection: Connection) -> list[Received]:
        """Those that wait for no reference any more, nor behind one that does: in one look, and not each in its lane."""
        found: list[Received] = []
        places: set[str] = set()
        for each in sorted(self._waiting, key=lambda received: received.id):
            place = about(each.event)
            comes = not self.is_none(each.event) and unposted(connection, each.event)
            if comes or place in places:
                places.add(place)
            else:
                found.append(each)
        return found

    def leave(self, ready: list[Received]) -> None:
        """These are handled now. Whether they have come to something is seen then."""
        gone = {each.id for each in ready}
        self._waiting = [each for each in self._waiting if each.id not in gone]


def about(event: Event) -> str:
    """The message that a reaction or a click is on, or the thread that words are in: what is to be kept in order."""
    if isinstance(event, Message):
        where = event.conversation
        return f"{where.instance}\n{where.room}\n{where.thread}"
    return f"{event.account.instance}\n{event.message}"


def unposted(connection: Connection, event: Event) -> bool:
    """Whether it may be about a post that is on its way out: a mark on a message that nobody knows, or words in a thread
    that hangs on none that is known."""
    instance = event.account.instance
    if isinstance(event, Message):
        where = event.conversation
        return outbox.opening(connection, instance) and not card.talked_about(connection, where)
    if outbox.by_reference(connection, instance, event.message):
        return False
    return outbox.coming(connection, instance)
