"""What is in a file that came with a message. Called by the voice and files cases."""

import asyncio

from bot.house import House
from bot.model.errors import PermanentError, TemporaryError
from bot.model.events import File, Message

PATIENCE = 120.0
"""Seconds that a whole file may take: a server that drips holds nobody up."""


async def fetch(house: House, event: Message, file: File, limit: int, otherwise: str) -> bytes:
    """At most `limit` bytes. Raises TemporaryError or PermanentError; `otherwise` is the mend where files cannot be had."""
    chat = house.fetches.get(event.account.instance)
    if chat is None:
        raise PermanentError("I cannot fetch files here.", otherwise, reason="fetch")
    try:
        async with asyncio.timeout(PATIENCE):
            return await chat.fetch(file, limit)
    except TimeoutError as error:
        what = f"{file.name} did not come within {PATIENCE:.0f} s."
        raise TemporaryError(what, "Send it again, or later.", reason="slow") from error
