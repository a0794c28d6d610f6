"""What Slack tells us, through bolt: every envelope and request becomes an event, a modal or a view. Made by `adapter`; its `app`
is what `socket` and `endpoint` hand everything to.

Bolt runs a listener to its end before it answers (`process_before_response`), and a listener ends when its event is stored:
so nothing is acknowledged that could still be lost. Bolt is told who we are and never asks Slack itself; what the bot did is
left out by `translate`, since bolt would leave out that somebody else deleted a card of ours.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from msgspec import Struct
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.chat.slack import translate
from adapters.chat.slack.commands import Commands
from adapters.chat.slack.home import Homes
from adapters.chat.slack.text import escape
from adapters.chat.slack.translate import mapping, string
from adapters.chat.slack.watch import Watch
from adapters.chat.slack.web import Json, Web
from bot.model.errors import LoginError, ParleyError
from bot.model.events import Event
from bot.model.ports import Clock

Begin = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]
"""Starts work beside everything else; what goes wrong in it is never silent."""

ANY = re.compile("")
_bolt = logging.getLogger(__name__ + ".bolt")
_bolt.setLevel(logging.ERROR)
log = logging.getLogger(__name__)


class Heard(Struct, frozen=True):
    """What waits to be stored, as in a `Batch`; `stored` is set when it is."""

    events: tuple[Event, ...] = ()
    stored: asyncio.Future[None] | None = None
    lost: str = ""
    gone: tuple[str, ...] = ()
    closed: tuple[tuple[str, str], ...] = ()
    caught_up: bool = False


class Ourselves(AsyncAuthorize):
    """Who we are, for bolt. Its own way asks Slack at the first event, and acknowledges that one unheard when it fails."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def __call__(self, **_context: Any) -> AuthorizeResult:
        web = self._web
        token = web.settings.bot_token.get_secret_value()
        return AuthorizeResult(
            enterprise_id=None,
            team_id=web.team,
            bot_id=web.bot,
            bot_user_id=web.user,
            bot_token=token,
        )


class Hearing:
    """The ears of one login. What they hear waits in `queue`, errors that end it as well."""

    def __init__(
        self,
        web: Web,
        clock: Clock,
        commands: Commands,
        homes: Homes,
        watch: Watch,
        name: str,
        begin: Begin,
    ) -> None:
        self._web = web
        self._clock = clock
        self._commands = commands
        self._homes = homes
        self._watch = watch
        self._name = name
        self._begin = begin
        self._bot: translate.Bot | None = None
        self.queue: asyncio.Queue[Heard | ParleyError] = asyncio.Queue()
        self.app = self._made()

    def bot(self) -> translate.Bot:
        """Who we are, as far as is known."""
        web = self._web
        if self._bot is None or self._bot.user != web.user:  # it is made once: it compiles patterns
            custom = web.settings.emoji
            self._bot = translate.Bot(web.instance, web.user, self._name, web.display, custom)
        return self._bot

    def _made(self) -> AsyncApp:
        secret = self._web.settings.signing_secret
        http = secret is not None
        app = AsyncApp(
            name=self._name,
            logger=_bolt,
            client=AsyncWebClient(base_url=self._web.settings.api_url, retry_handlers=[]),
            authorize=Ourselves(self._web),
            signing_secret=secret.get_secret_value() if secret else "unused in Socket Mode",
            process_before_response=True,
            ignoring_self_events_enabled=False,
            request_verification_enabled=http,
            ssl_check_enabled=http,
            url_verification_enabled=http,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        app.event(ANY)(self._event)
        app.action(ANY)(self._action)
        app.options(ANY)(self._options)
        app.view(ANY)(self._view)
        app.command(ANY)(self._command)
        return app

    async def _store(self, event: Event | None) -> None:
        """Return when it is stored."""
        if event is not None:
            await self._hand_over(events=(event,))

    async def _hand_over(self, **what: Any) -> None:
        """As `_store`, for a part of a `Heard`."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.put_nowait(Heard(stored=stored, **what))
        await stored

    async def _event(self, body: Json) -> None:
        inner, bot = mapping(body, "event"), self.bot()
        match string(inner, "type"):
            case "app_home_opened":
                self._homes.opened(string(inner, "user"), string(inner, "tab"))
            case "message" if string(inner, "subtype") == "message_deleted":
                await self._deleted(translate.deleted(body, bot))
            case "message" | "app_mention" | "reaction_added" | "reaction_removed":
                await self._store(translate.event(body, bot))
            case _:
                await self._mourn(body, bot)

    async def _action(self, body: Json, ack: AsyncAck) -> None:
        if translate.pressed(body)[0] == translate.CHANGE:
            self._begin(partial(self._commands.open_change, body))
        else:
            await self._store(translate.click(body, self.bot()))
        await ack()

    async def _options(self, body: Json, ack: AsyncAck) -> None:
        await ack(options=self._commands.offered(string(body, "action_id"), string(body, "value")))

    async def _view(self, body: Json, ack: AsyncAck) -> None:
        bot, now = self.bot(), self._clock.now()
        if string(mapping(body, "view"), "callback_id") != translate.ASK:
            await self._store(translate.submission(body, bot, now))
            await ack()
            return
        message, refusal = await self._commands.submitted(body, bot, now)
        if refusal:
            await ack(response_action="errors", errors={translate.INPUT: refusal})
            return
        await self._store(message)
        await ack()

    async def _command(self, body: Json, request: AsyncBoltRequest, ack: AsyncAck) -> None:
        """Its thread is opened first, so that what is stored knows where it belongs."""
        if self._commands.is_bare(body):
            self._begin(partial(self._commands.open_ask, body))
            await ack()
            return
        again = "x-slack-retry-num" in request.headers
        message, refusal = await self._commands.asked(body, again, self.bot(), self._clock.now())
        if refusal:
            await ack(escape(refusal), response_type="ephemeral")
            return
        await self._store(message)
        await ack()

    async def _deleted(self, message: str) -> None:
        """Somebody deleted a message of ours."""
        if message:
            self._watch.closed(message)
            await self._hand_over(gone=(message,))

    async def _mourn(self, body: Json, bot: translate.Bot) -> None:
        """A login or a channel that is no more."""
        kind = translate.farewell(body)
        if kind:
            instance = self._web.instance
            what = f"The app of [chat.{instance}] was removed from its workspace ({kind})."
            mend = "Install it again and put its new token into bot_token."
            self.queue.put_nowait(LoginError(what, mend, reason=kind))
        channel, why = translate.closed_channel(body, bot)
        if channel:
            log.warning("slack: %s: %s", channel, why)
            await self._hand_over(closed=((channel, why),))
