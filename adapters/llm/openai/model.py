"""OpenAI, Ollama and every server with the chat endpoint. Opened by the bot for every `[llm.NAME]` of these kinds that is asked."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2
from openai import AsyncOpenAI

from adapters.llm.asking import Response, ServiceModel
from adapters.llm.openai import shape
from adapters.llm.openai.reader import Reader
from adapters.llm.settings import Settings
from adapters.llm.wire import open_client
from bot.model.llm import Prompt
from bot.model.ports import Clock


class ChatEndpoint:
    """The SDK's client, told everything that it would else look for in the environment."""

    def __init__(
        self, name: str, settings: Settings, transport: httpx2.AsyncBaseTransport | None
    ) -> None:
        self._name = name
        self._settings = settings
        self.forces = True
        key = settings.api_key
        self._client = AsyncOpenAI(
            # Without any it takes that of the environment; the gate sends the configured one, or none.
            api_key=key.get_secret_value() if key else "none",
            base_url=settings.base_url,
            timeout=httpx2.Timeout(settings.timeout),
            max_retries=0,
            http_client=open_client(settings, {}, transport),
        )

    def shape(self, prompt: Prompt) -> Mapping[str, Any]:
        """As in `asking.Service`."""
        return shape.question(prompt, self._settings, forces=self.forces)

    def ask(self, question: Mapping[str, Any]) -> AbstractAsyncContextManager[Response]:
        """As in `asking.Service`."""
        return self._client.chat.completions.with_streaming_response.create(**question, stream=True)

    def yields(self, prompt: Prompt) -> bool:
        """As in `asking.Service`."""
        forced = self.forces and prompt.must_pick and bool(prompt.tools)
        self.forces = self.forces and not forced
        return forced

    def reader(self, prompt: Prompt, question: Mapping[str, Any]) -> Reader:
        """As in `asking.Service`."""
        return Reader(self._name, self._settings, prompt)

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
    service = ChatEndpoint(name, settings, transport)
    return ServiceModel(name, settings, clock, service)
