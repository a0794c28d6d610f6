"""A question put to a service, and its answer as it comes: tries, limits, patience. Made by `adapters.llm.*.model`; implements
`bot.model.llm.Model` over one SDK's `Service`.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from typing import Any, Protocol

from msgspec import Struct

from adapters.llm import errors
from adapters.llm.answer import TooMuchError
from adapters.llm.settings import Settings
from adapters.llm.stream import Event, UnreadableError, events
from bot.model.errors import ParleyError, TemporaryError
from bot.model.llm import Piece, Prompt, Reply
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


class _Tries(Struct):
    """How many there are still, how the last one ended, and whether words have come."""

    left: int
    pause: float = PAUSE
    said: bool = False
    error: ParleyError | None = None


class Response(Protocol):
    """What both SDKs give for a streamed answer."""

    def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]: ...


class Reader(Protocol):
    """Makes sense of one answer's events."""

    def take(self, event: Event) -> list[Piece]:
        """What this event adds to the answer. Raises ParleyError for a refusal, TooMuchError."""
        ...

    def reply(self) -> Reply | None:
        """The whole, None while its end has not come."""
        ...


class Service(Protocol):
    """One SDK's client."""

    def shape(self, prompt: Prompt) -> Mapping[str, Any]:
        """The question as the SDK takes it. Raises PermanentError."""
        ...

    def ask(self, question: Mapping[str, Any]) -> AbstractAsyncContextManager[Response]: ...

    def yields(self, prompt: Prompt) -> bool:
        """Whether something of a question that was refused is left out from now on, so that it may be put again."""
        ...

    def reader(self, prompt: Prompt, question: Mapping[str, Any]) -> Reader: ...

    async def close(self) -> None: ...


class ServiceModel:
    """One model at one service. `name` is that of its table."""

    def __init__(self, name: str, settings: Settings, clock: Clock, service: Service) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._service = service

    async def reply(self, prompt: Prompt) -> AsyncGenerator[Piece | Reply, None]:
        """As in the port. Once words have come nothing is asked again; a pick may begin anew."""
        tries = _Tries(self._settings.tries)
        while True:
            async with aclosing(self._tried(prompt, tries)) as pieces:
                async for piece in pieces:
                    yield piece
            if tries.error is None:
                return
            await self._before_the_next(prompt, tries, tries.error)

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()

    async def _tried(self, prompt: Prompt, tries: _Tries) -> AsyncGenerator[Piece | Reply, None]:
        """One try; what ended it is in `tries`."""
        tries.left, tries.error = tries.left - 1, None
        try:
            async with aclosing(self._once(prompt)) as pieces:
                async for piece in pieces:
                    tries.said = tries.said or (isinstance(piece, Piece) and not piece.tool)
                    yield piece
        except ParleyError as error:
            tries.error = error

    async def _before_the_next(self, prompt: Prompt, tries: _Tries, error: ParleyError) -> None:
        """A pause; or none where the question was refused for what not every model takes. Raises the error where it is the last."""
        if error.reason == "format" and self._service.yields(prompt):
            log.info("model: %s refused the question, so it is put more simply.", self.name)
            tries.left += 1
            return
        if not isinstance(error, TemporaryError) or error.reason not in _AGAIN:
            raise error
        wait = tries.pause if error.after is None else error.after
        if tries.said or tries.left <= 0 or wait > LONGEST_PAUSE:
            raise error
        log.warning("model: %s Trying again in %.1f s.", error.what, wait)
        await self._clock.sleep(wait)
        tries.pause *= 2

    async def _once(self, prompt: Prompt) -> AsyncGenerator[Piece | Reply, None]:
        """One try."""
        question = self._service.shape(prompt)
        reader = self._service.reader(prompt, question)
        async with aclosing(self._events(question)) as found:
            async for event in found:
                for piece in self._taken(reader, event):
                    yield piece
        reply = reader.reply()
        if reply is None:
            raise errors.broken_off(self.name)
        yield reply

    def _taken(self, reader: Reader, event: Event) -> list[Piece]:
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
