"""What differs from one session to the next, as something that does not: ids, times, ports, folders. Used by `record`; pure."""

import re
from pathlib import Path
from typing import Any

_SITES = "/srv/www"
_ID = "0199a3c5d4e87b20a1f2c3d4e5f67f3a"
_STAMP = "1795269720.000100"
_FIXED = {
    "nonce": "0" * 25,
    "key": f"card/{_ID}/1",
    "value": f"card/{_ID}/1",
    "ts": _STAMP,
    "thread_ts": _STAMP,
    "event_id": "$message",
}
"""By name: keys of a send, and references to messages."""


class Mask:
    """For one session: `folder` is where it happened, `port` where its sites were, `short` the id that people read."""

    def __init__(self, folder: Path, port: int, short: str) -> None:
        self._rules = [
            (re.escape(str(folder / "sites")), _SITES),
            (re.escape(str(folder)), "/srv"),
            (rf"(127\.0\.0\.1:|\bport ){port}\b", r"\g<1>8080"),
            (rf"\b[0-9a-f]{{28}}{short}\b|\b[0-9a-f]{{32}}\b", _ID),
            (rf"\b{short}\b", "7f3a"),
            (r"Expires (?:\d{4}-\d\d-\d\d )?\d\d:\d\d UTC", "Expires 22:02 UTC"),
            (r"(?<!Expires )\b\d\d:\d\d UTC", "14:02 UTC"),
            (r"<t:\d+:\w>", "<t:1795298520:t>"),
            (r"(?<=done in )\d+(\.\d+)? m?s\b", "0.2 s"),
            (r"\(\d+(\.\d+)? m?s, ", "(0.2 s, "),
        ]

    def __call__(self, found: Any, name: str = "") -> Any:
        """The same JSON, masked."""
        match found:
            case dict():
                return {key: self(value, key) for key, value in found.items()}
            case list() | tuple():
                return [self(each) for each in found]
            case str() if name in _FIXED:
                return _FIXED[name]
            case str():
                return self._text(found)
            case _:
                return found

    def _text(self, text: str) -> str:
        for pattern, instead in self._rules:
            text = re.sub(pattern, instead, text)
        return text
