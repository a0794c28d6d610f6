"""What the operators are told: who missed what, which chat takes nothing, and that it is back. Called by
`bot.cases.undelivered` and `bot.loops.trouble`."""

from datetime import timedelta

from bot.model.ids import short
from bot.model.people import Conversation
from bot.model.reports import Paragraph, Report
from bot.report.safe import line, plain, span
from bot.report.times import duration


def missed(what: str, place: Conversation, why: str) -> Report:
    """A message that one room never gets; `why` ends with the mend."""
    return _notice(f"{span(place.instance)} {span(place.room)} missed {line(what)}. {why}")


def away(instance: str, why: str, time: timedelta, count: int) -> Report:
    """A chat that has taken nothing for `time`."""
    waits = f"{count} messages wait" if count != 1 else "1 message waits"
    words = f"{span(instance)} has taken nothing for {duration(time)}; {waits} and will be tried again. {why}"
    return _notice(words)


def down(instance: str, why: str, mend: str = "Then start the bot again.") -> Report:
    """A chat that has ended for good."""
    return _notice(f"{span(instance)} is no longer connected. {why} {mend}")


def back(instance: str, time: timedelta) -> Report:
    """A chat that takes messages again after `time`."""
    return _notice(f"{span(instance)} takes messages again, after {duration(time)}.", red=False)


def unseen(plan: str, why: str) -> Report:
    """For the requester alone: a plan ended because nobody could have seen it."""
    words = f"Plan {short(plan)} is ended: its card could be shown nowhere. {why} Then ask again."
    return _notice(words)


def _notice(words: str, *, red: bool = True) -> Report:
    return Report("error", (Paragraph(plain(words)),), "red" if red else "green")
