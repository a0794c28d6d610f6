"""Claude. Opened by the bot for every `[llm.NAME]` of this kind that is asked."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
from anthropic import AsyncAnthropic

from adapters.llm.anthropic import shape
from adapters.llm.anthropic.echo import Echoes
from adapters.llm.anthropic.reader import Reader
from adapters.llm.anthropic.settings import HEADERS, Settings
from adapters.llm.asking import Response, ServiceModel
from adapters.llm.wire import open_client
from bot.model.llm import Prompt
from bot.model.ports import Clock

_OWN = ".anthropic.com"
"""Servers that only speak like this one refuse whatever they do not know."""


class Claude:
    """The SDK's client, told everything that it would else look for in the environment."""

    def __init__(
        self, name: str, settings: Settings, transport: httpx2.AsyncBaseTransport | None
    ) -> None:
        self._name = name
        self._settings = settings
        self._echoes = Echoes()
        self.forces = True
        self.eager = f".{settings.host}".endswith(_OWN)
        key = settings.api_key
        self._client = AsyncAnthropic(
            # Without any it goes through the environment and the home folder; the gate sends the configured one, or none.
            api_key=key.get_secret_value() if key else "none",
            base_url=settings.base_url,
            timeout=httpx2.Timeout(settings.timeout),
            max_retries=0,
            open_telemetry=False,
            http_client=open_client(settings, HEADERS, transport),
        )

    def shape(self, prompt: Prompt) -> Mapping[str, Any]:
        """As in `asking.Service`."""
        return shape.question(
            prompt, self._settings, self._echoes, forces=self.forces, eager=self.eager
        )

    def ask(self, question: Mapping[str, Any]) -> AbstractAsyncContextManager[Response]:
        """As in `asking.Service`."""
        return self._client.messages.with_streaming_response.create(**question, stream=True)

    def yields(self, prompt: Prompt) -> bool:
        """As in `asking.Service`."""
        if self.eager and any(tool.says for tool in prompt.tools):
            self.eager = False
            return True
        forced = self.forces and prompt.must_pick and bool(prompt.tools)
        self.forces = self.forces and not forced
        return forced

    def reader(self, prompt: Prompt, question: Mapping[str, Any]) -> Reader:
        """As in `asking.Service`."""
        return Reader(self._name, self._settings, prompt, question, self._echoes)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def open_model(
    name: str,
    settings: Settings,
    clock: Clock,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> ServiceModel:
    """The model of `[llm.NAME]`. `transport` takes the place of the network in tests."""
    service = Claude(name, settings, transport)
    return ServiceModel(name, settings, clock, service)
