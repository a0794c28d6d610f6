"""`[chat.console]`. Read by `bot.config`; the terminal's libraries come in with `load` alone."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.plugins import Plugin


class Settings(BaseModel):
    """The console has one setting."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    impersonate: bool | None = Field(
        default=None,
        description="Whether --as, /as and `as` may name anybody. By default only where no other chat is configured.",
    )


def load() -> Callable[..., Any]:
    """The factory `open_console`."""
    from adapters.chat.console.adapter import open_console  # lazy: only where a console is opened

    return open_console


PLUGIN = Plugin("console", Settings, load)
