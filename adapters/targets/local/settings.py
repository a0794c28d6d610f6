"""The entry point `parley.targets: local`, found by `bot.plugins`. `bot.config` reads `Settings`; `bot.app` calls `load`,
`parley check` calls `probe`."""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from bot.plugins import Plugin

if TYPE_CHECKING:
    from adapters.targets.local.target import Local


class Settings(BaseModel):
    """Nothing to set: the URL says it all (`local:` or `local:ROOT`)."""

    model_config = ConfigDict(extra="forbid")


def load() -> "Local":
    """The factory: `load()(url, data)` opens a target."""
    from adapters.targets.local.target import Local  # only when a local target is configured

    return Local()


def probe(url: str) -> str | None:
    """Why commands cannot run there, as a sentence with its mend; None when they can."""
    return load().probe(url)


PLUGIN = Plugin("local", Settings, load, probe)
