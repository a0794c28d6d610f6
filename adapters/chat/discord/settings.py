"""`[chat.NAME]` of kind discord. Read by `bot.config`; free of discord.py, which `load` and `probe` alone bring in."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from bot.plugins import Plugin

URL = r"^https?://[^\s/]+(/\S*)?$"
SOCKET = r"^wss?://[^\s/]+(/\S*)?$"


class Settings(BaseModel):
    """One application's bot user, in as many guilds as invited it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: SecretStr = Field(description="Reference to the bot token of the developer portal.")
    api_url: str = Field(
        default="https://discord.com/api/v10", pattern=URL, description="URL of the REST API."
    )
    gateway_url: str = Field(
        default="wss://gateway.discord.gg/", pattern=SOCKET, description="URL of the gateway."
    )
    cdn_urls: tuple[Annotated[str, Field(pattern=URL)], ...] = Field(
        default=("https://cdn.discordapp.com", "https://media.discordapp.net"),
        description="Where Discord keeps files: no other host is asked for one.",
    )
    message_content: bool = Field(
        default=True,
        description="Ask for the message content intent. Without it only mentions, direct messages, commands and buttons are heard.",
    )
    commands: bool = Field(
        default=True, description="Register the slash commands of this application at the start."
    )
    emoji: dict[str, str] = Field(
        default_factory=dict,
        description='What custom emoji stand for, by their name: { shipit = "✅" }.',
    )
    timeout: float = Field(
        default=15.0,
        gt=0,
        le=120,
        description="Seconds until a request, with the library's own retries, is given up.",
    )

    @field_validator("api_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")


def load() -> Callable[..., Any]:
    """The factory `(instance, settings, name, data, clock, suggest=None) -> Chat`."""
    # discord.py takes 0.5 s to import: only who uses Discord pays for it
    from adapters.chat.discord.adapter import Discord

    return Discord


async def probe(settings: Settings, _instance: str, _data: Path) -> str | None:
    """For `parley check`: token, intents and rights in every guild; None, or sentences with the mend."""
    # the same laziness as in `load`
    from adapters.chat.discord.probe import probe as tried

    return await tried(settings)


PLUGIN = Plugin("discord", Settings, load, probe, suggests=True)
