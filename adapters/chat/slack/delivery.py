"""Outgoing → Slack: messages in threads, edits, reactions, files, words for one person. Called by `adapter.send`.

Slack has no idempotent post. Every message carries its key in its metadata: what this process posted is remembered, and
what an earlier one may have posted is looked for in the thread.
"""

import hashlib
import logging
from collections.abc import Iterable
from typing import TypeVar

from adapters.chat.slack import emoji, render
from adapters.chat.slack.files import upload
from adapters.chat.slack.render import Card
from adapters.chat.slack.text import escape, visible
from adapters.chat.slack.translate import is_stamp, parts, reference
from adapters.chat.slack.web import Json, Web, pages
from bot.model.errors import ParleyError, PermanentError, message_is_out
from bot.model.reports import Attachment, Control, Outgoing, Report

REMEMBERED = 2_000
"""How many sends and messages are remembered."""
PAGES = 20
"""At most this many pages of a thread are looked through for an earlier send."""
EPHEMERAL = "ephemeral:"
"""Begins the ts part of a reference that no request can use: words for one person alone cannot be edited."""

_STATIC: Json = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}
Value = TypeVar("Value")
log = logging.getLogger(__name__)


class Delivery:
    """What one login sends."""

    def __init__(self, instance: str, web: Web) -> None:
        self._instance = instance
        self._web = web
        self._posted: dict[str, str] = {}
        self._seeded: dict[str, frozenset[str]] = {}
        self._attached: dict[str, None] = {}

    async def post(self, outgoing: Outgoing, report: Report) -> str:
        """A new message with its files and reactions; its reference."""
        made = render.card(report, outgoing.key, self._instance)
        channel, thread = _place(outgoing)
        if outgoing.only_to is not None and not channel.startswith("D"):
            return await self._whisper(outgoing, outgoing.only_to.user, made)
        there = self._posted.get(outgoing.key)
        if there is None and outgoing.uncertain:
            there = await self.find(channel, thread, outgoing.key)
        if there is None:
            answer = await self._web.call("chat.postMessage", _message(channel, thread, made.body))
            there = reference(str(answer.get("channel") or channel), str(answer.get("ts", "")))
            _keep(self._seeded, there, frozenset())
        _keep(self._posted, outgoing.key, there)
        with message_is_out():
            await self._attach(there, thread, made.files, report)
            await self._seed(there, report.controls)
        return there

    async def edit(self, outgoing: Outgoing, report: Report, message: str) -> str:
        """Replace what `message` says and offers; the same reference."""
        channel, stamp = parts(message)
        if not is_stamp(stamp):
            what = "Words that only one person saw cannot be edited on Slack."
            raise PermanentError(what, reason="ephemeral")
        made = render.card(report, outgoing.key, self._instance)
        static = {name: value for name, value in _STATIC.items() if "unfurl" not in name}
        await self._web.call(
            "chat.update", {"channel": channel, "ts": stamp, **made.body, **static}
        )
        _, thread = _place(outgoing)
        await self._attach(message, thread, made.files, report)
        await self._seed(message, report.controls)
        return message

    async def react(self, message: str, mark: str) -> str:
        """Put one reaction; the message's reference."""
        name = emoji.name(mark)
        if not name:
            what = f"Slack's name of {mark} is not known here."
            raise PermanentError(what, "Add it to adapters/chat/slack/emoji.py.", reason="emoji")
        await self._put(message, name)
        return message

    async def find(self, channel: str, thread: str, key: str) -> str | None:
        """The message that an earlier try of this key made, if it did."""
        method = "conversations.replies" if thread else "conversations.history"
        query = {"channel": channel, "include_all_metadata": "true", "limit": 200}
        query |= {"ts": thread} if thread else {}
        async for each in pages(self._web.ask, method, "messages", query, PAGES if thread else 1):
            payload = (each.get("metadata") or {}).get("event_payload") or {}
            if payload.get("key") == key and each.get("user") == self._web.user:
                return reference(channel, str(each.get("ts", "")))
        return None

    async def _whisper(self, outgoing: Outgoing, user: str, made: Card) -> str:
        """Words for one person, in the thread and for their eyes alone; where they are not in the channel, directly."""
        channel, thread = _place(outgoing)
        body = _message(channel, thread, made.body) | {"user": user}
        body.pop("metadata", None)
        try:
            answer = await self._web.call("chat.postEphemeral", body)
        except PermanentError as error:
            if error.reason != "user_not_in_channel":
                raise
            answer = await self._web.call("conversations.open", {"users": user})
            direct = str((answer.get("channel") or {}).get("id", ""))
            answer = await self._web.call("chat.postMessage", _message(direct, "", made.body))
            return reference(direct, str(answer.get("ts", "")))
        return reference(channel, EPHEMERAL + str(answer.get("message_ts", "")))

    async def _attach(
        self, message: str, thread: str, files: Iterable[Attachment], report: Report
    ) -> None:
        """Post the files, each once. One that is refused is named in its place, but a plan's belongs to what is
        approved: then the card goes again and the send has failed."""
        channel, stamp = parts(message)
        root = thread or stamp
        for each in files:
            mark = hashlib.sha256(
                "\0".join((message, each.name, each.text)).encode("utf8", "replace")
            )
            if mark.hexdigest() in self._attached:
                continue
            try:
                await upload(self._web, each, channel, root)
            except PermanentError as error:
                if report.kind == "plan":
                    await self._withdraw(message)
                    raise
                words = visible(f"{each.name} could not be attached. {error}")
                body = _message(channel, root, {"text": escape(words)})
                await self._web.call("chat.postMessage", body)
            _keep(self._attached, mark.hexdigest(), None)

    async def _withdraw(self, message: str) -> None:
        channel, stamp = parts(message)
        try:
            await self._web.call("chat.delete", {"channel": channel, "ts": stamp})
        except PermanentError as error:
            log.warning("a card without its files could not be removed: %s", error)

    async def _seed(self, message: str, controls: tuple[Control, ...]) -> None:
        """Make the bot's own reactions those of the votes. Where that is refused, there are the buttons."""
        names = [name for each in controls if each.votes and (name := emoji.name(each.emoji))]
        wanted = frozenset(names)
        try:
            there = self._seeded.get(message)
            if there is None:
                there = await self._own(message)
            for name in sorted(there - wanted):
                await self._remove(message, name)
            for name in names:
                if name not in there:
                    await self._put(message, name)
        except ParleyError as error:
            log.warning("reactions on %s: %s", message, error)
            return
        _keep(self._seeded, message, wanted)

    async def _own(self, message: str) -> frozenset[str]:
        found = await reactions(self._web, message)
        return frozenset(name for name, users in found.items() if self._web.user in users)

    async def _put(self, message: str, name: str) -> None:
        await self._reaction("reactions.add", message, name, "already_reacted")

    async def _remove(self, message: str, name: str) -> None:
        await self._reaction("reactions.remove", message, name, "no_reaction")

    async def _reaction(self, method: str, message: str, name: str, harmless: str) -> None:
        channel, stamp = parts(message)
        try:
            await self._web.call(method, {"channel": channel, "timestamp": stamp, "name": name})
        except PermanentError as error:
            if error.reason != harmless:
                raise


async def reactions(web: Web, message: str) -> dict[str, frozenset[str]]:
    """Who put what on a message: user ids by emoji name. Raises TemporaryError, PermanentError."""
    channel, stamp = parts(message)
    query = {"channel": channel, "timestamp": stamp, "full": "true"}
    found = (await web.ask("reactions.get", query)).get("message") or {}
    listed = found.get("reactions") or []
    return {
        str(each.get("name", "")): frozenset(map(str, each.get("users") or [])) for each in listed
    }


def _place(outgoing: Outgoing) -> tuple[str, str]:
    """Channel and thread root (empty for none)."""
    thread = outgoing.conversation.thread
    return outgoing.conversation.room, thread if is_stamp(thread) else ""


def _message(channel: str, thread: str, body: Json) -> Json:
    return {"channel": channel, **({"thread_ts": thread} if thread else {}), **body, **_STATIC}


def _keep(memory: dict[str, Value], key: str, value: Value) -> None:
    memory[key] = value
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]
