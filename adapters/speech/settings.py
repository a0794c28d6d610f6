"""`[speech]`, and the entry point `parley.speech: openai`, found by `bot.plugins`. `bot.config` reads `Settings`; `bot.app` calls
`load`, `parley check` calls `probe`."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from bot.plugins import Plugin


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("is no URL: write one such as https://api.openai.com/v1")
    return text.rstrip("/")


class Settings(BaseModel):
    """`url` is what stands before `/audio/transcriptions`; a service of one's own may need no `key`. Models end, so none is a
    default. `reply`: the result of a spoken request is spoken as well. A longer note than `megabytes` or `seconds` is not
    listened to. `timeout`: seconds until a request is given up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_url)]
    model: str = Field(min_length=1)
    key: SecretStr | None = None
    language: str = ""
    reply: bool = False
    reply_model: Annotated[str, Field(validate_default=True)] = ""
    voice: str = "alloy"
    megabytes: Annotated[int, Field(ge=1, le=100)] = 25
    seconds: Annotated[int, Field(ge=1, le=7200)] = 600
    timeout: Annotated[float, Field(gt=0, le=600)] = 60.0

    @field_validator("reply_model")
    @classmethod
    def _can_speak(cls, model: str, info: ValidationInfo) -> str:
        if info.data.get("reply") and not model:
            raise ValueError("is missing: with reply = true it names the model that speaks")
        return model


def load() -> Callable[..., Any]:
    """The factory `open_speech`."""
    from adapters.speech.openai import open_speech  # lazy: brings aiohttp

    return open_speech


async def probe(settings: Settings) -> str | None:
    """Why nobody would be understood, as a sentence with its mend; None when the service answers and takes the key."""
    from adapters.speech.openai import probe as tried  # lazy: brings aiohttp

    return await tried(settings)


PLUGIN = Plugin("openai", Settings, load, probe)
