"""The console as a `Chat`: JSON lines over standard input and output. `bot.app` opens it; `terminal` is the other face."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

from adapters.chat.console.files import read
from adapters.chat.console.settings import Settings
from adapters.chat.console.socket import Input, Output
from adapters.chat.console.translate import Malformed, Reader, failed, reference, sent
from bot.model.events import Batch, Event, File
from bot.model.ports import Chat, Clock, Shown
from bot.model.reports import Outgoing

MOST_EVENTS = 500
"""Events of one batch: what is handled in one turn and committed at once."""


class Lines:
    """`parley chat --json`. A line `{"file": PATH, "text": "@infra …"}` sends a file of this machine; the text may be left out."""

    def __init__(self, reader: Reader, input: Input, output: Output) -> None:
        self._reader = reader
        self._input = input
        self._output = output
        self._number = 0

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        """Every line of the input, as many at once as there are. Ends with the input; there is no past to read."""
        async for lines in self._input.batches():
            for start in range(0, len(lines), MOST_EVENTS):
                events = self._events(lines[start : start + MOST_EVENTS])
                if events:
                    yield Batch(tuple(events), first="answer")
        await self._output.drain()

    def _events(self, lines: list[bytes]) -> list[Event]:
        events: list[Event] = []
        for line in lines:
            self._number += 1
            try:
                if line.strip():
                    events.append(self._reader.event(line))
            except Malformed as problem:
                self._output.put(failed(str(problem), self._number))
        return events

    async def send(self, outgoing: Outgoing) -> str:
        """Print it. Raises LoginError when nobody reads the output any more."""
        if outgoing.kind == "react" and not outgoing.number:  # nothing notes that it came out
            self._output.hold(sent(outgoing))
        else:
            if outgoing.kind == "post":
                self._reader.open(outgoing.conversation.thread or reference(outgoing))
            await self._output.write(sent(outgoing))
        return reference(outgoing)

    async def fetch(self, file: File, limit: int) -> bytes:
        """A file of this machine. Raises PermanentError."""
        return await asyncio.to_thread(read, file, limit)

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        """Nothing: whoever writes the lines keeps no reactions for us."""
        return ()


def open_console(
    instance: str,
    settings: Settings,
    bot_name: str,
    data: Path,
    clock: Clock,
    *,
    face: Literal["json", "terminal"],
    person: str,
    descriptors: tuple[int, int] = (0, 1),
) -> Chat:
    """A console on standard input and output. `person` speaks; others may only where `settings.impersonate` is true.
    Nothing is kept in `data`: what was typed is in the store, where it can be deleted."""
    reader = Reader(instance, bot_name, person, bool(settings.impersonate), clock)
    source, sink = descriptors
    if face == "json":
        return Lines(reader, Input(source), Output(sink))
    if os.isatty(source) and os.isatty(sink):
        from adapters.chat.console.terminal import Terminal  # lazy: brings prompt_toolkit and rich

        return Terminal(reader)
    from adapters.chat.console.text import Text  # lazy: nobody else needs it

    return Text(reader, Input(source), Output(sink))
