"""Single requests to Discord's REST API, and what its refusals mean in our words. Used by every other module of this folder.

Requests go through discord.py's client, which knows the rate limits; it is kept from sleeping on them for longer than
`PATIENCE`, so that our own sender decides when to try again.
"""

import asyncio
import io
import re
from collections.abc import Sequence
from typing import Any

import aiohttp
import discord
from discord.http import Route

from bot.model.errors import LoginError, ParleyError, PermanentError, TemporaryError
from bot.model.reports import Attachment

Json = dict[str, Any]

PATIENCE = 1.0
"""Seconds that a rate limit may be slept on inside the library. Longer ones come back as TemporaryError with `after`."""

DEAD_LOGIN = "401"
"""The reason of a LoginError: nothing will work any more."""

UNKNOWN_CHANNEL, UNKNOWN_MESSAGE = "10003", "10008"
CANNOT_DM, WRONG_CHANNEL, THREAD_THERE, ARCHIVED = "50007", "50024", "160004", "50083"
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+", re.IGNORECASE)

_MENDS = {
    "10003": "The channel or thread was deleted, or the bot was removed from it: ask in another one.",
    "10008": "The message was deleted: ask again for a new one.",
    "10004": "Invite the bot to the guild again.",
    "50001": "Give the bot View Channel there.",
    "50007": "Let them allow direct messages from members of this server.",
    "50013": "Give the bot Send Messages, Send Messages in Threads, Create Public Threads, Embed Links, Attach Files, Add Reactions and Read Message History there.",
    "50083": "Reopen the thread, or ask in a new one.",
    "160005": "Unlock the thread, or ask in a new one.",
    "40005": "Make the file smaller.",
}


class Rest:
    """Requests of one client. `timeout` is in seconds and covers the library's retries."""

    def __init__(self, client: discord.Client, instance: str, timeout: float) -> None:
        self._client = client
        self._instance = instance
        self._timeout = timeout

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        files: Sequence[Attachment] = (),
        query: dict[str, str | int] | None = None,
        **ids: str,
    ) -> Any:
        """One request, its JSON answer. `path` has holes for `ids`, which are quoted.

        Raises TemporaryError (unreachable, 429 with `after`, 5xx), LoginError, or PermanentError; `reason` is Discord's
        error code."""
        holes: dict[str, Any] = dict(ids)
        route = Route(method, path, **holes)
        given: dict[str, Any] = {}
        if files:
            given["form"], given["files"] = _form(body, files)
        elif body is not None:
            given["json"] = body
        if query:
            given["params"] = query
        try:
            async with asyncio.timeout(self._timeout):
                return await self._client.http.request(route, **given)
        except (discord.RateLimited, discord.HTTPException, TimeoutError, OSError) as error:
            raise said(error, self._instance) from error
        except aiohttp.ClientError as error:
            raise said(error, self._instance) from error


def said(error: BaseException, instance: str) -> ParleyError:
    """What the library raised, as one of our errors."""
    match error:
        case discord.RateLimited():
            return _busy(error.retry_after)
        case discord.LoginFailure():
            return _revoked(instance)
        case discord.HTTPException():
            return _answered(error, instance)
        case _:
            what = "Discord does not answer."
            mend = "Check that its API can be reached from here."
            return TemporaryError(what, mend, reason="unreachable")


def _answered(error: discord.HTTPException, instance: str) -> ParleyError:
    if error.status == 429:
        return _busy(_seconds(error.response.headers.get("Retry-After")))
    if error.status >= 500:
        what = f"Discord answers {error.status}."
        return TemporaryError(what, "See discordstatus.com if this goes on.", reason="server")
    if error.status == 401 and error.code not in {50027}:
        return _revoked(instance)
    code = str(error.code or error.status)
    words = (error.text or str(error.status)).splitlines()[0][:200].rstrip(".")
    return PermanentError(f"Discord refuses: {words}.", _MENDS.get(code, ""), reason=code)


def _seconds(header: str | None) -> float:
    try:
        return max(0.0, min(float(header or ""), 3600.0))
    except ValueError:
        return 5.0


def _busy(after: float) -> TemporaryError:
    what = "Discord limits how fast the bot may write."
    return TemporaryError(what, after=after, reason="rate_limited")


def _revoked(instance: str) -> LoginError:
    what = "Discord no longer accepts the bot's token."
    mend = f"Make a new one in the developer portal and put it in [chat.{instance}]."
    return LoginError(what, mend, reason=DEAD_LOGIN)


def _form(body: Any, files: Sequence[Attachment]) -> tuple[list[Json], list[discord.File]]:
    """The multipart form of a message with files."""
    whole = [discord.File(_bytes(each), filename=each.name) for each in files]
    form: list[Json] = [{"name": "payload_json", "value": discord.utils._to_json(body)}]
    for number, file in enumerate(whole):
        part = {"name": f"files[{number}]", "value": file.fp, "filename": file.filename}
        form.append(part | {"content_type": _media_type(files[number])})
    return form, whole


def _bytes(file: Attachment) -> io.BytesIO:
    text = file.media_type.startswith("text/")
    return io.BytesIO(file.text.encode("utf8", "replace") if text else file.content)


def _media_type(file: Attachment) -> str:
    if not _MEDIA_TYPE.fullmatch(file.media_type):
        return "application/octet-stream"
    charset = "; charset=utf-8" if file.media_type.startswith("text/") else ""
    return file.media_type + charset
