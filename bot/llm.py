"""What the house knows of models: who thinks, what may be spent, what stays at home. Made by `bot.app`, read by `bot.cases.think`
and `status`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from bot.model.ports import Catalogue, Clock, Planner, Redactor, Renderer
from bot.model.roles import Role
from bot.planner import privacy
from bot.providers import LlmConfiguration
from bot.redact import MASK

if TYPE_CHECKING:
    from bot.planner.model import ModelPlanner
    from bot.planner.router import Router


class Budget(Struct, frozen=True):
    """Of one day, which is a UTC day. 0 is no limit."""

    tokens: int = 2_000_000
    dollars: float = 5.0
    channel_dollars: float = 20.0


class Models(Struct, frozen=True):
    """Configured models. `private` are globs of words that are told to none outside; `planner` falls back to the offline one."""

    planner: "ModelPlanner"
    router: "Router"
    budget: Budget = Budget()
    private: tuple[str, ...] = ()

    async def close(self) -> None:
        """Close every provider's connections."""
        for provider in self.router.providers:
            await provider.model.close()


def open_models(
    configured: LlmConfiguration,
    catalogue: Catalogue,
    renderer: Renderer,
    offline: Planner,
    clock: Clock,
) -> Models | None:
    """All of it, wired; None where no model is configured. Their SDKs come with this. Raises ConfigurationError for one that is
    not installed."""
    if not configured.providers:
        return None
    # lazy: most bots have no model, and do not wait for all that speaks with one
    from bot.planner.model import ModelPlanner
    from bot.thinkers import open_router

    router = open_router(configured, clock)
    budget = Budget(
        configured.tokens_per_day, configured.dollars_per_day, configured.channel_dollars_per_day
    )
    planner = ModelPlanner(catalogue, renderer, router, offline, clock)
    return Models(planner, router, budget, configured.private)


def told_of(roles: Sequence[Role], redactor: Redactor, private: Sequence[str]) -> tuple[Role, ...]:
    """Roles with their words as models may hear them: without secrets, and what is private for those at home only."""
    clean = (
        replace(role, about=redactor.redact(role.about), prompt=redactor.redact(role.prompt))
        for role in roles
    )
    return tuple(
        replace(
            role, private=bool(privacy.why((role.name, role.about, role.prompt), MASK, private))
        )
        for role in clean
    )
