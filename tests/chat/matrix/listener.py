"""The adapter in a process of its own that stores what it hears, so that a test can kill it. Started by the tests here.

Arguments: the settings as JSON, the data folder, the file of what was heard, and `plain` for an installation without
the libraries of encryption. Every line of the file is one stored batch.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

if "plain" in sys.argv:
    sys.modules["vodozemac"] = None  # type: ignore[assignment]  # Python's own way to say that a module is not there

from adapters.chat.matrix.adapter import Matrix
from adapters.chat.matrix.settings import Settings
from bot.clock import SystemClock
from bot.model.events import Message


def last(heard: Path) -> str | None:
    lines = heard.read_text().splitlines() if heard.exists() else []
    return json.loads(lines[-1])["cursor"] if lines else None


async def listen(table: dict[str, object], data: Path, heard: Path) -> None:
    cursor = last(heard)
    chat = Matrix("matrix", Settings.model_validate(table), "infra", data, SystemClock())
    with open(heard, "a") as out:  # noqa: ASYNC230  # a store that may block is what is wanted
        async for batch in chat.listen(cursor):
            told = [{"id": e.id, "text": e.text} for e in batch.events if isinstance(e, Message)]
            out.write(json.dumps({"cursor": batch.cursor or cursor, "heard": told}) + "\n")
            out.flush()
            os.fsync(out.fileno())
            cursor = batch.cursor or cursor


asyncio.run(listen(json.loads(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
