"""`[llm]`: which models are asked, in which order, and for how much. Read by `bot.config` alone; the bot opens what it returns."""

import difflib
from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct

from bot.model.errors import ConfigurationError
from bot.plugins import Plugin, find
from bot.settings import Llm

OFFLINE = "offline"
"""The planner without a model, always the last."""


class ProviderConfiguration(Struct, frozen=True):
    """One `[llm.NAME]` table: its adapter, and the adapter's own settings, already validated. `settings.is_local`: nothing that
    is said to it leaves the house."""

    name: str
    plugin: Plugin
    settings: Any


class LlmConfiguration(Struct, frozen=True):
    """The providers in the team's order, without the offline planner, and what a person and a channel may spend in a day; 0 is
    no limit. `prefer` is who of them is asked first; words that one of the globs `private` matches are told to none outside."""

    providers: tuple[ProviderConfiguration, ...] = ()
    local_only: bool = False
    tokens_per_day: int = 2_000_000
    dollars_per_day: float = 5.0
    channel_dollars_per_day: float = 20.0
    prefer: Literal["order", "cost", "latency"] = "order"
    private: tuple[str, ...] = ()


def configured(llm: Llm, own: Callable[[Plugin, dict[str, Any], str], Any]) -> LlmConfiguration:
    """The `[llm]` table. `own` makes an adapter's settings of its table and the place of it. Raises ConfigurationError."""
    tables = _tables(llm)
    providers = tuple(_provider(name, tables, own) for name in _asked(llm.order))
    for provider in providers:
        if llm.local_only and not provider.settings.is_local:
            raise ConfigurationError(
                f"[llm.{provider.name}] is not local, and [llm] local_only is true.",
                "Take it out of order, give it the base_url of a server at home, or say local = true there.",
            )
    return LlmConfiguration(
        providers,
        llm.local_only,
        llm.tokens_per_day,
        llm.dollars_per_day,
        llm.channel_dollars_per_day,
        llm.prefer,
        llm.private,
    )


def _tables(llm: Llm) -> dict[str, dict[str, Any]]:
    """Every `[llm.NAME]`, those that are in no order too."""
    tables = llm.model_extra or {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            near = difflib.get_close_matches(name, Llm.model_fields, 1, 0.5)
            known = f"Known here: {', '.join(sorted(Llm.model_fields))}."
            mend = f"Did you mean {near[0]!r}?" if near else known
            raise ConfigurationError(f"[llm]: unknown key {name!r}.", mend)
    return tables


def _asked(order: tuple[str, ...]) -> tuple[str, ...]:
    """The order without the offline planner, which is its end whether it is named or not."""
    twice = next((name for name in order if order.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"[llm] order names {twice!r} twice.", "Name it once.")
    if OFFLINE in order[:-1]:
        raise ConfigurationError(
            f"[llm] order names {order[-1]!r} behind {OFFLINE!r}, where it is never asked.",
            f"Put {OFFLINE!r} last.",
        )
    return tuple(name for name in order if name != OFFLINE)


def _provider(
    name: str,
    tables: dict[str, dict[str, Any]],
    own: Callable[[Plugin, dict[str, Any], str], Any],
) -> ProviderConfiguration:
    if name not in tables:
        near = difflib.get_close_matches(name, tables, 1, 0.5)
        mend = f"Did you mean {near[0]!r}?" if near else f"Add [llm.{name}] with a model."
        raise ConfigurationError(f"[llm] order names {name!r}, which has no table.", mend)
    table = dict(tables[name])
    plugin = find("llm", str(table.pop("kind", name)))
    return ProviderConfiguration(name, plugin, own(plugin, table, f"[llm.{name}]"))
