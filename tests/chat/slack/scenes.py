"""Shared by the tests of this folder: an adapter against a server, and somebody who stores what it hears."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from adapters.chat.slack.adapter import Slack
from adapters.chat.slack.settings import Settings
from bot.clock import SystemClock
from bot.model.events import Batch, Event
from bot.model.people import Account, Conversation
from bot.model.reports import Control, Outgoing, Paragraph, Report
from tests.servers.slack_fake import APP_TOKEN, TOKEN, SlackFake

INSTANCE = "slack"
ALICE, BOB = "U01ALICE", "U02BOB"
VOTES = (Control("approve", "✅", "approve"), Control("reject", "❌", "reject"))


class Ears:
    """Somebody who stores what a chat hears as the inbox does: each id once, events and cursor together."""

    def __init__(
        self, chat: Slack, cursor: str | None = None, hold: asyncio.Event | None = None
    ) -> None:
        self.chat = chat
        self.cursor = cursor
        self.hold = hold
        self.events: list[Event] = []
        self.heard = 0
        self.held = 0
        self.lost: list[str] = []
        self.gone: list[str] = []
        self.closed: list[tuple[str, str]] = []
        self.error: BaseException | None = None
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            async with contextlib.aclosing(self.chat.listen(self.cursor)) as heard:  # type: ignore[type-var]  # a generator
                async for batch in heard:
                    await self._store(batch)
        except Exception as error:  # noqa: BLE001  # shown to the test by `until`
            self.error = error
            async with self._news:
                self._news.notify_all()

    async def _store(self, batch: Batch) -> None:
        if self.hold is not None:
            async with self._news:
                self.held += 1
                self._news.notify_all()
            await self.hold.wait()
        async with self._news:
            self.heard += len(batch.events)
            known = {event.id for event in self.events}
            fresh = {event.id: event for event in batch.events if event.id not in known}
            self.events.extend(fresh.values())
            self.cursor = batch.cursor or self.cursor
            self.lost += [batch.lost] if batch.lost else []
            self.gone += batch.gone
            self.closed += batch.closed
            self._news.notify_all()

    async def until(self, good: Callable[[list[Event]], bool], seconds: float = 20) -> list[Event]:
        """Wait until what was heard is good."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self.error is not None or good(self.events))
        except TimeoutError:
            raise AssertionError(f"heard {self.events}") from None
        if self.error is not None:
            raise self.error
        return self.events

    async def holding(self, batches: int) -> None:
        """Wait until so many batches were handed over, stored or not."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: self.held >= batches)

    async def placed(self) -> None:
        await self.until(lambda _: self.cursor is not None)

    async def stop(self) -> str | None:
        """As the end of the process would: no farewell. The stored cursor."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        return self.cursor


@dataclass
class Bench:
    """One app on one server, and every chat and pair of ears that a test made of it."""

    url: str
    _chats: list[Slack] = field(default_factory=list)
    _ears: list[Ears] = field(default_factory=list)

    def chat(self, **changes: object) -> Slack:
        """A new process's chat."""
        table: dict[str, object] = {
            "api_url": self.url,
            "bot_token": SecretStr(TOKEN),
            "app_token": SecretStr(APP_TOKEN),
            "timeout": 5.0,
        }
        return self._made(Settings.model_validate(table | changes))

    def chat_with(self, **given: Any) -> Slack:
        """As `chat`, with what the core gives: `suggest` and `home`."""
        return self._made(self.chat()._settings, **given)

    def _made(self, settings: Settings, **given: Any) -> Slack:
        chat = Slack(INSTANCE, settings, "infra", Path("unused"), SystemClock(), **given)
        self._chats.append(chat)
        return chat

    def hear(
        self, chat: Slack, cursor: str | None = None, hold: asyncio.Event | None = None
    ) -> Ears:
        ears = Ears(chat, cursor, hold)
        self._ears.append(ears)
        return ears

    async def close(self) -> None:
        for ears in self._ears:
            await ears.stop()
        for chat in self._chats:
            await chat.close()


@dataclass
class Scene:
    """The fake workspace with the bot listening in it."""

    fake: SlackFake
    bench: Bench
    chat: Slack
    ears: Ears

    async def root(self, text: str = "<@U0BOT> add a site") -> str:
        """Alice asks in C1; the ts of her message, once it is heard."""
        said = self.fake.say(ALICE, text)
        await self.fake.event(said)
        await self.ears.until(lambda events: any(said["ts"] in event.id for event in events))
        return str(said["ts"])


def outgoing(
    key: str, kind: str = "post", thread: str = "", room: str = "C1", **rest: object
) -> Outgoing:
    conversation = Conversation(INSTANCE, room, thread)
    return Outgoing(key=key, number=1, conversation=conversation, kind=kind, **rest)  # type: ignore[arg-type]  # tests pass what they mean


def card(*lines: str, controls: tuple[Control, ...] = (), **rest: object) -> Report:
    paragraphs = tuple(Paragraph(line) for line in lines)
    return Report("plan", paragraphs, controls=controls, **rest)  # type: ignore[arg-type]  # as above


def account(user: str) -> Account:
    return Account(INSTANCE, user)


COMMAND = {
    "command": "/infra",
    "text": "ask web1 about &lt;!channel&gt; disk",
    "channel_id": "C1",
    "user_id": ALICE,
    "trigger_id": "t9",
}


def press(reference: str, action: str, root: str) -> dict[str, object]:
    channel, _, stamp = reference.partition("/")
    return {
        "type": "block_actions",
        "user": {"id": BOB},
        "trigger_id": "t1",
        "channel": {"id": channel},
        "container": {"type": "message_attachment", "message_ts": stamp, "channel_id": channel},
        "message": {"ts": stamp, "thread_ts": root},
        "actions": [
            {"action_id": action, "type": "button", "value": "k1", "action_ts": "1790000000.5"}
        ],
    }
