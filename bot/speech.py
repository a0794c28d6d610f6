"""What the house knows of listening: the service, its limits, and whose turn it is. Made by `bot.app`, read by the voice case and
the loop that speaks results."""

import asyncio
import struct

from msgspec import Struct, field

from bot.model.ports import Speech

AT_ONCE = 2
"""Voice notes that are fetched and heard side by side: each may have tens of megabytes."""

_PAGE = struct.Struct("<4sBBqIIIB")
_OPUS_RATE = 48_000


class Ears(Struct, frozen=True):
    """A configured service. A longer note than `megabytes` or `seconds` is not listened to; `replies`: the result of a
    spoken request is spoken as well; whoever listens waits for one of the `turns`."""

    speech: Speech
    megabytes: int
    seconds: float
    replies: bool
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    @property
    def most(self) -> int:
        """The same in bytes."""
        return self.megabytes * 1_000_000


def length_of(sound: bytes) -> float | None:
    """Seconds of an Ogg Opus file, which is what voice notes are, by the position on its last page; None for anything else."""
    last = sound.rfind(b"OggS")
    if not sound.startswith(b"OggS") or b"OpusHead" not in sound[:128]:
        return None
    if last + _PAGE.size > len(sound):
        return None
    position: int = _PAGE.unpack_from(sound, last)[3]
    return position / _OPUS_RATE if position >= 0 else None
