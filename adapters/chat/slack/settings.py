"""`[chat.NAME]` of kind slack. Read by `bot.config`; free of Slack's SDK, which `load` and `probe` alone bring in."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from bot.plugins import Plugin

_SELECTOR = "\N{VARIATION SELECTOR-16}"


class Settings(BaseModel):
    """One app in one workspace. Give `app_token` (Socket Mode), or `signing_secret` and `listen` (HTTP)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_url: str = Field(
        default="https://slack.com/api/",
        pattern=r"^https?://[^\s/]+(/\S*)?$",
        description="URL of Slack's Web API.",
    )
    bot_token: SecretStr = Field(
        description="Reference to the bot token (xoxb-…) of the installed app."
    )
    app_token: SecretStr | None = Field(
        default=None,
        description="Reference to the app-level token (xapp-…) with connections:write: Socket Mode.",
    )
    signing_secret: SecretStr | None = Field(
        default=None, description="Reference to the app's signing secret, where Slack calls us."
    )
    listen: str | None = Field(
        default=None,
        pattern=r"^[^\s:]+:\d{1,5}$",
        description="Address and port on which Slack's signed requests are taken, such as 127.0.0.1:4000.",
    )
    connections: int = Field(
        default=2, ge=1, le=10, description="How many Socket Mode connections are kept open."
    )
    emoji: dict[str, str] = Field(
        default_factory=dict,
        description='What custom emoji mean: emoji = { approved = "✅" }.',
    )
    timeout: float = Field(
        default=15.0, gt=0, le=300, description="Seconds until a request is given up."
    )

    @field_validator("api_url")
    @classmethod
    def _with_slash(cls, url: str) -> str:
        return url.rstrip("/") + "/"

    @field_validator("emoji")
    @classmethod
    def _bare(cls, table: dict[str, str]) -> dict[str, str]:
        return {name.strip(":"): mark.replace(_SELECTOR, "") for name, mark in table.items()}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.app_token is not None:
            if self.signing_secret is not None or self.listen is not None:
                raise ValueError("give app_token, or signing_secret and listen, not both")
        elif self.signing_secret is None or self.listen is None:
            raise ValueError("give app_token for Socket Mode, or signing_secret and listen")
        elif not self.signing_secret.get_secret_value().strip():
            raise ValueError("signing_secret is empty")
        return self


def load() -> Callable[..., Any]:
    """The factory `(instance, settings, name, data, clock, *, suggest, home) -> Chat`."""
    # bolt, slack_sdk and aiohttp take 0.3 s to import: only who uses Slack pays for it
    from adapters.chat.slack.adapter import Slack

    return Slack


def probe(settings: Settings, _instance: str, _data: Path) -> Awaitable[str | None]:
    """For `parley check`: None, or one sentence with the mend."""
    # as above
    from adapters.chat.slack.check import probe as tried

    return tried(settings)


PLUGIN = Plugin("slack", Settings, load, probe, suggests=True, homes=True)
