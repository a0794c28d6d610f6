"""A whole bot whose planner ends the process with SIGKILL at the word `poison`. Started again and again by test_poison.py.

`python poisoned.py FOLDER "at once"|"stored first"|"together"`: its chat gives the same message at every start, as a platform does that was never told that it
arrived; what the bot answers goes to files of their names.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from bot import app, config
from bot.model.events import Batch, Event, Message
from bot.model.people import Account, Conversation
from bot.model.ports import Idea, Request, Shown, Unknown
from bot.model.reports import Outgoing

ROOM = Conversation("console", "room", "t1")


class Deadly:
    """Implements `ports.Planner`."""

    async def plan(self, request: Request) -> Idea:
        if "poison" in request.text:
            os.kill(os.getpid(), signal.SIGKILL)
        return Unknown("It is harmless.")


def spoken(id: str, text: str) -> Message:
    where = replace(ROOM, thread=id)
    return Message(id, where, Account("console", "alice"), text, datetime.now(UTC), True)


@dataclass
class Insistent:
    """Implements `ports.Chat`."""

    folder: Path
    stop: asyncio.Event
    how: str

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        said = [spoken("m1", "poison"), spoken("m2", "water")]
        for events in [said] if self.how == "together" else [[each] for each in said]:
            yield Batch(tuple(events), first="answer" if self.how == "at once" else "word")
        await self.stop.wait()

    async def send(self, outgoing: Outgoing) -> str:
        if outgoing.report is not None:
            said = self.folder / outgoing.conversation.thread
            said.write_text(outgoing.report.text, encoding="utf8")
            if all((self.folder / id).exists() for id in ("m1", "m2")):
                self.stop.set()
        return f"p{outgoing.number}"

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        return ()


async def main(folder: Path, how: str) -> None:
    people = [{"name": "alice", "roles": ["operator"], "console": "alice"}]
    table = {"bot": {"data": str(folder / "data")}, "chat": {"console": {}}, "people": people}
    configuration = config.build(table, None, folder)
    async with app.open_house(configuration) as house:
        stop = asyncio.Event()
        chats = {"console": Insistent(folder, stop, how)}
        await app.serve(replace(house, planner=Deadly()), configuration, chats, stop)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
