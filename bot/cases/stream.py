"""An answer in words is shown in its thread while a model is still writing it. Opened by `bot.cases.think` and `bot.cases.investigate` around
what they ask; `bot.flow` has `ended`. Whoever knows the answer afterwards puts it in the place of what was shown, in the transaction that makes it true:
one post, and never half an answer that stays.

What is heard is data: it is shown as words, as far as no secret can come of it, and nothing is done with it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from msgspec import Struct
from pydantic_core import from_json
from sqlalchemy import Connection

from bot.cases import say
from bot.house import Effect, House
from bot.model.errors import StoreError
from bot.model.events import Event, Reaction
from bot.model.llm import Piece, Prompt
from bot.model.people import Account, Conversation
from bot.model.reports import Report
from bot.report.inquiry import growing
from bot.report.refusal import note
from bot.report.safe import plain
from bot.store import outbox

SILENT = 10.0
"""Seconds without a word after which it is said that it takes long."""
PACE = 1.0
"""Seconds from the first words to the post, and between two edits: a short answer is whole by then, and is only posted."""
MOST_HEARD = 16_000
"""Characters of JSON that are listened to: more than the longest answer that people are shown takes."""
AGAIN = "I took that back and am still at it."

log = logging.getLogger(__name__)


class Place(Struct, frozen=True):
    """Where an answer grows: under which key of the outbox, and whom it is for. `cut` does to the words what is done to a whole
    answer; `open` is whether what it answers waits for one still: nothing is written over a whole answer. `still` is said where
    nothing was heard for long."""

    key: str
    conversation: Conversation
    cut: Callable[[str], str]
    open: Callable[[Connection], bool]
    mention: Account | None = None
    still: str = ""


class Stream:
    """One answer. A `bot.planner.asking.Listener`, which only keeps what it hears; `show` reads it, once in a while."""

    def __init__(self, house: House, place: Place) -> None:
        self._house = house
        self._place = place
        self._says: Mapping[str, str] = {}
        self._tool = ""
        self._heard: list[str] = []
        self._left = MOST_HEARD
        self._news = asyncio.Event()
        self._shown = ""

    def begin(self, question: Prompt) -> None:
        """As in `Listener`."""
        self._says = {tool.name: tool.says for tool in question.tools if tool.says}
        self._forget("")

    def hear(self, piece: Piece) -> None:
        """As in `Listener`. Words beside the picks are no answer."""
        if piece.tool not in self._says:
            return
        if not piece.text:
            self._forget(piece.tool)
        elif piece.tool == self._tool and self._left:
            text = piece.text[: self._left]
            self._heard.append(text)
            self._left -= len(text)
            self._news.set()

    def _forget(self, tool: str) -> None:
        self._tool, self._heard, self._left = tool, [], MOST_HEARD
        if self._shown:
            self._news.set()

    async def show(self) -> None:
        """Until it is cancelled. That something cannot be shown early is no reason not to answer."""
        try:
            while True:
                await self._news.wait()
                await self._house.clock.sleep(PACE)
                self._news.clear()
                await self._show(self.words())
        except Exception:
            log.exception("an answer is not shown while it is being written")

    async def wait(self) -> None:
        """Whoever asked hears that it takes long."""
        await self._house.clock.sleep(SILENT)
        if not (self._heard or self._shown):
            await self._write(growing(self._place.still, self._place.mention))

    async def _show(self, text: str) -> None:
        if text == self._shown:
            return
        if await self._write(growing(text, self._place.mention) if text else note(AGAIN)):
            self._shown = text

    async def _write(self, report: Report) -> bool:
        """Whether it was written."""
        try:
            await self._house.store.write(lambda connection: self._put(connection, report))
        except StoreError as error:
            log.warning("an answer is not shown while it is being written: %s", error)
            return False
        except Exception:  # as in `show`
            log.exception("an answer is not shown while it is being written")
            return False
        self._house.bus.wake(f"outbox {self._place.conversation.instance}")
        return True

    def _put(self, connection: Connection, report: Report) -> None:
        place, now = self._place, self._house.clock.now()
        if not place.open(connection):
            return
        if outbox.known(connection, place.key):
            outbox.edit(connection, place.key, report, now)
        else:
            outbox.post(connection, place.key, place.conversation, report, at=now)

    def words(self) -> str:
        """What may be shown of what has been heard; as before where it cannot be read."""
        if not self._heard:
            return ""
        try:
            found = from_json("".join(self._heard), allow_partial="trailing-strings")
        except ValueError:
            return self._shown
        text = found.get(self._says[self._tool]) if isinstance(found, dict) else None
        if not isinstance(text, str):
            return ""
        # First cut, as the whole answer is: lines that are joined may make a secret.
        return self._house.redactor.settled(self._place.cut(plain(text)))


@asynccontextmanager
async def streaming(house: House, place: Place) -> AsyncIterator[Stream]:
    """While it is open, what the stream hears is shown. Afterwards nothing more is written."""
    stream, failed = Stream(house, place), None
    async with asyncio.TaskGroup() as group:
        shown = [group.create_task(stream.show())]
        if place.still:
            shown.append(group.create_task(stream.wait()))
        try:
            yield stream
        except Exception as error:  # noqa: BLE001 - raised below, as it is and not in a group
            failed = error
        for each in shown:
            each.cancel()
    if failed is not None:
        raise failed


def ended(house: House, event: Event, effect: Effect) -> Effect:
    """The effect of what was thought about for this event. If it is another than an answer, what was begun is taken back: here, or
    by a process that died over it."""
    if house.models is None or isinstance(event, Reaction):
        return effect

    def commit(connection: Connection) -> None:
        say.take_back(connection, event, house.clock.now())
        effect(connection)

    return commit
