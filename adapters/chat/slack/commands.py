"""Slash commands and modals: what needs an answer of Slack before there is an event. Called by `hearing`."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime

from adapters.chat.slack import translate, views
from adapters.chat.slack.delivery import Delivery
from adapters.chat.slack.text import read
from adapters.chat.slack.translate import Bot, is_stamp, mapping, parts, reference, string
from adapters.chat.slack.web import Json, Web
from bot.model.errors import ParleyError, PermanentError
from bot.model.events import Message
from bot.model.people import Account, Conversation

Suggest = Callable[[str], Sequence[str]]
"""`suggest("agents")` and `suggest("capabilities")`: every name there is."""

REMEMBERED = 1_000
"""Of how many commands the thread is known without asking."""
OFFERED = 100
"""Names offered at once."""
BARE = frozenset({"", "ask", "do"})
"""Words after the command that ask for the modal."""
_STATIC: Json = {"unfurl_links": False, "unfurl_media": False}

log = logging.getLogger(__name__)


class Commands:
    """What one login is asked by command and button."""

    def __init__(self, web: Web, delivery: Delivery, suggest: Suggest | None) -> None:
        self._web = web
        self._delivery = delivery
        self._suggest = suggest
        self._roots: OrderedDict[str, str] = OrderedDict()
        self._posting: dict[str, asyncio.Lock] = {}

    def is_bare(self, body: Json) -> bool:
        """Whether a command has no words of its own, so that the modal is shown."""
        return read(string(body, "text")).strip().casefold() in BARE

    async def asked(
        self, body: Json, again: bool, bot: Bot, now: datetime
    ) -> tuple[Message | None, str]:
        """The Message of a `/infra …`, after the root of its thread is posted; or None and why not, for that person.

        The same command sent again has the same root, and so is the same message."""
        words = read(string(body, "text")).strip()
        first, _, rest = words.partition(" ")
        words = rest.strip() if first.casefold() == "do" else words
        account = Account(bot.instance, string(body, "user_id"))
        place = string(body, "channel_id"), string(body, "trigger_id")
        return await self._message(words, account, *place, again, now)

    async def submitted(self, body: Json, bot: Bot, now: datetime) -> tuple[Message | None, str]:
        """The Message of the modal, as `asked`. Slack repeats none; submitted twice, as after an error, it is one."""
        view = mapping(body, "view")
        words = translate.request(view)
        if not words:
            return None, "Say what you want, or choose a capability."
        account = Account(bot.instance, string(mapping(body, "user"), "id"))
        place = string(translate.place(view), "channel"), string(view, "id")
        return await self._message(words, account, *place, False, now)

    async def _message(
        self, words: str, account: Account, channel: str, key: str, again: bool, now: datetime
    ) -> tuple[Message | None, str]:
        if not (channel and account.user and key):
            return None, "That command could not be read. Ask again."
        try:
            async with self._posting.setdefault(key, asyncio.Lock()):  # it may come twice at once
                root = await self._root(channel, key, views.asked(account.user, words, key), again)
        except PermanentError as error:
            log.warning("a command in %s could not be answered: %s", channel, error)
            return None, f"I cannot answer here. {error} Or write to me directly."
        except ParleyError as error:
            return None, f"{error} Nothing was started; ask again in a moment."
        finally:
            self._posting.pop(key, None)
        conversation = Conversation(account.instance, channel, parts(root)[1])
        return Message(root, conversation, account, words, now, addressed=True), ""

    async def _root(self, channel: str, key: str, body: Json, again: bool) -> str:
        found = self._roots.get(key)
        if found is None and again:
            found = await self._delivery.find(channel, "", key)
        if found is None:
            whole = {"channel": channel, **body, **_STATIC}
            answer = await self._web.call("chat.postMessage", whole)
            found = reference(channel, str(answer.get("ts", "")))
        self._roots[key] = found
        if len(self._roots) > REMEMBERED:
            self._roots.popitem(last=False)
        return found

    async def open_ask(self, body: Json) -> None:
        """Show the modal in which something can be asked for."""
        asking = read(string(body, "text")).strip().casefold() == "ask"
        await self._open(body, views.ask(string(body, "channel_id"), asking))

    async def open_change(self, body: Json) -> None:
        """Show the field for a change. Where that fails, a reply in the thread does the same, as the card says."""
        container, shown = mapping(body, "container"), mapping(body, "message")
        stamp, root = container.get("message_ts"), shown.get("thread_ts")
        channel = string(container, "channel_id") or string(mapping(body, "channel"), "id")
        thread = root if is_stamp(root) else stamp
        if channel and is_stamp(thread):
            await self._open(body, views.change(channel, str(thread)))

    async def _open(self, body: Json, view: Json) -> None:
        trigger = string(body, "trigger_id")
        try:
            await self._web.call("views.open", {"trigger_id": trigger, "view": view})
        except ParleyError as error:
            log.warning("a modal could not be shown: %s", error)

    def offered(self, field: str, typed: str) -> list[Json]:
        """Names that have what is typed in them, those that begin with it first."""
        kind = {translate.AGENT: "agents", translate.CAPABILITY: "capabilities"}.get(field)
        if self._suggest is None or kind is None:
            return []
        part = typed.strip().casefold()
        names = dict.fromkeys(name for name in self._suggest(kind) if name)
        fitting = [name for name in names if part in name.casefold()]
        fitting.sort(key=lambda name: (not name.casefold().startswith(part), name.casefold()))
        return views.options(fitting[:OFFERED])
