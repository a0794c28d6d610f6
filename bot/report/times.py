"""Times and durations for people. Used by every module of `bot.report`."""

from datetime import UTC, datetime, timedelta


def clock(at: datetime, now: datetime) -> str:
    """`14:02 UTC`, with the date in front of it on any other day than `now`'s."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    day = "" if at.date() == now.date() else f"{at:%Y-%m-%d} "
    return f"{day}{at:%H:%M} UTC"


def duration(passed: timedelta) -> str:
    """`0.4 s`, `6 s`, `2 min 5 s`, `1 h 3 min`; a clock set back makes no negative time."""
    seconds = max(0.0, passed.total_seconds())
    if seconds < 1:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def iso(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, for machines."""
    return at.astimezone(UTC).isoformat() if at else None
