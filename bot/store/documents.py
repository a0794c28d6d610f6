"""Values as stored bytes and back. Every table's module calls this for its JSON columns.

Canonical (`dump`): keys sorted, no spaces, UTF-8, times in UTC. A plan's bytes are made once; they are what was
approved. `pack` is for what nobody hashes: the same JSON with keys as declared, four times as fast.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from bot.model.errors import UnreadableError

T = TypeVar("T")

# One encoder for all: `json.dumps` with these options would build a new one each time.
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


@cache
def _to_json(shape: Any) -> Callable[..., bytes]:
    # Past the adapter's own `dump_json`, which takes as long again: it may be asked to serialize as many other things.
    return _adapter(shape).serializer.to_json


def dump(value: object, shape: Any = None) -> bytes:
    """The canonical bytes of a dataclass of `bot.model`. `shape` is the type of what is no class, like `tuple[Look, ...]`.

    `dump(load(shape, data)) == data` for all that `dump` made. Half a surrogate pair, which UTF-8 cannot hold,
    becomes U+FFFD. Raises ValueError for a field of another type where that is seen at no cost (not None, not a word
    outside a Literal: those are for the type checker)."""
    kind: Any = shape or type(value)
    return whole(_encode(_adapter(kind).dump_python(value, mode="json", warnings="error"))).encode()


def whole(text: str) -> str:
    """Half a surrogate pair, which UTF-8 cannot hold, replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def pack(value: object, shape: Any = None) -> bytes:
    """Bytes that `load` reads, faster than `dump` and not canonical. Raises ValueError as `dump` does."""
    kind: Any = shape or type(value)
    try:
        return _to_json(kind)(value, warnings="error")
    except PydanticSerializationError:
        return dump(value, shape)


def load(shape: type[T], data: bytes | str) -> T:
    """The value of stored bytes. Raises UnreadableError when they are not a value of that shape."""
    kind: Any = shape
    try:
        return cast("T", _adapter(kind).validate_json(data, strict=True))
    except ValidationError as error:
        name = getattr(shape, "__name__", str(shape))
        raise UnreadableError(
            f"A stored {name} cannot be read ({error.error_count()} faults).",
            "Run the version that stored it, or restore the data folder from a backup.",
        ) from error
