"""Adapters by entry point. `bot.config` reads `settings`, `bot.app` calls `load` for what is configured.

An entry point names a `Plugin` in a module free of SDKs; the adapter's own module is imported by `load` alone.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from typing import Any

from msgspec import Struct

from bot.model.errors import ConfigurationError


class Plugin(Struct, frozen=True):
    """One adapter. `settings` is a pydantic model of its configuration table (unknown keys forbidden, every field with
    a default or a clear description); `load()` imports the adapter and returns its factory. `probe`, for
    `parley check`, tries the connection and returns None or one sentence with the mend, or an awaitable of it: a chat's
    takes (settings, instance, data folder), a target's its URL, a model's (name, settings). `suggests` is true for a chat whose factory also takes
    `suggest`, a function from `agents` or `capabilities` to their names, for completing what people type. `homes` is true for one whose factory takes `home`, a
    `ports.Home`, for a page of each person's own. `extra` is what `parley[…]` installs for it, where that is not its name."""

    name: str
    settings: type[Any]
    load: Callable[[], Callable[..., Any]]
    probe: Callable[..., Any] | None = None
    suggests: bool = False
    homes: bool = False
    extra: str = ""


def find(group: str, name: str) -> Plugin:
    """The plugin of that name in `parley.<group>`. Raises ConfigurationError naming what there is."""
    found = _installed(f"parley.{group}")
    for entry in found:
        if entry.name == name:
            plugin: Plugin = entry.load()
            return plugin
    there = ", ".join(sorted(entry.name for entry in found)) or "none"
    raise ConfigurationError(f"There is no {group} adapter named {name!r}.", f"Installed: {there}.")


@cache
def _installed(group: str) -> EntryPoints:
    """Read once a process: each look reads the metadata of every installed package."""
    return entry_points(group=group)
