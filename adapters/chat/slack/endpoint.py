"""HTTP mode: the server that Slack calls. Run by `adapter` in place of `socket`, with the same bolt app from `hearing`.

Bolt checks the signature, answers url_verification and ssl_check, and reads the forms. A request is answered when its event
is stored; one without a valid signature of the last five minutes is answered 401 and goes no further.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from adapters.chat.slack.settings import Settings
from bot.model.errors import PermanentError

STAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"

log = logging.getLogger(__name__)


class Endpoint:
    """One server on `listen`. `port` is the real one once it runs."""

    def __init__(
        self, instance: str, settings: Settings, app: AsyncApp, back: Callable[[], None]
    ) -> None:
        assert settings.listen is not None, "HTTP mode has an address"
        self._instance = instance
        self._listen = settings.listen
        self._app = app
        self._back = back
        self.port = 0

    @property
    def trouble(self) -> str:
        """Why nothing is heard; "" while Slack may call."""
        return "" if self.port else f"Nothing listens on {self._listen} for Slack."

    async def run(self) -> None:
        """For ever. Raises PermanentError when the address cannot be had."""
        application = web.Application()
        application.router.add_post("/{path:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await self._open(runner)
            self._back()
            await asyncio.Event().wait()
        finally:
            self.port = 0
            await runner.cleanup()

    async def _open(self, runner: web.AppRunner) -> None:
        host, _, port = self._listen.rpartition(":")
        site = web.TCPSite(runner, host, int(port))
        try:
            await site.start()
        except (OSError, OverflowError) as error:
            what = f"Nothing can listen on {self._listen} for Slack: {error}."
            mend = f"Choose another address as listen in [chat.{self._instance}]."
            raise PermanentError(what, mend, reason="listen") from error
        self.port = int(runner.addresses[0][1])

    async def _answer(self, request: web.Request) -> web.Response:
        stamp, signature = request.headers.get(STAMP, ""), request.headers.get(SIGNATURE, "")
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12 and signature.isascii()):
            return web.Response(status=401)  # on these bolt breaks, with a traceback in the log
        try:
            raw = (await request.read()).decode()
            headers: dict[str, str | Sequence[str]] = dict(request.headers)
            asked = AsyncBoltRequest(body=raw, query=request.query_string, headers=headers)
        except (ValueError, AttributeError, TypeError, RecursionError):
            return web.Response(status=400)  # as above: no UTF-8, no JSON, no object
        answer = await self._app.async_dispatch(asked)
        if answer.status == 401:
            log.warning("slack: a request without a valid signature was refused")
        if answer.status == 404:  # nobody listens to it
            answer = BoltResponse(status=200)
        return await to_aiohttp_response(answer)
