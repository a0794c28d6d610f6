"""A room with people and the bot in it, the same on every platform: what a contract may lean on.

A platform says what people do and what they see; waiting and reading are here. `console_room`, `matrix_room` and those
beside them are the platforms there are; the bot in them is always a process of its own.
"""

import asyncio
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests.contracts.heard import Heard, Line, Said

T = TypeVar("T")

PATIENCE = 45.0
"""Seconds after which something that should have happened counts as never done. Not a measure of speed."""

LOOK = 0.1


class Room(ABC):
    """One room, one bot, one data folder."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.patience = PATIENCE
        self.configuration = Path()
        self.process: asyncio.subprocess.Process | None = None

    @abstractmethod
    async def says(self, person: str, text: str, thread: str | None = None) -> Said:
        """Somebody writes: in a thread, or else as the beginning of one. While the bot is away, too."""

    @abstractmethod
    async def speaks(self, person: str, sound: bytes, thread: str) -> Said:
        """Somebody sends a voice note into a thread, without a word beside it."""

    @abstractmethod
    async def rewrites(self, person: str, said: Said, text: str) -> None:
        """Somebody changes what they wrote, as far as the platform lets them."""

    @abstractmethod
    async def reacts(self, person: str, emoji: str, message: str) -> None:
        """Somebody puts an emoji on a message."""

    @abstractmethod
    async def unreacts(self, person: str, emoji: str, message: str) -> None:
        """Somebody takes it off again."""

    @abstractmethod
    async def heard(self) -> Heard:
        """Everything that the bot has done here so far."""

    @abstractmethod
    async def start_bot(self) -> None:
        """Begin, or begin again on the same data; returns when the room is listened to."""

    @abstractmethod
    async def close(self) -> None:
        """End everything that belongs to the room."""

    async def stop_bot(self) -> None:
        """SIGTERM: it drains and exits 0."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(self.process.wait(), PATIENCE) == 0, self.words()
        await self._gone()

    async def kill_bot(self) -> None:
        """SIGKILL, by its pid."""
        if self.process is not None:
            if self.process.returncode is None:
                self.process.kill()
            await self.process.wait()
            await self._gone()

    async def _gone(self) -> None:
        self.process = None

    def words(self) -> str:
        """The end of what the bot wrote to its log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    async def until(self, ask: Callable[[Heard], T | None], times: int = 1) -> T:
        """The first true answer to `ask`. Raises AssertionError with what was heard, at once when the bot has ended, else
        after so many `times` its patience."""
        clock = asyncio.get_running_loop().time
        last = clock() + self.patience * times
        while True:
            ended = self.process is None or self.process.returncode is not None
            heard = await self.heard()
            found = ask(heard)
            if found:
                return found
            if ended or clock() > last:
                what = "The bot has ended" if ended else "Never seen"
                raise AssertionError(f"{what}. Heard:\n{heard.transcript()}\n{self.words()}")
            await asyncio.sleep(LOOK)

    async def post(self, thread: str, *kinds: str) -> Line:
        """The first post of one of these kinds in a thread, as soon as it is there."""
        return await self.until(lambda heard: heard.first(thread, *kinds))

    async def card(self, message: str, state: str) -> Line:
        """A card, as soon as it reads so."""
        return await self.until(
            lambda heard: card if (card := heard.card(message)).state == state else None
        )

    async def word(self, person: str, *parts: str) -> str:
        """A word to that person alone that has all these parts."""

        def good(heard: Heard) -> str | None:
            words = heard.private(person)
            return next((text for text in words if all(part in text for part in parts)), None)

        return await self.until(good)

    async def asked(self, name: str = "hello", person: str = "alice") -> Line:
        """A site is asked for; the card that waits, with its ✅ and ❌."""
        said = await self.says(person, f"@infra create a site called {name} on web1")
        return await self.seeded(said.thread)

    async def seeded(self, thread: str) -> Line:
        """The first card of a thread, once it waits with its ✅ and ❌."""
        card = await self.post(thread, "plan")
        assert card.state == "pending"
        await self.until(lambda heard: {"✅", "❌"} <= heard.offers.get(card.message, frozenset()))
        return card

    async def settled(self) -> Heard:
        """What was heard, once a request made now is answered: whatever came before it is handled."""
        said = await self.says("alice", "@infra status")
        await self.post(said.thread, "answer")
        return await self.heard()
