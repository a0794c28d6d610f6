"""Those who think: models as they are configured, behind one router. Called by `bot.llm` where there are any."""

from bot.model.errors import ConfigurationError
from bot.model.ports import Clock
from bot.planner.router import Provider, Router
from bot.providers import LlmConfiguration, ProviderConfiguration


def open_router(configured: LlmConfiguration, clock: Clock) -> Router:
    """Every provider's model. Raises ConfigurationError for an SDK that is not installed."""
    return Router([_opened(each, clock) for each in configured.providers], clock, configured.prefer)


def _opened(each: ProviderConfiguration, clock: Clock) -> Provider:
    try:
        model = each.plugin.load()(each.name, each.settings, clock)
    except ImportError as error:
        what = f"[llm.{each.name}] needs {error.name}, which is not installed."
        raise ConfigurationError(
            what, f"Install parley[{each.plugin.extra or each.plugin.name}]."
        ) from error
    return Provider(each.name, model, local=each.settings.is_local)
