"""What an answer took: tokens, and dollars by the price list that comes with `genai-prices`. Used by `adapters.llm.*.reader`.

The list is on this machine; nothing is fetched.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from genai_prices import extract_usage

from adapters.llm.settings import Settings
from bot.model.llm import Usage

MOST = 1_000_000_000
"""Tokens. More are a slip of the service."""
_FLAVORS = ("chat", "default")
_UNKNOWN = (LookupError, ValueError, TypeError, ArithmeticError)


def tokens(found: Mapping[str, Any], *path: str) -> int:
    """A count at a path inside what the service says; 0 for none."""
    value: Any = found
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return min(max(0, value), MOST)


def spent(
    settings: Settings, model: str, said: Mapping[str, Any], usage: Usage, provider: str = ""
) -> Usage:
    """`usage` with its dollars. `said` is the service's own table of it, `provider` the one whose prices count; "" for the one
    whose address it is."""
    if settings.is_local:
        return usage
    answer = {"model": model or settings.model, "usage": said}
    return Usage(usage.fresh, usage.kept, usage.written, _dollars(settings, answer, provider))


def _dollars(settings: Settings, answer: Mapping[str, Any], provider: str) -> float | None:
    for flavor in _FLAVORS:
        try:
            if provider:
                read = extract_usage(answer, provider_id=provider, api_flavor=flavor)
            else:
                read = extract_usage(answer, provider_api_url=settings.base_url, api_flavor=flavor)
            return _float(read.calc_price().total_price)
        except _UNKNOWN:
            continue
    return None


def _float(price: Decimal) -> float | None:
    return float(price) if price.is_finite() and price >= 0 else None
