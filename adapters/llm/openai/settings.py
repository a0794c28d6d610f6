"""`[llm.openai]` and `[llm.ollama]`, and the entry points `parley.llm: openai, ollama`, found by `bot.plugins`. `bot.config` reads the
settings; the bot calls `load`, `parley check` calls `probe`."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from adapters.llm import settings as common
from bot.plugins import Plugin


class Settings(common.Settings):
    """OpenAI, or any server with its chat endpoint: `base_url` is what stands before `/chat/completions`."""

    base_url: common.Url = "https://api.openai.com/v1"


class OllamaSettings(common.Settings):
    """Ollama on this machine. Its first answer waits until the model is in memory."""

    base_url: common.Url = "http://127.0.0.1:11434/v1"
    timeout: Annotated[float, Field(gt=0, le=600)] = 60.0
    thoughts: Annotated[int, Field(ge=0, le=100_000)] = 2_000


def load() -> Callable[..., Any]:
    """The factory `open_model`."""
    from adapters.llm.openai.model import open_model  # lazy: the SDK takes a second

    return open_model


async def probe(name: str, settings: common.Settings) -> str | None:
    """Why nobody would be answered, as a sentence with its mend; None when the service takes the key and knows the model."""
    from adapters.llm.probe import look  # lazy: brings httpx2

    return await look(name, settings, settings.base_url, {})


PLUGIN = Plugin("openai", Settings, load, probe)
OLLAMA = Plugin("ollama", OllamaSettings, load, probe, extra="openai")
