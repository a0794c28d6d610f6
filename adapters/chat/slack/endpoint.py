"""HTTP mode: the server that Slack calls. Run by `adapter` in place of `socket`, with the same envelopes.

A request is answered when its event is stored. A request without a valid signature of the last five minutes is
answered 401 and goes no further.
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from adapters.chat.slack.settings import Settings
from adapters.chat.slack.socket import Envelope
from adapters.chat.slack.web import Json, decoded
from bot.model.errors import PermanentError
from bot.model.ports import Clock

FRESH = 300.0
"""Seconds that a signature is good for."""

log = logging.getLogger(__name__)


class Endpoint:
    """One server on `listen`. `port` is the real one once it runs."""

    def __init__(
        self,
        instance: str,
        settings: Settings,
        clock: Clock,
        hear: Callable[[Envelope], None],
        back: Callable[[], None],
    ) -> None:
        assert settings.signing_secret is not None, "HTTP mode has a signing secret"
        assert settings.listen is not None, "HTTP mode has an address"
        self._instance = instance
        self._secret = settings.signing_secret.get_secret_value()
        self._listen = settings.listen
        self._clock = clock
        self._hear = hear
        self._back = back
        self.port = 0

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
        raw = await request.read()
        if not signed(self._secret, self._clock.now().timestamp(), request.headers, raw):
            log.warning("slack: a request without a valid signature was refused")
            return web.Response(status=401, text="signature")
        kind, payload = envelope(raw, request.content_type)
        if payload is None:
            return web.Response(status=400, text="payload")
        if payload.get("type") == "url_verification":
            return web.json_response({"challenge": str(payload.get("challenge", ""))})
        stored: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()

        async def ack(answer: Json | None) -> None:
            if not stored.done():
                stored.set_result(answer)

        again = "X-Slack-Retry-Num" in request.headers
        self._hear(Envelope(kind, payload, ack, again))
        answer = await stored
        return web.json_response(answer) if answer else web.Response()


def envelope(raw: bytes, content_type: str) -> tuple[str, Json | None]:
    """Kind and payload of a request's body: JSON for events, a form for commands, a form with JSON for clicks."""
    if content_type != "application/x-www-form-urlencoded":
        return "events_api", decoded(raw)
    form = dict(parse_qsl(raw.decode("utf8", "replace"), keep_blank_values=True))
    if "payload" in form:
        return "interactive", decoded(form["payload"])
    return "slash_commands", form if "command" in form else None


def signed(secret: str, now: float, headers: Mapping[str, str], raw: bytes) -> bool:
    """Whether these bytes were signed with the secret less than five minutes before `now` (seconds since the epoch)."""
    stamp, signature = (
        headers.get("X-Slack-Request-Timestamp", ""),
        headers.get("X-Slack-Signature", ""),
    )
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        return False
    if abs(now - int(stamp)) > FRESH:
        return False
    wanted = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256)
    return hmac.compare_digest(
        b"v0=" + wanted.hexdigest().encode(), signature.encode("utf8", "replace")
    )
