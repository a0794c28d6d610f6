"""Which events stand behind each other. Called by `bot.store.inbox`, which keeps it with the event, and by `bot.loops.hearing`."""

import re

from bot.model.events import CONTROLS, Click, Event, Message, Reaction

VOTES = "votes"
"""The lane of what must never wait behind other work."""
AGAIN = "again"
"""The lane of what asks for a plan once more by one press: that takes a Preview's time, and votes do not wait for it."""

_URGENT = re.compile(
    r"\s*(?:(?:approve|reject)\b|(?:stop(?:\s+(?:all|everything))?|(?:cancel|hold)(?:\s+\w+)?)\s*(?:$|[.!:,—–-]|because\b))",
    re.IGNORECASE,
)


def lane_of(event: Event) -> str:
    """Votes, clicks and the words of a vote, of `stop`, `cancel` and `hold` go in the lane of votes, the rest in its
    conversation's. `stop nginx` is a request like any other."""
    match event:
        case Reaction(emoji="🔁") | Click(action="retry"):
            return AGAIN
        case Click(action=action) if (
            action not in CONTROLS
        ):  # an answer, which may have to be thought about
            return f"{event.account.instance}\n{event.message}"
        case Message() if not _URGENT.match(event.text):
            where = event.conversation
            return f"{where.instance}\n{where.room}\n{where.thread}"
        case _:
            return VOTES
