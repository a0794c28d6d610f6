"""`[llm.anthropic]`, and the entry point `parley.llm: anthropic`, found by `bot.plugins`. `bot.config` reads `Settings`; the bot calls
`load`, `parley check` calls `probe`."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from adapters.llm import settings as common
from bot.plugins import Plugin

HEADERS = {"anthropic-version": "2023-06-01"}
"""What the service wants besides the key."""


def _root(url: str) -> str:
    """The SDK adds /v1 itself."""
    return url.removesuffix("/v1")


class Settings(common.Settings):
    """`effort`: how much thought goes into an answer; None leaves it to the model."""

    base_url: Annotated[common.Url, AfterValidator(_root)] = "https://api.anthropic.com"
    thoughts: Annotated[int, Field(ge=0, le=100_000)] = 16_000
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None


def load() -> Callable[..., Any]:
    """The factory `open_model`."""
    from adapters.llm.anthropic.model import open_model  # lazy: the SDK takes two seconds

    return open_model


async def probe(name: str, settings: Settings) -> str | None:
    """Why nobody would be answered, as a sentence with its mend; None when the service takes the key and knows the model."""
    from adapters.llm.probe import look  # lazy: brings httpx2

    return await look(name, settings, f"{settings.base_url}/v1", HEADERS)


PLUGIN = Plugin("anthropic", Settings, load, probe)
