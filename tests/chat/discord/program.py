"""A process with the adapter in it, as a bot would have it: what is heard is stored (fsync), then answered. Run by the tests.

Usage: program.py FOLDER API_URL GATEWAY_URL TOKEN ARRIVE_WITHIN. FOLDER/heard.jsonl has every event once, FOLDER/cursor where to go on,
FOLDER/ended why it ended, FOLDER/cards.jsonl the cards that were sent. While FOLDER/hold is there, the store is busy. "card" is answered with a card, "speak" with files, anything else that is addressed with its own words.
"""

import asyncio
import json
import os
import sys
from base64 import b64encode
from pathlib import Path

from adapters.chat.discord.adapter import Discord
from adapters.chat.discord.settings import Settings
from bot.clock import SystemClock
from bot.model.errors import PermanentError, TemporaryError
from bot.model.events import Batch, Event, Message
from bot.model.people import Conversation
from bot.model.ports import Shown
from bot.model.reports import Attachment, Control, Outgoing, Paragraph, Report

VOTES = (Control("approve", "✅", "approve"), Control("reject", "❌", "reject"))
SOUND = b64encode(bytes(range(256)) * 300).decode()
SPOKEN = (Attachment("answer.ogg", SOUND, "audio/ogg"), Attachment("words.txt", "grün"))


class Store:
    """Events by id, each once, on the disk before the adapter goes on."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "heard.jsonl"
        self.place = folder / "cursor"
        self.lost = folder / "lost.jsonl"
        self.cards = folder / "cards.jsonl"
        self.hold = folder / "hold"
        self.ids = set()
        if self.file.exists():
            self.ids = {json.loads(line)["id"] for line in self.file.read_text().splitlines()}

    def cursor(self) -> str | None:
        return self.place.read_text() if self.place.exists() else None

    def take(self, batch: Batch) -> list[Event]:
        new = [each for each in batch.events if each.id not in self.ids]
        self.ids |= {each.id for each in new}
        with self.file.open("a") as out:
            for each in new:
                fields = {name: str(getattr(each, name)) for name in each.__slots__}
                out.write(json.dumps(fields | {"id": each.id}) + "\n")
            out.flush()
            os.fsync(out.fileno())
        if batch.gone or batch.closed:
            with self.lost.open("a") as out:
                out.write(json.dumps({"gone": batch.gone, "closed": batch.closed}) + "\n")
        self.place.write_text(batch.cursor or "")
        return new

    def keep(self, where: Conversation, message: str) -> None:
        with self.cards.open("a") as out:
            out.write(json.dumps([message, where.room, where.thread]) + "\n")

    def shown(self) -> list[Shown]:
        lines = self.cards.read_text().splitlines() if self.cards.exists() else []
        return [
            Shown(message, Conversation("discord", room, thread), frozenset())
            for message, room, thread in map(json.loads, lines)
        ]

    async def free(self) -> None:
        while True:
            if not self.hold.exists():
                return
            await asyncio.sleep(0.02)


async def speak(chat: Discord, event: Event, store: Store, number: int) -> None:
    if not isinstance(event, Message) or not event.addressed:
        return
    card = event.text == "card"
    report = Report("plan", (Paragraph("Plan 7f3a"), Paragraph("web1")), controls=VOTES)
    if not card:
        report = Report("answer", (Paragraph(event.text),))
    if event.text == "speak":
        report = Report("answer", (Paragraph("91 % full"),), attachments=SPOKEN)
    outgoing = Outgoing(f"for {event.id}", number, event.conversation, "post", report)
    while True:
        try:
            sent = await chat.send(outgoing)
        except TemporaryError as error:
            await asyncio.sleep(error.after or 0.2)
        else:
            if card:
                store.keep(outgoing.conversation, sent)
            return


async def converse(chat: Discord, store: Store) -> None:
    events = tuple(await chat.reconcile(store.shown())) if store.cards.exists() else ()
    if events:
        store.take(Batch(events, store.cursor()))
    async with asyncio.TaskGroup() as group:
        async for batch in chat.listen(store.cursor()):
            for each in store.take(batch):
                group.create_task(speak(chat, each, store, len(store.ids)))
            await store.free()


async def main(folder: Path, api: str, gateway: str, token: str, within: str) -> None:
    settings = Settings(token=token, api_url=api, gateway_url=gateway, timeout=3)  # type: ignore[arg-type]  # a secret by pydantic
    clock = SystemClock()
    chat = Discord("discord", settings, "infra", folder, clock, arrive_within=float(within))
    store = Store(folder)
    try:
        await converse(chat, store)
    except* PermanentError as errors:
        (folder / "ended").write_text(str(errors.exceptions[0]))
    finally:
        await chat.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:6]))
