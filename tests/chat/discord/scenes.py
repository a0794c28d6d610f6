"""A guild on simcord, people in it, the adapter, and somebody who listens to it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import simcord

from adapters.chat.discord.adapter import Discord
from adapters.chat.discord.settings import Settings
from adapters.chat.discord.socket import Socket
from bot.clock import SystemClock
from bot.model.events import Batch, Event
from bot.model.people import Account, Conversation
from bot.model.reports import Control, Outgoing, Paragraph, Report

PATIENCE = 5.0
VOTES = (Control("approve", "✅", "approve"), Control("reject", "❌", "reject"))
AGENTS = ("web1", "web2", "nas")
CAPABILITIES = ("add a reverse proxy", "add a static site", "show disk usage")


class PlainClock(SystemClock):
    """simcord makes `time.monotonic` virtual inside the library's tasks only: the test and the bot must see one clock."""

    def monotonic(self) -> float:
        return time.perf_counter()


class InProcess(Socket):
    """simcord brings the gateway's payloads itself: nothing is to be connected."""

    async def run(self) -> None:
        await asyncio.Event().wait()


def suggest(kind: str) -> Sequence[str]:
    return AGENTS if kind == "agents" else CAPABILITIES


def adapter(folder: Path, **settings: Any) -> Discord:
    """A fresh adapter for simcord."""
    made = Settings(token="t", **settings)  # type: ignore[arg-type]  # pydantic makes a secret of it
    clock = PlainClock()
    return Discord(
        "discord", made, "infra", folder, clock, suggest, socket=InProcess("discord", made, clock)
    )


class Ears:
    """Who listens: everything heard, in order, and the last cursor."""

    def __init__(self, chat: Discord, cursor: str | None = None) -> None:
        self.batches: list[Batch] = []
        self.events: list[Event] = []
        self._more = asyncio.Event()
        self._chat = chat
        self._task = asyncio.get_running_loop().create_task(self._listen(cursor))

    @property
    def cursor(self) -> str:
        found = self.batches[-1].cursor
        assert found is not None
        return found

    async def _listen(self, cursor: str | None) -> None:
        async for batch in self._chat.listen(cursor):
            self.batches.append(batch)
            self.events += batch.events
            self._more.set()

    async def upto(self, count: int) -> list[Event]:
        """Everything heard, as soon as it is so many; then nothing more may come at once."""
        async with asyncio.timeout(PATIENCE):
            while len(self.events) < count:
                self._more.clear()
                waits = asyncio.ensure_future(self._more.wait())
                await asyncio.wait({waits, self._task}, return_when=asyncio.FIRST_COMPLETED)
                waits.cancel()
                if self._task.done():
                    self._task.result()
        await asyncio.sleep(0.01)
        assert len(self.events) == count, self.events
        return self.events

    async def placed(self) -> None:
        """Until the first batch."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if self.batches:
                    return
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@dataclass
class Scene:
    """Everything a test needs."""

    env: simcord.Env
    chat: Discord
    ears: Ears
    guild: Any
    channel: Any
    alice: Any
    bob: Any
    folder: Path
    keys: list[str] = field(default_factory=list)

    def account(self, person: Any) -> Account:
        return Account("discord", str(person.id))

    def thread(self, root: Any) -> Conversation:
        return Conversation("discord", str(self.channel.id), str(root.id))

    async def post(self, where: Conversation, report: Report, **more: Any) -> str:
        self.keys.append(f"key{len(self.keys)}")
        outgoing = Outgoing(self.keys[-1], len(self.keys), where, "post", report, **more)
        return await self.chat.send(outgoing)

    async def edit(self, where: Conversation, report: Report, message: str) -> None:
        self.keys.append(f"key{len(self.keys)}")
        await self.chat.send(
            Outgoing(self.keys[-1], len(self.keys), where, "edit", report, message=message)
        )

    async def card(self) -> tuple[Any, Conversation, Any]:
        """Alice asks for something; the root, its thread and the pending card in it."""
        before = len(self.ears.events)
        root = await self.alice.send(self.channel, f"<@{self.bot}> add a proxy")
        await self.ears.upto(before + 1)
        where = self.thread(root)
        reference = await self.post(where, pending())
        return root, where, self.message(where, reference)

    @property
    def bot(self) -> str:
        return self.chat.socket.user

    async def leave(self) -> None:
        """The bot goes away; people go on."""
        await self.ears.close()

    async def come(self, cursor: str | None) -> None:
        """A fresh process comes back with this cursor."""
        self.chat = adapter(self.folder)
        await self.env.restart_bot(self.chat.socket.client)
        self.ears = Ears(self.chat, cursor)

    def message(self, where: Conversation, reference: str) -> Any:
        """A message in a thread (or in a direct conversation) by its reference."""
        for channel in (where.thread, where.room):
            found = self.env.backend.messages.get(int(channel), {}).get(int(reference))
            if found is not None:
                from simcord.results import to_discord_message

                return to_discord_message(self.env, found)
        raise AssertionError(f"{reference} is nowhere in {where}")


def pending(*lines: str) -> Report:
    """A plan that waits."""
    text = lines or ("1. web1 · nginx-sites: add a reverse proxy",)
    return Report(
        "plan",
        (
            Paragraph("Plan 7f3a · change · for alice", "strong"),
            *(Paragraph(each) for each in text),
        ),
        "grey",
        VOTES,
    )


def answer(text: str) -> Report:
    return Report("answer", (Paragraph(text),))
