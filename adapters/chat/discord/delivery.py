"""Outgoing → Discord: threads, messages, edits, reactions, files, words for one person alone. Called by `adapter.send`.

Every message has a nonce made of the outgoing's key: for some minutes Discord itself gives back what it has already taken.
When it is not known whether an earlier try came out, the history is looked through first.
"""

import logging
from collections import OrderedDict
from typing import TypeVar

from adapters.chat.discord import render
from adapters.chat.discord.answers import Answers
from adapters.chat.discord.places import Places
from adapters.chat.discord.rest import (
    CANNOT_DM,
    UNKNOWN_CHANNEL,
    Json,
)
from adapters.chat.discord.socket import Socket
from adapters.chat.discord.threads import Threads
from bot.model.errors import PermanentError, message_is_out
from bot.model.people import Account, Conversation
from bot.model.reports import Outgoing, Report

REMEMBERED = 2_000
LOOKED_AT = 50
EPHEMERAL = 64
Value = TypeVar("Value")
log = logging.getLogger(__name__)


class Delivery:
    """What one login sends."""

    def __init__(
        self, socket: Socket, places: Places, answers: Answers, threads: Threads, instance: str
    ) -> None:
        self._socket = socket
        self._places = places
        self._answers = answers
        self._instance = instance
        self._threads = threads
        self._posted: OrderedDict[str, str] = OrderedDict()
        self._seeded: OrderedDict[str, set[str]] = OrderedDict()
        self._private: OrderedDict[str, str] = OrderedDict()

    async def post(self, outgoing: Outgoing, report: Report) -> str:
        """A new message with its files and reactions; its id."""
        card = render.card(report, self._instance)
        told = await self._whisper(outgoing, card)
        if told:
            return told
        channel, answers = await self._place(outgoing, report)
        id = self._posted.get(outgoing.key, "")
        if not id and outgoing.uncertain:
            id = await self._find(channel, card, render.nonce(outgoing.key))
        if not id:
            body = card.body | {"nonce": render.nonce(outgoing.key), "enforce_nonce": True}
            if answers:
                body["message_reference"] = {"message_id": answers, "fail_if_not_exists": False}
            made = await self._send("POST", "/channels/{channel_id}/messages", channel, body, card)
            id = str(made["id"])
            _keep(self._seeded, id, set())
        _keep(self._posted, outgoing.key, id)
        with message_is_out():
            await self._seed(channel, id, card.seeds)
        return id

    async def edit(self, outgoing: Outgoing, report: Report, message: str) -> str:
        """Replace what `message` says and offers; the same reference."""
        card = render.card(report, self._instance)
        channel, _ = await self._place(outgoing, report)
        where = "/channels/{channel_id}/messages/{message_id}"
        await self._send("PATCH", where, channel, card.body, card, message)
        await self._seed(channel, message, card.seeds)
        return message

    async def react(self, outgoing: Outgoing, message: str, emoji: str) -> str:
        """Put one reaction; the message's id. The message that a command left stands for the command."""
        channel, id = self._answers.roots.get(message, ("", message))
        where = outgoing.conversation
        if not channel:
            channel = where.room if await self._outside(where, message) else where.thread
        await self._put(channel, id, emoji)
        return id

    async def _outside(self, where: Conversation, message: str) -> bool:
        """Whether a message stands in the room itself: a thread's root does, and all of a direct conversation."""
        if message == where.thread or where.thread == where.room or where.room in self._places.flat:
            return True
        place = await self._places.of(where.room)
        return place is not None and place.direct

    async def _send(
        self, method: str, path: str, channel: str, body: Json, card: render.Card, message: str = ""
    ) -> Json:
        answer: Json = await self._threads.into(
            channel,
            lambda: self._socket.rest.request(
                method, path, body, files=card.files, channel_id=channel, message_id=message
            ),
        )
        return answer

    def ours(self, message: str) -> bool:
        """Whether a message is one that this process has sent."""
        return message in self._seeded

    async def _place(self, outgoing: Outgoing, report: Report) -> tuple[str, str]:
        """The channel to write to, and the message that is answered there ("" for none)."""
        where = outgoing.conversation
        place = await self._places.of(where.room)
        if place is None:
            what = f"The Discord channel {where.room} cannot be seen."
            raise PermanentError(what, "Invite the bot there again.", reason=UNKNOWN_CHANNEL)
        if outgoing.only_to is not None and not place.direct:
            return await self._direct(outgoing.only_to), ""
        if where.thread in {"", where.room}:
            return where.room, ""
        if not place.direct and where.room not in self._places.flat:
            await self._threads.open(where, report)
        if place.direct or where.room in self._places.flat:
            return where.room, where.thread
        return where.thread, ""

    async def _whisper(self, outgoing: Outgoing, card: render.Card) -> str:
        """Words for one person as an answer to what that person has just pressed; "" where that cannot be."""
        if outgoing.only_to is None or outgoing.uncertain:
            return ""
        token = self._answers.take(outgoing.only_to, outgoing.conversation)
        if not token:
            return ""
        body = card.body | {"flags": EPHEMERAL}
        try:
            made = await self._socket.rest.request(
                "POST",
                "/webhooks/{webhook_id}/{webhook_token}",
                body,
                files=card.files,
                webhook_id=str(self._socket.client.application_id),
                webhook_token=token,
            )
        except PermanentError as error:
            log.info("a word for one person goes as a direct message: %s", error)
            return ""
        return str(made["id"])

    async def _direct(self, person: Account) -> str:
        """The channel of direct messages with that person."""
        if person.user not in self._private:
            made = await self._socket.rest.request(
                "POST", "/users/@me/channels", {"recipient_id": person.user}
            )
            _keep(self._private, person.user, str(made["id"]))
        return self._private[person.user]

    async def _find(self, channel: str, card: render.Card, nonce: str) -> str:
        """The message that an earlier try made, if it did: by its nonce where the history tells it, else by its words."""
        wanted = render.says(card.body)
        found: list[Json] = await self._socket.rest.request(
            "GET",
            "/channels/{channel_id}/messages",
            query={"limit": LOOKED_AT},
            channel_id=channel,
        )
        own = [each for each in found if each["author"]["id"] == self._socket.user]
        taken = set(self._posted.values())
        for each in own:
            same = each.get("nonce") == nonce or render.says(each) == wanted
            if same and str(each["id"]) not in taken:
                return str(each["id"])
        return ""

    async def _put(self, channel: str, message: str, emoji: str) -> None:
        await self._threads.into(
            channel,
            lambda: self._socket.rest.request(
                "PUT",
                "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me",
                channel_id=channel,
                message_id=message,
                emoji=emoji,
            ),
        )

    async def _seed(self, channel: str, message: str, wanted: tuple[str, ...]) -> None:
        """Make the bot's own reactions those wanted. A channel that forbids them still has the buttons."""
        try:
            await self._match(channel, message, wanted)
        except PermanentError as error:
            log.warning("reactions on %s in %s: %s", message, channel, error)

    async def _match(self, channel: str, message: str, wanted: tuple[str, ...]) -> None:
        there = self._seeded.get(message)
        if there is None:
            there = await self._own(channel, message)
            _keep(self._seeded, message, there)
        for emoji in [each for each in wanted if each not in there]:
            await self._put(channel, message, emoji)
            there.add(emoji)
        for emoji in there - set(wanted):
            await self._socket.rest.request(
                "DELETE",
                "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me",
                channel_id=channel,
                message_id=message,
                emoji=emoji,
            )
            there.discard(emoji)

    async def _own(self, channel: str, message: str) -> set[str]:
        """The bot's own reactions on a message."""
        found: Json = await self._socket.rest.request(
            "GET",
            "/channels/{channel_id}/messages/{message_id}",
            channel_id=channel,
            message_id=message,
        )
        reactions = found.get("reactions") or []
        return {str(each["emoji"]["name"]) for each in reactions if each.get("me")}


def closed(error: PermanentError) -> PermanentError:
    """A refused direct message, in words."""
    if error.reason != CANNOT_DM:
        return error
    what = "That person takes no direct messages from the bot."
    mend = "They can allow direct messages from members of this server."
    return PermanentError(what, mend, reason=CANNOT_DM)


def _keep(memory: OrderedDict[str, Value], key: str, value: Value) -> None:
    memory[key] = value
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)
