"""The same requests to a Parley whose chat is in memory, as that of errbot's own test back end is. Run by `requests_bench` in a
process of its own: `python -m tests.bench.memory CONFIGURATION SERIAL BURST` prints, by kind, [serial, burst] in answers a second.

Everything else is as in the process that people run: the same wiring, the same database on the disk, and an answer counts once it
was sent, which is after COMMIT. What is left out are two pipes and a second process to wake up.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from adapters.chat.console.translate import Reader
from bot import app, config
from bot.clock import SystemClock
from bot.model.events import Batch, Event, Message
from bot.model.ports import Shown
from bot.model.reports import Outgoing
from tests.bench.requests_bench import KINDS, WARM, Speeds, Text
from tests.bench.running import Watch

MOST = 500
"""Events of one batch, as on the console."""


class Memory:
    """Implements `ports.Chat`: what is pushed is heard, what is posted can be popped."""

    def __init__(self) -> None:
        self._reader = Reader("console", "infra", "alice", impersonate=False, clock=SystemClock())
        self._heard: asyncio.Queue[Message | None] = asyncio.Queue()
        self._posts: asyncio.Queue[str] = asyncio.Queue()
        self.pop = self._posts.get

    def push(self, id: str, text: str) -> None:
        """One request in a thread of its own."""
        said = self._reader.message(self._reader.account("alice"), f"@infra {text}", id, f"t-{id}")
        self._heard.put_nowait(said)

    def end(self) -> None:
        self._heard.put_nowait(None)

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        ended = False
        while not ended:
            heard = [await self._heard.get()]
            while len(heard) < MOST and not self._heard.empty():
                heard.append(self._heard.get_nowait())
            ended = None in heard
            if events := tuple(filter(None, heard)):
                yield Batch(events, first="answer")

    async def send(self, outgoing: Outgoing) -> str:
        if outgoing.kind == "post" and outgoing.report is not None:
            self._posts.put_nowait(outgoing.report.text)
        return f"p{outgoing.number}"

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        return ()


async def measure(chat: Memory, name: str, text: Text, serial: int, burst: int) -> Speeds:
    """Answers a second: one after another, and `burst` requests pushed at once, as `requests_bench.measure` has them."""
    for number in range(WARM):
        chat.push(f"{name}-warm-{number}", text(-1 - number))
        await chat.pop()
    watch = Watch()
    for number in range(burst):
        chat.push(f"{name}-burst-{number}", text(number))
    for _ in range(burst):
        await chat.pop()
    together = burst / watch.seconds
    watch = Watch()
    for number in range(serial):
        chat.push(f"{name}-serial-{number}", text(burst + number))
        await chat.pop()
    return serial / watch.seconds, together


async def main(path: Path, serial: int, burst: int) -> None:
    configuration, chat = config.load(path), Memory()
    chats = {"console": chat}
    async with app.open_house(configuration) as house, asyncio.TaskGroup() as group:
        group.create_task(app.serve(house, configuration, chats, asyncio.Event()))
        found = {
            name: await measure(chat, name, text, serial, burst) for name, text in KINDS.items()
        }
        chat.end()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
