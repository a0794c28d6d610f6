"""Values as stored bytes and back. Every table's module calls this for its JSON columns.

Canonical (`dump`): keys sorted, no spaces, UTF-8. A plan's bytes are made once; they are what was approved. `pack` is for what
nobody hashes: the same JSON with keys as declared.
"""

import json
from functools import cache
from typing import Any, TypeVar, cast

from msgspec import DecodeError, to_builtins
from msgspec.json import Decoder, Encoder

from bot.model.errors import UnreadableError

T = TypeVar("T")

_sorted = Encoder(order="sorted")
_declared = Encoder()


@cache
def _decoder(shape: Any) -> Decoder[Any]:
    return Decoder(shape)


def dump(value: object, shape: Any = None) -> bytes:
    """The canonical bytes of a value of `bot.model`. `shape` is the type of what is no class, like `tuple[Look, ...]`.

    `dump(load(shape, data)) == data` for all that `dump` made: they are the bytes of what is read from them, where an integer for
    a float is a float. Half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD. Raises ValueError for what could not be
    read again."""
    return _sorted.encode(_read_again(_encode(_sorted, value), value, shape))


def pack(value: object, shape: Any = None) -> bytes:
    """Bytes that `load` reads, not canonical. Raises ValueError as `dump` does."""
    data = _encode(_declared, value)
    _read_again(data, value, shape)
    return data


def _encode(encoder: Encoder, value: object) -> bytes:
    try:
        return encoder.encode(value)
    except UnicodeEncodeError:
        plain = to_builtins(value, order=encoder.order)
        return whole(json.dumps(plain, ensure_ascii=False, separators=(",", ":"))).encode()
    except (TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{type(value).__name__}: {error}") from error


def _read_again(data: bytes, value: object, shape: Any) -> Any:
    kind: Any = shape or type(value)
    try:
        return _decoder(kind).decode(data)
    except (DecodeError, RecursionError) as error:
        raise ValueError(f"{type(value).__name__}: {error}") from error


def whole(text: str) -> str:
    """Half a surrogate pair, which UTF-8 cannot hold, replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def load(shape: type[T], data: bytes | str) -> T:
    """The value of stored bytes. Raises UnreadableError when they are not a value of that shape."""
    kind: Any = shape
    try:
        return cast("T", _decoder(kind).decode(data))
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        name = getattr(shape, "__name__", str(shape))
        raise UnreadableError(
            f"A stored {name} cannot be read.",
            "Run the version that stored it, or restore the data folder from a backup.",
        ) from error
