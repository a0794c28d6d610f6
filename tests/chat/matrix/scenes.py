"""Shared by the tests of this folder: one bot account and its processes, somebody who stores what is heard, a room."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from adapters.chat.matrix.adapter import Matrix
from adapters.chat.matrix.settings import Settings
from bot.clock import SystemClock
from bot.model.events import Batch, Event
from bot.model.people import Account, Conversation
from bot.model.ports import Clock
from bot.model.reports import Control, Outgoing, Paragraph, Report
from tests.servers.matrix_driver import Driver
from tests.servers.synapse import Synapse, User

INSTANCE = "matrix"


class Ears:
    """Somebody who stores what a chat hears: events and cursor together, then resumes it."""

    def __init__(self, chat: Matrix, cursor: str | None = None) -> None:
        self.chat = chat
        self.cursor = cursor
        self.events: list[Event] = []
        self.gone: list[str] = []
        self.closed: list[tuple[str, str]] = []
        self.error: BaseException | None = None
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            async for batch in self.chat.listen(self.cursor):
                await self._store(batch)
        except Exception as error:  # noqa: BLE001  # shown to the test by `until`
            self.error = error
            async with self._news:
                self._news.notify_all()

    async def _store(self, batch: Batch) -> None:
        async with self._news:
            self.events.extend(batch.events)
            self.gone.extend(batch.gone)
            self.closed.extend(batch.closed)
            self.cursor = batch.cursor or self.cursor
            self._news.notify_all()

    async def until(self, good: Callable[[list[Event]], bool], seconds: float = 30) -> list[Event]:
        """Wait until what was heard is good."""

        def ended() -> bool:
            return self.error is not None or good(self.events)

        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(ended)
        except TimeoutError:
            raise AssertionError(f"heard {self.events}") from None
        if self.error is not None:
            raise self.error
        return self.events

    async def placed(self) -> str:
        """Wait for the first position; the cursor."""
        await self.until(lambda _: self.cursor is not None)
        assert self.cursor is not None
        return self.cursor

    async def stop(self) -> str | None:
        """As the end of the process would: no farewell. The stored cursor."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        return self.cursor


@dataclass
class Bench:
    """One bot account, its data folder, and every chat and pair of ears that a test made of it."""

    synapse: Synapse
    user: User
    data: Path
    clock: Clock = field(default_factory=SystemClock)
    _chats: list[Matrix] = field(default_factory=list)
    _ears: list[Ears] = field(default_factory=list)

    def settings(self, **changes: object) -> Settings:
        table: dict[str, object] = {
            "homeserver": self.synapse.url,
            "user": self.user.id,
            "password": SecretStr(self.user.password),
            "poll": 2.0,
        }
        return Settings.model_validate(table | changes)

    def chat(self, **changes: object) -> Matrix:
        """A new process's chat on the same data."""
        chat = Matrix(INSTANCE, self.settings(**changes), "infra", self.data, self.clock)
        self._chats.append(chat)
        return chat

    def hear(self, chat: Matrix, cursor: str | None = None) -> Ears:
        ears = Ears(chat, cursor)
        self._ears.append(ears)
        return ears

    def process(self, heard: Path, *words: str) -> subprocess.Popen[bytes]:
        """The chat in a process of its own, which writes what it stores into `heard` (see listener.py)."""
        settings = self.settings(poll=0.5).model_dump(mode="json") | {
            "password": self.user.password
        }
        script = Path(__file__).with_name("listener.py")
        root = script.parents[3]
        return subprocess.Popen(
            [sys.executable, str(script), json.dumps(settings), str(self.data), str(heard), *words],
            env={"PYTHONPATH": str(root), "PATH": os.environ.get("PATH", "")},
            cwd=root,
        )

    async def close(self) -> None:
        for ears in self._ears:
            await ears.stop()
        for chat in self._chats:
            await chat.close()


@dataclass
class Scene:
    """A room with alice and the bot in it, the bot listening."""

    bench: Bench
    room: str
    chat: Matrix
    ears: Ears

    @property
    def bot(self) -> str:
        return self.bench.user.id

    def post(self, key: str, report: Report, thread: str, **changes: object) -> Outgoing:
        return outgoing(key, "post", self.room, thread, report=report, **changes)


async def joined(driver: Driver, room: str, user: str) -> None:
    """Wait until that user is in the room."""
    for _ in range(400):
        answer = await driver.request("GET", "rooms", room, "joined_members")
        if user in answer["joined"]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{user} did not join {room}")


def outgoing(key: str, kind: str, room: str, thread: str, **rest: object) -> Outgoing:
    conversation = Conversation(INSTANCE, room, thread)
    return Outgoing(key=key, number=1, conversation=conversation, kind=kind, **rest)  # type: ignore[arg-type]  # tests pass what they mean


def card(*lines: str, controls: tuple[Control, ...] = (), **rest: object) -> Report:
    paragraphs = tuple(Paragraph(line) for line in lines)
    return Report("plan", paragraphs, controls=controls, **rest)  # type: ignore[arg-type]  # as above


VOTES = (Control("approve", "✅", "approve"), Control("reject", "❌", "reject"))


def account(driver: Driver) -> Account:
    return Account(INSTANCE, driver.user)


@contextlib.asynccontextmanager
async def killed(process: subprocess.Popen[bytes]) -> AsyncIterator[None]:
    """A process that ends by SIGKILL with the block."""
    try:
        yield
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)


def stored(heard: Path) -> dict[str, str]:
    """What a listener process has stored: text by event id."""
    lines = heard.read_text().splitlines() if heard.exists() else []
    return {each["id"]: each["text"] for line in lines for each in json.loads(line)["heard"]}


async def until_stored(heard: Path, count: int) -> dict[str, str]:
    """Wait until so many messages are stored."""
    for _ in range(600):
        if len(stored(heard)) >= count:
            break
        await asyncio.sleep(0.1)
    return stored(heard)
