"""A question put to a service, and its answer as it comes: tries, limits, patience. Made by `adapters.llm.*.model`; implements
`bot.model.llm.Model` over one SDK's `Service`.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from typing import Any, Protocol

from adapters.llm import errors
from adapters.llm.answer import TooMuchError
from adapters.llm.settings import Settings
from adapters.llm.stream import Event, UnreadableError, events
from bot.model.errors import PermanentError, TemporaryError
from bot.model.llm import Prompt, Reply
from bot.model.ports import Clock

log = logging.getLogger(__name__)

PAUSE = 0.5
"""Seconds before the second try; twice as long before each further one."""
LONGEST_PAUSE = 10.0
"""Seconds. A service that wants more of them is not waited for."""
LONGEST_ANSWER = 4
"""Times the timeout that a whole answer may take."""
PICK = "Answer with one of the tools, always: words alone are no answer."
"""Said to a model that cannot be made to pick."""
_AGAIN = {"rate", "down", "cut"}


Begun = tuple[str | Reply, AsyncGenerator[str | Reply, None]]
"""The first piece of an answer, and the generator of the others."""


class Response(Protocol):
    """What both SDKs give for a streamed answer."""

    def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]: ...


class Reader(Protocol):
    """Makes sense of one answer's events."""

    def take(self, event: Event) -> str:
        """The words that this event adds to the answer. Raises ParleyError for a refusal, TooMuchError."""
        ...

    def reply(self) -> Reply | None:
        """The whole, None while its end has not come."""
        ...


class Service(Protocol):
    """One SDK's client. `forces`: the model lets itself be made to pick; several that think first do not."""

    forces: bool

    def shape(self, prompt: Prompt) -> Mapping[str, Any]:
        """The question as the SDK takes it. Raises PermanentError."""
        ...

    def ask(self, question: Mapping[str, Any]) -> AbstractAsyncContextManager[Response]: ...

    def reader(self, prompt: Prompt, question: Mapping[str, Any]) -> Reader: ...

    async def close(self) -> None: ...


class ServiceModel:
    """One model at one service. `name` is that of its table."""

    def __init__(self, name: str, settings: Settings, clock: Clock, service: Service) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._service = service

    async def reply(self, prompt: Prompt) -> AsyncGenerator[str | Reply, None]:
        """As in the port. Once words have come nothing is asked again: people have read them."""
        first, pieces = await self._begun(prompt)
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()

    async def _begun(self, prompt: Prompt) -> Begun:
        """An answer, after as many tries as it takes."""
        pause = PAUSE
        for left in range(self._settings.tries - 1, -1, -1):
            try:
                return await self._first(prompt)
            except TemporaryError as error:
                wait = pause if error.after is None else error.after
                if not left or error.reason not in _AGAIN or wait > LONGEST_PAUSE:
                    raise
                log.warning("model: %s Trying again in %.1f s.", error.what, wait)
            await self._clock.sleep(wait)
            pause *= 2
        raise AssertionError  # the last try returns or raises

    async def _first(self, prompt: Prompt) -> Begun:
        """One try; or a second at once, where the first was refused and it may be for making the model pick."""
        pieces = self._once(prompt)
        try:
            return await anext(pieces), pieces
        except PermanentError as error:
            forced = prompt.must_pick and bool(prompt.tools) and self._service.forces
            if error.reason != "format" or not forced:
                raise
        log.info("model: %s cannot be made to pick, so it is asked to.", self.name)
        self._service.forces = False
        pieces = self._once(prompt)
        return await anext(pieces), pieces

    async def _once(self, prompt: Prompt) -> AsyncGenerator[str | Reply, None]:
        """One try."""
        question = self._service.shape(prompt)
        reader = self._service.reader(prompt, question)
        async with aclosing(self._events(question)) as found:
            async for event in found:
                words = self._taken(reader, event)
                if words:
                    yield words
        reply = reader.reply()
        if reply is None:
            raise errors.broken_off(self.name)
        yield reply

    def _taken(self, reader: Reader, event: Event) -> str:
        try:
            return reader.take(event)
        except TooMuchError:
            raise errors.too_long(self.name) from None

    async def _events(self, question: Mapping[str, Any]) -> AsyncGenerator[Event, None]:
        chunks = self._chunks(question)
        try:
            async with aclosing(chunks), aclosing(events(chunks)) as found:
                async for event in found:
                    yield event
        except UnreadableError:
            raise errors.unreadable(self.name) from None

    async def _chunks(self, question: Mapping[str, Any]) -> AsyncGenerator[bytes, None]:
        """What comes over the wire, up to the moment when it has taken too long."""
        until = asyncio.get_running_loop().time() + LONGEST_ANSWER * self._settings.timeout
        with errors.in_plain_words(self.name, self._settings, self._clock):
            async with AsyncExitStack() as opened:
                async with asyncio.timeout_at(until):
                    response = await opened.enter_async_context(self._service.ask(question))
                pieces = response.iter_bytes()
                while chunk := await _next(pieces, until):
                    yield chunk


async def _next(pieces: AsyncIterator[bytes], until: float) -> bytes:
    """The next piece, empty after the last. Raises TimeoutError."""
    async with asyncio.timeout_at(until):
        return await anext(pieces, b"")
