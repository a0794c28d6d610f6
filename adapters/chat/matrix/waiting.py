"""Messages whose key has not come yet, kept in a file: a key may follow its message, even past a restart.

Used by `encryption`.
"""

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from adapters.chat.matrix.socket import Json, kept, write

MOST = 1_000
"""So many are kept, the newest: nobody can fill the disk with what cannot be read."""


class Held(Struct, frozen=True):
    """One encrypted event, where it was said, and since when it waits."""

    event: Json
    room: str
    since: datetime


class Waiting:
    """The messages that wait, by event id, oldest first."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._held: dict[str, Held] | None = None
        self._changed = False

    def all(self) -> list[Held]:
        return list(self._load().values())

    def add(self, event: Json, room: str, now: datetime) -> None:
        """Keep an event, from the next `save` on."""
        held = self._load()
        id = str(event.get("event_id"))
        if id not in held:
            held[id] = Held(event, room, now)
            self._changed = True
        if len(held) > MOST:
            del held[next(iter(held))]

    def drop(self, held: Held) -> None:
        """Forget one, from the next `save` on."""
        self._load().pop(str(held.event.get("event_id")), None)
        self._changed = True

    def save(self) -> None:
        """Write down what has changed."""
        if self._changed:
            rows = [
                {"event": each.event, "room": each.room, "since": each.since.isoformat()}
                for each in self.all()
            ]
            write(self._file, {"waiting": rows})
            self._changed = False

    def _load(self) -> dict[str, Held]:
        if self._held is None:
            rows = kept(self._file, lambda: {"waiting": []}).get("waiting", [])
            self._held = {
                str(row["event"].get("event_id")): Held(
                    row["event"], row["room"], datetime.fromisoformat(row["since"])
                )
                for row in rows
            }
        return self._held
