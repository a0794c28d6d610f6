"""Scripted models as the bot opens them, in the order in which it asks them."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from bot.model.ports import Clock
from bot.planner.router import Provider, Router
from bot.plugins import find
from tests.servers.scripted_model import ScriptedModel


@asynccontextmanager
async def router(
    clock: Clock, models: Mapping[str, ScriptedModel], home: Collection[str] = ()
) -> AsyncIterator[Router]:
    """`home` are the names of those that stand in the house."""
    plugin, providers = find("llm", "openai"), []
    async with AsyncExitStack() as stack:
        for name, model in models.items():
            local = name in home
            table = {"model": "scripted", "base_url": model.url, "local": local, "tries": 1}
            opened = plugin.load()(name, plugin.settings.model_validate(table), clock)
            stack.push_async_callback(opened.close)
            providers.append(Provider(name, opened, local=local))
        yield Router(providers, clock)
