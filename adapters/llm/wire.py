"""The one way to a service: what leaves, and how much comes back. Used by the SDKs' clients in `adapters.llm.*.model`, and by
`adapters.llm.probe`.

Both SDKs read the environment: keys, organisations, URLs, proxies, headers that they add to every request. None of that counts
here. A request goes to the configured server and nowhere else, and its headers are written anew.
"""

import logging
from collections.abc import AsyncIterator, Mapping

import httpx2

from adapters.llm.settings import Settings

MOST_BYTES = 4_000_000
"""Of an answer as it comes over the wire, where each word is wrapped in some hundred bytes."""
MOST_OF_A_REFUSAL = 64_000
"""Bytes of an answer that is an error."""
_CONNECT = 10.0


class TooLongError(httpx2.ReadError):
    """More came than anybody reads."""


class StrangerError(httpx2.RequestError):
    """A request to another server than the configured one."""


class _Bounded(httpx2.AsyncByteStream):
    """A body of which no more than so much is read."""

    def __init__(self, body: httpx2.AsyncByteStream, most: int) -> None:
        self._body = body
        self._left = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._body:
            self._left -= len(chunk)
            if self._left < 0:
                raise TooLongError("too long")
            yield chunk

    async def aclose(self) -> None:
        await self._body.aclose()


class Gate(httpx2.AsyncBaseTransport):
    """Every request and answer passes here. `extra` are headers that this service wants."""

    def __init__(
        self, settings: Settings, extra: Mapping[str, str], inner: httpx2.AsyncBaseTransport
    ) -> None:
        self._server = httpx2.URL(settings.base_url)
        self._inner = inner
        self._headers = {
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "parley",
            **extra,
        }
        if settings.api_key is not None:
            self._headers["Authorization"] = f"Bearer {settings.api_key.get_secret_value()}"

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises httpx2.RequestError."""
        if _origin(request.url) != _origin(self._server):
            raise StrangerError("another server")
        # A new one: the SDKs leave notes for themselves in the headers of theirs.
        clean = httpx2.Request(
            request.method,
            request.url,
            headers=self._headers,
            content=await request.aread() or None,
            extensions=request.extensions,
        )
        answer = await self._inner.handle_async_request(clean)
        # Nothing packed was asked for; unpacked, little becomes much.
        answer.headers.pop("Content-Encoding", None)
        if isinstance(answer.stream, httpx2.AsyncByteStream):
            most = MOST_BYTES if answer.is_success else MOST_OF_A_REFUSAL
            answer.stream = _Bounded(answer.stream, most)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


def open_client(
    settings: Settings,
    extra: Mapping[str, str],
    inner: httpx2.AsyncBaseTransport | None = None,
) -> httpx2.AsyncClient:
    """A client of the configured server alone: no redirects, no proxies, nothing of the environment."""
    for name in ("anthropic", "openai", "httpx2", "httpcore2"):
        # ANTHROPIC_LOG and OPENAI_LOG would have whole questions in the log.
        logging.getLogger(name).setLevel(logging.WARNING)
    transport = inner or httpx2.AsyncHTTPTransport(trust_env=False)
    pace = httpx2.Timeout(settings.timeout, connect=min(settings.timeout, _CONNECT))
    gate = Gate(settings, extra, transport)
    return httpx2.AsyncClient(transport=gate, timeout=pace, trust_env=False, follow_redirects=False)


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
