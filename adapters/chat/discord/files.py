"""Files that people sent: `adapter.fetch` reads them here. What the bot attaches goes out through `rest`.

A file's id is `CHANNEL/MESSAGE/ATTACHMENT`. Addresses on the CDN are signed for a day, so the message is read each time for a
fresh one; the CDN itself is asked without the token, and no host but the configured ones is asked at all.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

import aiohttp

from adapters.chat.discord.rest import UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, Json
from adapters.chat.discord.socket import Socket
from bot.model.errors import PermanentError, TemporaryError
from bot.model.events import File

CHUNK = 64 * 1024
_AGAIN = "Send it again."


async def fetch(socket: Socket, file: File, limit: int) -> bytes:
    """What is in it. Raises TemporaryError, PermanentError when it is gone, longer than `limit` bytes, or elsewhere."""
    if file.size is not None and file.size > limit:
        raise _too_long(file, limit)
    url = await _address(socket, file)
    if not trusted(url, socket.settings.cdn_urls):
        what = (
            f"Discord keeps {file.name} on {_host(url)}, which is not one of its hosts for files."
        )
        raise PermanentError(what, "Send the file itself.", reason="file_host")
    pace = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=socket.settings.timeout)
    try:
        async with (
            aiohttp.ClientSession(timeout=pace, trust_env=True) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            return await _body(file, answer, limit)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        what = f"Discord's host for files does not answer for {file.name}."
        mend = f"Check that {_host(url)} can be reached from here."
        raise TemporaryError(what, mend, reason="unreachable") from error


async def _address(socket: Socket, file: File) -> str:
    """Where it is now."""
    channel, _, rest = file.id.partition("/")
    message, _, attachment = rest.partition("/")
    if not (channel.isdecimal() and message.isdecimal()):
        raise _gone(file)
    try:
        found: Json = await socket.rest.request(
            "GET",
            "/channels/{channel_id}/messages/{message_id}",
            channel_id=channel,
            message_id=message,
        )
    except PermanentError as error:
        if error.reason in {UNKNOWN_CHANNEL, UNKNOWN_MESSAGE}:
            raise _gone(file) from error
        raise
    for each in found.get("attachments") or []:
        if str(each.get("id")) == attachment and isinstance(each.get("url"), str):
            return str(each["url"])
    raise _gone(file)


async def _body(file: File, answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """At most `limit` bytes; more is never read."""
    if answer.status == 429 or answer.status >= 500:
        what = f"Discord's host for files answers {answer.status} for {file.name}."
        raise TemporaryError(what, "It is tried again.", reason="server")
    if answer.status != 200:
        raise _gone(file)
    if (answer.content_length or 0) > limit:
        raise _too_long(file, limit)
    whole = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK):
        whole += chunk
        if len(whole) > limit:
            raise _too_long(file, limit)
    return bytes(whole)


def trusted(url: str, bases: Collection[str]) -> bool:
    """Whether a URL is on one of the hosts that `bases` name: same scheme, host and port, and nobody's name in it."""
    try:
        asked = urlsplit(url)
        where = (asked.scheme, asked.hostname, asked.port)
    except ValueError:
        return False
    known = {(base.scheme, base.hostname, base.port) for base in map(urlsplit, bases)}
    return asked.username is None and asked.password is None and where in known


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "nowhere"
    except ValueError:
        return "nowhere"


def _gone(file: File) -> PermanentError:
    return PermanentError(f"{file.name} is gone.", _AGAIN, reason="file_deleted")


def _too_long(file: File, limit: int) -> PermanentError:
    most = f"{limit / 1_000_000:.0f} MB" if limit >= 1_000_000 else f"{limit} bytes"
    return PermanentError(f"{file.name} is longer than {most}.", "Send less.", reason="file_size")
