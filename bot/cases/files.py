"""A file without a request: a capability is looked through, a text is measured, anything else is named. Called by `bot.flow`.

What is in a file is data: nothing is planned from it, run or kept, and a capability comes in force only where an operator
puts it.
"""

import asyncio
import json
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from approvals import gate
from bot.cases import record, request, say
from bot.cases.fetch import fetch
from bot.house import Effect, House, nothing
from bot.model.errors import ParleyError, PermanentError
from bot.model.events import File, Message
from bot.model.sections import Refusal
from bot.report import received
from bot.report.received import Seen

MOST_PAGE = 256_000
"""Bytes of a capability that is looked through."""
MOST_TEXT = 5_000_000
"""Bytes of a text that is measured."""
PATIENCE = 15.0
"""Seconds that looking through a page may take."""
MOST_FILES = 5
"""Of one message; the others are left."""

_ADD = re.compile(
    r"(?:please\s+)?(?:add|install|check|lint)\s+(?:this|the|that|my)?\s*(?:new\s+)?(?:capability|capabilities|pack|skill|file)[\s.!]*(?:please[\s.!]*)?",
    re.IGNORECASE,
)
_PAGE = frozenset({"md", "markdown"})
_TEXT = frozenset(
    {
        "txt",
        "log",
        "csv",
        "json",
        "jsonl",
        "yaml",
        "yml",
        "toml",
        "ini",
        "conf",
        "cfg",
        "out",
        "err",
    }
)


def are_meant(event: Message) -> bool:
    """Whether the message is about its files: it has no words, or says to add a capability."""
    words = event.text.strip()
    return bool(event.files) and (not words or _ADD.fullmatch(words) is not None)


async def handle(house: House, event: Message) -> Effect:
    """One answer about all of them; to nobody who did not speak to the bot: a picture in a thread answers no question."""
    if not event.addressed:
        return nothing
    person = gate.requester(event.account, house.people)
    if isinstance(person, Refusal):
        return request.stranger(house, event, person)
    seen = [await _seen(house, event, file) for file in event.files[:MOST_FILES]]
    report = received.files(seen, len(event.files) - len(seen))
    return record.acted_on(
        house,
        event,
        lambda connection: say.reply(connection, event, report, house.clock.now()),
    )


async def _seen(house: House, event: Message, file: File) -> Seen:
    """What can be said of one. A file that cannot be had is said, and the others go on."""
    ending = file.name.rpartition(".")[2].casefold()
    page = ending in _PAGE
    if not page and ending not in _TEXT and not file.media_type.startswith("text/"):
        return Seen(file.name, file.size)
    try:
        data = await _fetched(house, event, file, MOST_PAGE if page else MOST_TEXT)
    except ParleyError as error:
        return Seen(file.name, file.size, wrong=str(error))
    if b"\0" in data:
        return Seen(file.name, len(data))
    text = data.decode("utf-8", "replace")
    if page:
        return await _page(house, file.name, text)
    return Seen(file.name, len(data), lines=len(text.splitlines()))


async def _fetched(house: House, event: Message, file: File, limit: int) -> bytes:
    if file.size is not None and file.size > limit:
        raise PermanentError(f"I read {limit // 1000} kB of such a file at most.", "Send less.")
    with house.leaving.may():
        return await fetch(house, event, file, limit, "Write words instead.")


async def _page(house: House, name: str, text: str) -> Seen:
    """Compiled like any pack, in a folder of its own that is gone afterwards; the sender's name is not used for it. One at a
    time, and in a process that can be ended: a pattern in it may take for ever."""
    size, lines = len(text.encode()), len(text.splitlines())
    with TemporaryDirectory(prefix="parley-page-") as folder:
        path = Path(folder) / "sent.md"
        path.write_text(text, encoding="utf-8")
        async with house.pages:
            told = await _looked_through(path)
    if told is None:
        why = f"It takes too long to look through. Make its patterns and tables simpler, or run `parley capabilities lint {name}`."
        return Seen(name, size, lines=lines, wrong=why)
    offers = tuple(str(each) for each in told["offers"])
    problems = tuple((line, str(words), bool(warning)) for line, words, warning in told["problems"])
    return Seen(name, size, lines=lines, page=True, offers=offers, problems=problems)


async def _looked_through(path: Path) -> dict[str, Any] | None:
    """What `capabilities.sent` says of it; None when it was ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "capabilities.sent", str(path)),
        env={},  # it needs none of our secrets
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    found: dict[str, Any] | None = json.loads(said) if process.returncode == 0 else None
    return found
