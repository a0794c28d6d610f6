"""Slash commands and the modal: what needs an answer of Slack before there is an event. Called by `adapter`."""

import asyncio
import logging
from collections import OrderedDict
from datetime import datetime

from adapters.chat.slack import render
from adapters.chat.slack.delivery import Delivery
from adapters.chat.slack.socket import Envelope
from adapters.chat.slack.text import read
from adapters.chat.slack.translate import Bot, is_stamp, mapping, parts, reference, string
from adapters.chat.slack.web import Json, Web
from bot.model.errors import ParleyError, PermanentError
from bot.model.events import Message
from bot.model.people import Account, Conversation

REMEMBERED = 1_000
"""Of how many commands the thread is known without asking."""

log = logging.getLogger(__name__)


class Commands:
    """What one login is asked by command and button."""

    def __init__(self, web: Web, delivery: Delivery) -> None:
        self._web = web
        self._delivery = delivery
        self._roots: OrderedDict[str, str] = OrderedDict()
        self._posting: dict[str, asyncio.Lock] = {}

    async def asked(
        self, envelope: Envelope, bot: Bot, now: datetime
    ) -> tuple[Message | None, str]:
        """The Message of a `/infra …`, after the root of its thread is posted; or None and why not, for that person.

        The same command sent again has the same root, and so is the same message."""
        payload = envelope.payload
        channel, user = string(payload, "channel_id"), string(payload, "user_id")
        trigger = string(payload, "trigger_id")
        if not (channel and user and trigger):
            return None, "That command could not be read. Ask again."
        words = read(string(payload, "text")).strip() or "help"
        try:
            async with self._posting.setdefault(
                trigger, asyncio.Lock()
            ):  # it may come twice at once
                root = await self._root(
                    envelope, channel, trigger, render.asked(user, words, trigger)
                )
        except PermanentError as error:
            log.warning("a command in %s could not be answered: %s", channel, error)
            return None, f"I cannot answer here. {error} Or write to me directly."
        except ParleyError as error:
            return None, f"{error} Nothing was started; ask again in a moment."
        finally:
            self._posting.pop(trigger, None)
        return Message(
            id=root,
            conversation=Conversation(bot.instance, channel, parts(root)[1]),
            account=Account(bot.instance, user),
            text=words,
            at=now,
            addressed=True,
        ), ""

    async def _root(self, envelope: Envelope, channel: str, trigger: str, body: Json) -> str:
        found = self._roots.get(trigger)
        if found is None and envelope.again:
            found = await self._delivery.find(channel, "", trigger)
        if found is None:
            static = {"unfurl_links": False, "unfurl_media": False}
            answer = await self._web.call(
                "chat.postMessage", {"channel": channel, **body, **static}
            )
            found = reference(channel, str(answer.get("ts", "")))
        self._roots[trigger] = found
        if len(self._roots) > REMEMBERED:
            self._roots.popitem(last=False)
        return found

    async def open_modal(self, payload: Json) -> None:
        """Show the field for a change. Where that fails, a reply in the thread does the same, as the card says."""
        container, shown = mapping(payload, "container"), mapping(payload, "message")
        stamp, root = container.get("message_ts"), shown.get("thread_ts")
        channel = string(container, "channel_id") or string(mapping(payload, "channel"), "id")
        thread = root if is_stamp(root) else stamp
        trigger = string(payload, "trigger_id")
        if not (trigger and channel and is_stamp(thread)):
            return
        view = render.modal(channel, str(thread))
        try:
            await self._web.call("views.open", {"trigger_id": trigger, "view": view})
        except ParleyError as error:
            log.warning("the field for a change could not be shown: %s", error)
