"""Files in and out. `translate` finds what came with a message, `adapter.fetch` reads it, `delivery` uploads what the bot attaches.

In encrypted rooms a file lies on the server as noise, and its message says how it is opened: `File.id` carries that, so it
is a secret and goes into no log and no error.
"""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nio.crypto import decrypt_attachment
from nio.exceptions import EncryptionError

from adapters.chat.matrix import render
from adapters.chat.matrix.socket import DEAD_LOGIN, MEDIA, RELATIONS, Json, Socket, path
from bot.model.errors import PermanentError
from bot.model.events import File
from bot.model.reports import Attachment

if TYPE_CHECKING:  # it needs the extra
    from adapters.chat.matrix.encryption import Encryption

KINDS = ("m.file", "m.audio", "m.image", "m.video")
"""The `msgtype` of messages that are files."""
_VOICE = "org.matrix.msc3245.voice"
_AUDIO = "org.matrix.msc1767.audio"
_ADDRESS = re.compile(r"mxc://(?!\.+/)([\w.:\[\]-]+)/(?!\.+$)([\w.~=-]+)", re.ASCII)
"""Server and media; nothing in it can lead to another request."""
_ALWAYS_TAKEN = 1_000_000
_LONGEST_SECONDS = 10_000_000


def found(content: Mapping[str, Any]) -> File | None:
    """The file in the content of a message; None where there is none, or none that can be fetched."""
    if content.get("msgtype") not in KINDS:
        return None
    info = _mapping(content, "info")
    id = _id(content)
    if not id:
        return None
    media_type = _text(info.get("mimetype")) or "application/octet-stream"
    return File(
        id=id,
        name=_text(content.get("filename")) or _text(content.get("body")) or "file",
        media_type=media_type,
        size=_count(info.get("size")),
        voice=_VOICE in content or media_type.startswith("audio/"),
        seconds=_seconds(_mapping(content, _AUDIO)) or _seconds(info),
    )


def caption(content: Mapping[str, Any]) -> str:
    """What was written with a file: a body that is not just its name."""
    name, body = content.get("filename"), content.get("body")
    return body if isinstance(body, str) and isinstance(name, str) and body != name else ""


def _id(content: Mapping[str, Any]) -> str:
    """The address of a file in clear, or as JSON that and how it is opened; empty where one of them is missing."""
    sealed = _mapping(content, "file")
    if not sealed:
        url = _text(content.get("url"))
        return url if _ADDRESS.fullmatch(url) else ""
    opened_by = {
        "url": _text(sealed.get("url")),
        "key": _text(_mapping(sealed, "key").get("k")),
        "iv": _text(sealed.get("iv")),
        "sha256": _text(_mapping(sealed, "hashes").get("sha256")),
    }
    whole = all(opened_by.values()) and _ADDRESS.fullmatch(opened_by["url"])
    return json.dumps(opened_by) if whole else ""


async def fetch(socket: Socket, file: File, limit: int) -> bytes:
    """What is in it. Raises TemporaryError, PermanentError when it is gone, longer than `limit` bytes, or was tampered with."""
    if file.size is not None and file.size > limit:
        raise _too_long(file, limit)
    opened_by: Json = json.loads(file.id) if file.id.startswith("{") else {"url": file.id}
    address = _ADDRESS.fullmatch(str(opened_by.get("url", "")))
    if address is None:
        raise PermanentError(f"{file.name} has no address.", "Send it again.", reason="file_gone")
    where = path("media", "download", *address.groups(), base=RELATIONS)
    try:
        raw = await socket.download(where, limit)
    except PermanentError as error:
        raise _said(file, error) from error
    if raw is None:
        raise _too_long(file, limit)
    return _opened(file, raw, opened_by) if "key" in opened_by else raw


def _opened(file: File, raw: bytes, opened_by: Json) -> bytes:
    try:
        clear = decrypt_attachment(raw, opened_by["key"], opened_by["sha256"], opened_by["iv"])
    except (EncryptionError, ValueError):  # its text may quote the key
        what = f"{file.name} is not what was sent: it does not match its message."
        raise PermanentError(what, "Send it again.", reason="file_hash") from None
    return bytes(clear)


def _said(file: File, error: PermanentError) -> PermanentError:
    """The server's refusal, in words about the file."""
    match error.reason:
        case "M_NOT_FOUND":
            what, mend = f"{file.name} is gone from the Matrix server.", "Send it again."
        case "M_UNRECOGNIZED":
            what = f"The Matrix server does not hand out {file.name} to who is logged in."
            mend = "Bring it up to Matrix 1.11 or later."
        case "M_FORBIDDEN":
            what = f"The Matrix server does not let me read {file.name}."
            mend = "Send it in a room that I am in."
        case _:
            return error
    return PermanentError(what, mend, reason=error.reason)


def _too_long(file: File, limit: int) -> PermanentError:
    most = f"{limit / 1_000_000:.0f} MB" if limit >= 1_000_000 else f"{limit} bytes"
    return PermanentError(f"{file.name} is longer than {most}.", "Send less.", reason="file_size")


async def upload(socket: Socket, attachment: Attachment, encryption: "Encryption | None") -> Json:
    """The content of a message with this file, uploaded; encrypted where there is `encryption`. Raises TemporaryError, PermanentError."""
    text = attachment.media_type.startswith("text/")
    raw = attachment.text.encode("utf8", "replace") if text else attachment.content
    await _fits(socket, attachment.name, len(raw))
    where = path("upload", base=MEDIA)
    if encryption is not None:
        uploaded, opened_by = encryption.enclose(raw)
        kind = "application/octet-stream"
        answer = await socket.request("POST", where, uploaded, kind=kind)
        content = render.file(attachment, str(answer["content_uri"]), len(raw))
        return render.enclosed(content, opened_by)
    kind = f"{attachment.media_type}; charset=utf-8" if text else attachment.media_type
    answer = await socket.request(
        "POST", where, raw, query={"filename": attachment.name}, kind=kind
    )
    return render.file(attachment, str(answer["content_uri"]), len(raw))


async def _fits(socket: Socket, name: str, size: int) -> None:
    """Ask before a long one goes out: Synapse hangs up on what is too long, which looks like a server that is down."""
    if size <= _ALWAYS_TAKEN:
        return
    try:
        told = await socket.request("GET", path("media", "config", base=RELATIONS))
    except PermanentError as error:
        if error.reason in DEAD_LOGIN:
            raise
        return
    most = _count(told.get("m.upload.size"))
    if most is not None and size > most:
        what = f"{name} is longer than the {most / 1_000_000:.0f} MB that the Matrix server takes."
        raise PermanentError(what, "Raise its limit of uploads.", reason="M_TOO_LARGE")


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _seconds(info: Mapping[str, Any]) -> float | None:
    """A `duration`, which is in milliseconds."""
    value = _count(info.get("duration"))
    return value / 1000 if value is not None and value < _LONGEST_SECONDS * 1000 else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}
