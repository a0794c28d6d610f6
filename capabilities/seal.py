"""The hash of a section. Called by `compile` when one is made and by the guard before one is run."""

import hashlib
import json
from typing import Any

from bot.model.sections import Section

_APART = frozenset({"hash", "private", "source", "line"})


def seal(section: Section) -> str:
    """SHA-256, in hexadecimal, over every field but `hash`, `private`, `source` and `line`, those of its templates too: a section
    that only moved within its file, or may be told to others, is the same section."""
    canonical = json.dumps(section, ensure_ascii=True, separators=(",", ":"), default=_fields)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _fields(value: Any) -> dict[str, Any]:
    """What the encoder does not know by itself is one of our frozen values; its kind, where it has one, is sealed too."""
    kind = type(value)
    if kind not in _NAMES:
        _NAMES[kind] = tuple(name for name in kind.__struct_fields__ if name not in _APART)
    fields = {name: getattr(value, name) for name in _NAMES[kind]}
    return fields | {"kind": tag} if (tag := kind.__struct_config__.tag) else fields


_NAMES: dict[type, tuple[str, ...]] = {}
"""The sealed fields of each kind of value, looked up once."""
