"""JSON from the homeserver, which hands on what people on other servers wrote. Used by `socket` and `crypto`.

One value that no parser takes would otherwise hide every event that comes with it, again and again.
"""

import json
import re
from typing import Any

DEEPEST = 200
"""Lists and objects inside of more than so many others are left out, where the parser cannot follow them."""
_LONGEST_NUMBER = 20
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def decoded(raw: bytes) -> dict[str, Any] | None:
    """The JSON object in these bytes, if they are one. Whole numbers that Matrix does not allow are 0."""
    try:
        found = json.loads(raw, parse_int=_whole)
    except RecursionError:
        return decoded(flat) if (flat := _flattened(raw)) != raw else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else 0


def _flattened(raw: bytes) -> bytes:
    """The same without what lies too deep, which is null."""
    kept, depth, start = [], 0, 0
    for mark in _MARKS.finditer(raw):
        if mark[0] in (b"[", b"{"):
            depth += 1
            if depth == DEEPEST:
                kept += [raw[start : mark.start()], b"null"]
        elif mark[0] in (b"]", b"}"):
            if depth == DEEPEST:
                start = mark.end()
            depth -= 1
    return b"".join((*kept, raw[start:]))
