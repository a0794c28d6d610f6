"""The console without a terminal and without JSON: plain words, line by line. Opened by `adapter`."""

from collections.abc import AsyncIterator, Sequence

from adapters.chat.console.render import Change, shown
from adapters.chat.console.socket import MAX_LINE, Input, Output
from adapters.chat.console.talk import Notice, Quit, Talk
from adapters.chat.console.translate import Reader, reference
from bot.model.events import Batch, Event
from bot.model.ports import Shown
from bot.model.reports import Outgoing

_LEFT_OUT = Notice("A line that is too long or not UTF-8 was left out.")


class Text:
    """`parley chat` in a pipe."""

    def __init__(self, reader: Reader, input: Input, output: Output) -> None:
        self._talk = Talk(reader)
        self._input = input
        self._output = output
        self._change = Change()

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        """One event a batch, because what a line means depends on what the one before brought about."""
        async for lines in self._input.batches():
            for line in lines:
                heard = self._hear(line)
                if isinstance(heard, Quit):
                    return
                if heard is not None:
                    yield Batch((heard,), first="answer")
        await self._output.drain()

    def _hear(self, line: bytes) -> Event | Quit | None:
        heard = self._talk.hear(words) if (words := _words(line)) is not None else _LEFT_OUT
        if isinstance(heard, Notice):
            self._output.put(f"{heard.text}\n".encode())
            return None
        return heard

    async def send(self, outgoing: Outgoing) -> str:
        """Print the report's words. Raises PermanentError when nobody reads the output any more."""
        self._talk.saw(outgoing)
        report = self._change.of(outgoing)
        if report is not None:
            text = f"{shown(report, outgoing)}\n\n"
            await self._output.write(text.encode("utf-8", "replace"))
        return reference(outgoing)

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        """Nothing: lines of text keep no reactions for us."""
        return ()


def _words(line: bytes) -> str | None:
    try:
        return line.decode("utf-8") if len(line) <= MAX_LINE else None
    except UnicodeDecodeError:
        return None
