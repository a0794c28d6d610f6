"""Files in and out. `adapter.fetch` reads what people sent, `delivery` uploads what the bot attaches."""

import io
from urllib.parse import urljoin, urlsplit

import aiohttp

from adapters.chat.slack.errors import refused, unreachable
from adapters.chat.slack.web import Web, proxy_for
from bot.model.errors import PermanentError
from bot.model.events import File
from bot.model.reports import Attachment

CHUNK = 64 * 1024
REDIRECTS = 3
"""Followed at most, and only to a host that may have the token."""


async def fetch(web: Web, file: File, limit: int) -> bytes:
    """What is in it. Raises TemporaryError, PermanentError when it is gone, longer than `limit` bytes, or elsewhere."""
    if file.size is not None and file.size > limit:
        raise _too_long(file, limit)
    about = (await web.ask("files.info", {"file": file.id})).get("file") or {}
    url = about.get("url_private_download") or about.get("url_private")
    if not isinstance(url, str) or about.get("is_external"):
        what = f"{file.name} is not kept by Slack."
        raise PermanentError(what, "Send the file itself.", reason="external_file")
    try:
        return await _read(web, file, url, limit)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise unreachable(url.partition("?")[0]) from error


async def _read(web: Web, file: File, url: str, limit: int) -> bytes:
    token = web.settings.bot_token.get_secret_value()
    head = {"Authorization": f"Bearer {token}"}
    pace = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=web.settings.timeout)
    for _ in range(REDIRECTS + 1):
        if not trusted(url, web.settings.api_url):
            what = (
                f"Slack keeps {file.name} on {urlsplit(url).hostname}, which must not see my token."
            )
            raise PermanentError(what, "Send the file itself.", reason="file_host")
        async with web.session().get(
            url, headers=head, allow_redirects=False, timeout=pace, proxy=proxy_for(url)
        ) as answer:
            if answer.status not in {301, 302, 303, 307, 308}:
                return await _body(web, file, answer, limit)
            url = urljoin(url, answer.headers.get("Location", ""))
    what = f"Slack sends me in circles for {file.name}."
    raise PermanentError(what, "Send the file again.", reason="redirects")


async def _body(web: Web, file: File, answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """At most `limit` bytes; more is never read."""
    if answer.status in {404, 410}:
        raise PermanentError(f"{file.name} is gone.", "Send it again.", reason="file_deleted")
    if answer.status != 200:
        told = {"ok": False, "error": f"HTTP_{answer.status}"}
        raise refused(web.instance, "the download of a file", answer.status, told, answer.headers)
    if answer.content_type == "text/html" and file.media_type != "text/html":
        what = f"Slack shows me a page to sign in instead of {file.name}."
        raise PermanentError(
            what, "The app needs files:read: install it again.", reason="missing_scope"
        )
    if (answer.content_length or 0) > limit:
        raise _too_long(file, limit)
    whole = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK):
        whole += chunk
        if len(whole) > limit:
            raise _too_long(file, limit)
    return bytes(whole)


def trusted(url: str, api_url: str) -> bool:
    """Whether a URL may be asked with the bot token: on the API's own host and port, or Slack's host of files."""
    try:
        asked, api = urlsplit(url), urlsplit(api_url)
        where, own = (
            (asked.scheme, asked.hostname, asked.port),
            (api.scheme, api.hostname, api.port),
        )
    except ValueError:
        return False
    kept = {own, ("https", "files.slack.com", None), ("https", f"files.{api.hostname}", None)}
    return asked.username is None and asked.password is None and where in kept


def _too_long(file: File, limit: int) -> PermanentError:
    most = f"{limit / 1_000_000:.0f} MB" if limit >= 1_000_000 else f"{limit} bytes"
    return PermanentError(f"{file.name} is longer than {most}.", "Send less.", reason="file_size")


async def upload(web: Web, file: Attachment, channel: str, thread: str) -> None:
    """A file into a thread. Raises TemporaryError, PermanentError. The steps of files_upload_v2, which sends bytes in one piece
    and so holds the loop up while a long one goes out."""
    text = file.media_type.startswith("text/")
    raw = file.text.encode("utf8", "replace") if text else file.content
    where = await web.ask("files.getUploadURLExternal", {"filename": file.name, "length": len(raw)})
    url = str(where["upload_url"])
    try:
        async with web.session().post(url, data=io.BytesIO(raw), proxy=proxy_for(url)) as answer:
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise unreachable(web.settings.api_url) from error
    if status != 200:
        raise refused(web.instance, "the upload of a file", status, {}, {})
    files = [{"id": where["file_id"], "title": file.name}]
    place = {"channel_id": channel, "thread_ts": thread}
    await web.call("files.completeUploadExternal", {"files": files, **place})
