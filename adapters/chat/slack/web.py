"""Single requests to Slack's Web API. Used by every other module of this folder that asks Slack for something.

slack_sdk's client makes the requests, with what it does on its own taken away: it repeats a request whose connection
broke, which would post twice, and formats every body for a log that nobody reads.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.chat.slack.errors import refused, unreachable
from adapters.chat.slack.settings import Settings
from bot.model.errors import PermanentError, TemporaryError

Json = dict[str, Any]

quiet = logging.getLogger(__name__ + ".sdk")
quiet.setLevel(logging.WARNING)


class Web:
    """One bot token. `user`, `bot`, `team`, `display` and the workspace's `url` are known after `ready`."""

    def __init__(self, instance: str, settings: Settings) -> None:
        self.instance = instance
        self.settings = settings
        self.user = ""
        self.bot = ""
        self.team = ""
        self.url = ""
        self.display = ""
        self.scopes: frozenset[str] = frozenset()
        self._login = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None

    async def ready(self) -> None:
        """Learn who we are, once. Raises TemporaryError, PermanentError."""
        async with self._login:
            if self.user:
                return
            answer, headers = await self._request("auth.test", "POST", {"json": {}})
            self.bot, self.display = str(answer.get("bot_id", "")), str(answer.get("user", ""))
            self.team, self.url = str(answer.get("team_id", "")), str(answer.get("url", ""))
            told = headers.get("x-oauth-scopes", "")
            self.scopes = frozenset(each.strip() for each in told.split(",") if each.strip())
            self.user = str(answer.get("user_id", ""))
            if not self.user:
                raise refused(self.instance, "auth.test", 200, {}, {})

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def call(self, method: str, body: Json) -> Json:
        """One method that writes, its JSON answer. Raises TemporaryError (`after` with 429), PermanentError
        (`reason` is Slack's own word)."""
        return (await self._request(method, "POST", {"json": body}))[0]

    async def ask(self, method: str, query: Json) -> Json:
        """One method that reads, its JSON answer. Raises as `call`."""
        return (await self._request(method, "GET", {"params": query}))[0]

    async def socket_url(self) -> str:
        """Where one Socket Mode connection may be opened, once. Raises as `call`."""
        assert self.settings.app_token is not None, "Socket Mode has an app token"
        token = self.settings.app_token.get_secret_value()
        body = {"json": {"token": token}}
        answer, _ = await self._request("apps.connections.open", "POST", body, token="app_token")
        return str(answer.get("url", ""))

    async def websocket(self, url: str) -> aiohttp.ClientWebSocketResponse:
        """Open one; a peer that is silent for half a minute counts as gone. Raises aiohttp's errors."""
        closing = aiohttp.ClientWSTimeout(ws_close=2.0)
        proxy = proxy_for(url.replace("ws", "http", 1))
        return await self.session().ws_connect(url, heartbeat=15.0, timeout=closing, proxy=proxy)

    def session(self) -> aiohttp.ClientSession:
        """The one session. A client session needs a running loop, so not in the constructor."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self.settings.timeout)
            self._session = aiohttp.ClientSession(timeout=timeout)
        return self._session

    def _sdk(self) -> AsyncWebClient:
        if self._client is None:
            self._client = AsyncWebClient(
                token=self.settings.bot_token.get_secret_value(),
                base_url=self.settings.api_url,
                session=self.session(),
                retry_handlers=[],
                logger=quiet,
            )
            # slack_sdk takes a proxy from the environment and does not read no_proxy
            self._client.proxy = proxy_for(self.settings.api_url)
        return self._client

    async def _request(
        self, method: str, verb: str, arguments: Json, token: str = "bot_token"
    ) -> tuple[Json, Mapping[str, str]]:
        try:
            response = await self._sdk().api_call(method, http_verb=verb, **arguments)
        except SlackApiError as error:
            raise self._refused(method, error, token) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(self.settings.api_url) from error
        except AttributeError as error:  # slack_sdk breaks so on an answer that is text or a list
            what = f"What answers {method} is not Slack."
            raise TemporaryError(what, "Check api_url.", reason="server") from error
        if not isinstance(response.data, dict):
            raise refused(self.instance, method, response.status_code, {}, {})
        return response.data, response.headers

    def _refused(self, method: str, error: SlackApiError, token: str) -> Exception:
        """The error in a refusal. Where the body is no JSON, slack_sdk puts aiohttp's response in place of its own."""
        response = error.response
        status = getattr(response, "status_code", 0) or getattr(response, "status", 200)
        data = getattr(response, "data", None)
        answer = data if isinstance(data, dict) else {}
        headers = getattr(response, "headers", None) or {}
        return refused(self.instance, method, status, answer, headers, token=token)


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for a URL. aiohttp could ask by itself, in a thread for every request."""
    address = urlsplit(url)
    if proxy_bypass(address.hostname or ""):
        return None
    return getproxies().get(address.scheme)


async def pages(
    ask: Callable[[str, Json], Awaitable[Json]], method: str, key: str, query: Json, most: int
) -> AsyncIterator[Json]:
    """Every object of the lists under `key`, over at most `most` pages. Raises PermanentError where there are more,
    unless one page is all that is wanted."""
    cursor = ""
    for _ in range(most):
        answer = await ask(method, {**query, **({"cursor": cursor} if cursor else {})})
        for each in answer.get(key) or []:
            if isinstance(each, dict):
                yield each
        cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return
    if most > 1:
        raise PermanentError(f"{method} has more than {most} pages.", reason="too_many_pages")


def decoded(raw: str | bytes) -> Json | None:
    """A JSON object, or None."""
    try:
        value = json.loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
