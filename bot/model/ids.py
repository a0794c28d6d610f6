"""Identifiers. Every stored thing is named by a UUIDv7 (RFC 9562), so that names sort by time of birth."""

import os
from datetime import datetime

SHORT = 4


def new_id(at: datetime) -> str:
    """A fresh UUIDv7 as 32 hexadecimal digits: 48 bits of milliseconds, then 74 random ones."""
    milliseconds = int(at.timestamp() * 1000) & (2**48 - 1)
    noise = int.from_bytes(os.urandom(10), "big")
    high = (milliseconds << 16) | 0x7000 | (noise >> 68)
    low = (0b10 << 62) | (noise & (2**62 - 1))
    return f"{high:016x}{low:016x}"


def short(identifier: str) -> str:
    """The last digits of an id, for people to read and type. Never an authority: look it up among what is open."""
    return identifier[-SHORT:]
