"""The console at a terminal: a prompt that stays below, cards above it, progress in the bottom line. Opened by `adapter`.

A terminal cannot change what has scrolled by: a running card's edits show in the bottom line, its end as a new card.
"""

import shutil
import sys
from collections.abc import AsyncIterator, Sequence

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from adapters.chat.console.render import Change, card
from adapters.chat.console.talk import Notice, Quit, Talk
from adapters.chat.console.translate import Reader, reference
from bot.model.events import Batch, Event
from bot.model.ports import Shown
from bot.model.reports import Outgoing

_WIDTH = 100


class Terminal:
    """`parley chat`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._talk = Talk(reader)
        self._change = Change()
        self._session: PromptSession[str] = PromptSession(bottom_toolbar=self._toolbar)

    async def listen(self, cursor: str | None) -> AsyncIterator[Batch]:
        """What is typed, a line a batch. Ends with /quit or Ctrl-D."""
        _write(self._banner())
        with patch_stdout(raw=True):
            while True:
                heard = await self._hear()
                if isinstance(heard, Quit):
                    return
                if heard is not None:
                    yield Batch((heard,), first="answer")

    async def _hear(self) -> Event | Quit | None:
        try:
            heard = self._talk.hear(await self._session.prompt_async(self._prompt))
        except EOFError:
            return Quit()
        except KeyboardInterrupt:
            heard = Notice("/quit or Ctrl-D ends this; /cancel stops a running plan.")
        if isinstance(heard, Notice):
            _write(heard.text + "\n")
            return None
        return heard

    def _banner(self) -> str:
        name = self._reader.bot_name
        return (
            f"Parley: {name} listens, you are {self._talk.person}. Say what you want in plain words.\n"
            f"+ approves, - rejects, @{name} … begins something new, /help says the rest, Ctrl-D ends.\n\n"
        )

    def _prompt(self) -> str:
        topic = f" ({self._talk.topic})" if self._talk.topic else ""
        return f"{self._talk.person}{topic} › "

    def _toolbar(self) -> str | None:
        return self._change.progress or None

    async def send(self, outgoing: Outgoing) -> str:
        """Show it above the prompt, or in the bottom line where it is progress."""
        self._talk.saw(outgoing)
        report = self._change.of(outgoing)
        if report is not None:
            width = min(_WIDTH, shutil.get_terminal_size().columns)
            _write(card(report, outgoing, width) + "\n")
        self._session.app.invalidate()
        return reference(outgoing)

    async def reconcile(self, shown: Sequence[Shown]) -> Sequence[Event]:
        """Nothing: a terminal keeps no reactions for us."""
        return ()


def _write(text: str) -> None:
    # While the prompt stands, `patch_stdout` puts this above it; afterwards it is the plain standard output.
    sys.stdout.write(text)
    sys.stdout.flush()
