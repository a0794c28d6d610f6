"""What was being thought about when the process died. `bot.loops.dispatch` notes it and asks; one file beside the database.

An event that is answered at once is stored together with its answer. One that ends the process each time would so come
back from its platform for ever, uncounted; named here, it is stored and counted before it is handled again. The
note survives the process, not the machine: it needs no fsync, because thoughts do not end machines.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from bot.model.events import Event

FILE = "handling.json"


class Suspects:
    """`data` is the folder that this process owns."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE
        self._left = self._read()
        self._handle = -1

    def among(self, instance: str, event: Event) -> bool:
        """Whether the process before died over this event, or over another of the same turn."""
        return bool(self._left) and _name(instance, event) in self._left

    def note(self, instance: str, events: Iterable[Event]) -> bool:
        """These are thought about next, and nothing else. False when that could not be noted: then store them first."""
        line = json.dumps([_name(instance, event) for event in events]) + "\n"
        try:
            if self._handle < 0:
                self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            data = line.encode()
            return os.pwrite(self._handle, data, 0) == len(data)
        except OSError:
            return False  # a full or read-only disk: the store says so in its own words

    def close(self) -> None:
        """Nothing is thought about any more."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
            self._path.unlink(missing_ok=True)

    def _read(self) -> frozenset[str]:
        """The first line; what stands behind it is the end of an older, longer one."""
        try:
            names = json.loads(self._path.read_bytes().partition(b"\n")[0])
        except (OSError, ValueError):
            return frozenset()
        return frozenset(names) if isinstance(names, list) else frozenset()


def _name(instance: str, event: Event) -> str:
    return f"{instance}/{event.kind}/{event.account.tenant}/{event.id}"
