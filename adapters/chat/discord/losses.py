"""What somebody took away: messages, threads, channels, servers. Filled by `deletions` from what is heard and by `reactions` from
what cannot be read; `adapter.listen` hands it over as `Batch.gone` and `Batch.closed`.
"""

import logging

from adapters.chat.discord.rest import UNKNOWN_CHANNEL, UNKNOWN_MESSAGE
from bot.model.errors import PermanentError
from bot.model.people import Conversation

REMOVED = "The bot was removed from that server. Invite it there again."
DELETED = "That channel was deleted."
_CLOSED = {"50001", "50013"}
GONE = {UNKNOWN_CHANNEL, UNKNOWN_MESSAGE}
log = logging.getLogger(__name__)


class Losses:
    """What is not handed over yet."""

    def __init__(self) -> None:
        self._gone: dict[str, None] = {}
        self._closed: dict[str, str] = {}

    def gone(self, *messages: str) -> None:
        """Messages that were deleted; whose they were, the store knows."""
        self._gone.update((each, None) for each in messages if each)

    def closed(self, rooms: list[str], why: str) -> None:
        """Rooms in which nothing can be written any more."""
        self._closed.update((each, why) for each in rooms if each)

    def unread(
        self, message: str, where: Conversation, error: PermanentError, *, shut: bool
    ) -> bool:
        """A card that could not be read: whether that means it is lost. `shut` says that its room is closed to the bot:
        a refusal alone does not, it may be an outage or the right to read the history."""
        if error.reason in GONE:
            self.gone(message)
            return True
        if shut and error.reason in _CLOSED:
            self.closed([where.room], str(error))
            return True
        log.warning("the card %s in %s cannot be read: %s", message, where.room, error)
        return False

    def take(self) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """All of it, as `Batch.gone` and `Batch.closed`; then nothing is left."""
        found = tuple(self._gone), tuple(self._closed.items())
        self._gone, self._closed = {}, {}
        return found
