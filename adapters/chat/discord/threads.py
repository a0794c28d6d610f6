"""Threads: made on the message they answer, joined where somebody opened one on ours, reopened where they are archived.

Used by `delivery` and `adapter`.
"""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from adapters.chat.discord import render
from adapters.chat.discord.places import Places
from adapters.chat.discord.rest import ARCHIVED, THREAD_THERE, UNKNOWN_MESSAGE, WRONG_CHANNEL
from adapters.chat.discord.socket import Socket
from bot.model.errors import LoginError, ParleyError, PermanentError
from bot.model.people import Conversation
from bot.model.reports import Report

REMEMBERED = 2_000
TITLE = 90
Value = TypeVar("Value")
log = logging.getLogger(__name__)


class Threads:
    """The threads of one login."""

    def __init__(self, socket: Socket, places: Places) -> None:
        self._socket = socket
        self._places = places
        self._there: OrderedDict[str, None] = OrderedDict()
        self._asked: OrderedDict[str, str] = OrderedDict()

    def asked(self, root: str, words: str) -> None:
        """What a message asks that may get a thread: the thread is called after it."""
        _keep(self._asked, root, words)

    async def open(self, where: Conversation, report: Report) -> None:
        """Make the thread on its root message, unless it is there. Some kinds of channels have none."""
        known = self._places.cached(where.thread)
        if where.thread in self._there or (known is not None and known.thread):
            return
        try:
            await self._socket.rest.request(
                "POST",
                "/channels/{channel_id}/messages/{message_id}/threads",
                {"name": _title(self._asked.get(where.thread, ""), report)},
                channel_id=where.room,
                message_id=where.thread,
            )
        except PermanentError as error:
            if error.reason == WRONG_CHANNEL:
                self._places.flat.add(where.room)
                return
            if error.reason not in {THREAD_THERE, UNKNOWN_MESSAGE}:
                raise  # an unknown message: the thread may be one that began without any
        _keep(self._there, where.thread, None)

    async def into(self, channel: str, request: Callable[[], Awaitable[Any]]) -> Any:
        """A request into a thread, which is reopened for it where it is archived."""
        try:
            return await request()
        except PermanentError as error:
            if error.reason != ARCHIVED:
                raise
            await self._reopen(channel, error)
        return await request()

    async def _reopen(self, thread: str, refused: PermanentError) -> None:
        """Raises what was refused where the thread stays archived."""
        try:
            await self._socket.rest.request(
                "PATCH", "/channels/{channel_id}", {"archived": False}, channel_id=thread
            )
        except LoginError:
            raise
        except PermanentError as error:
            log.info("the thread %s stays archived: %s", thread, error)
            raise refused from error

    def forget(self, thread: str) -> None:
        """A thread that was deleted."""
        self._there.pop(thread, None)

    async def join(self, thread: str) -> None:
        """Come into a thread that somebody opened on a message of ours. That it cannot be is logged."""
        try:
            await self._socket.rest.request(
                "PUT", "/channels/{channel_id}/thread-members/@me", channel_id=thread
            )
        except ParleyError as error:
            log.warning("the thread %s cannot be joined: %s", thread, error)


def _title(words: str, report: Report) -> str:
    """What the thread is called: what was asked, else how the answer begins."""
    first = report.paragraphs[0].text if report.paragraphs else ""
    title = " ".join(render.visible(words or first).replace("`", "").split())
    return title[:TITLE] or "Request"


def _keep(memory: OrderedDict[str, Value], key: str, value: Value) -> None:
    memory[key] = value
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)
