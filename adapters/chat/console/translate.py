"""JSON lines to events, and what is sent to JSON lines, exactly as in interface.md. Pure; used by `adapter`."""

import json
import re
from functools import cache
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from pydantic_core import PydanticSerializationError, from_json, to_json

from adapters.chat.console.socket import MAX_LINE
from bot.model.events import Click, Event, File, Message, Reaction
from bot.model.ids import new_id
from bot.model.people import Account, Conversation
from bot.model.ports import Clock
from bot.model.reports import Attachment, Outgoing, Report

ROOM = "console"
MAX_NAME = 256
"""Characters of an id, a thread or a person's name."""
MAX_PATH = 4096

_COMMON = ("id", "as", "thread")
_KEYS = {
    "text": (*_COMMON, "text"),
    "react": (*_COMMON, "react", "to"),
    "unreact": (*_COMMON, "unreact", "to"),
    "click": (*_COMMON, "click", "to"),
    "file": (*_COMMON, "file", "text"),
}
_MANY_THREADS = 100_000


class Malformed(ValueError):
    """A line that is no event; the message is a sentence for whoever wrote it."""


class Reader(Struct):
    """Turns lines into events. `person` speaks where `as` is not given; `impersonate` lets `as` name anybody."""

    instance: str
    bot_name: str
    person: str
    impersonate: bool
    clock: Clock
    _threads: dict[str, None] = field(default_factory=dict)

    def event(self, line: bytes) -> Event:
        """The event that a line of JSON is. Raises Malformed."""
        given = _decoded(line)
        kind = _kind(given)
        account = self.account(given.get("as", self.person))
        if kind == "text":
            return self.message(account, given["text"], given.get("id"), given.get("thread"))
        if kind == "file":
            return self.file(account, given)
        if "to" not in given:
            raise Malformed(f'A line with "{kind}" needs "to", the id of the message it is for.')
        return self.mark(
            account, kind, given[kind], given["to"], given.get("id"), given.get("thread")
        )

    def account(self, name: str) -> Account:
        """The account of that name. Raises Malformed when it may not be used here."""
        if name != self.person and not self.impersonate:
            raise Malformed(
                f"Only {self.person} may speak here, not {name[:64]!r}. Set `impersonate = true` in [chat.{self.instance}]."
            )
        return Account(self.instance, name)

    def conversation(self, thread: str) -> Conversation:
        return Conversation(self.instance, ROOM, thread)

    def message(
        self,
        account: Account,
        text: str,
        id: str | None = None,
        thread: str | None = None,
        *,
        addressed: bool = False,
    ) -> Message:
        """Words; without a thread they open one that is named like themselves."""
        at = self.clock.now()
        id = id or new_id(at)
        thread = thread or id
        words = unaddressed(text, self.bot_name)
        return Message(
            id,
            self.conversation(thread),
            account,
            text if words is None else words,
            at,
            addressed or words is not None,
            self.open(thread),
        )

    def file(self, account: Account, given: dict[str, str]) -> Message:
        """A file of this machine, by its path; one that sounds is a voice note. Without words it is for the bot."""
        said = self.message(
            account,
            given.get("text", ""),
            given.get("id"),
            given.get("thread"),
            addressed="text" not in given,
        )
        path = Path(given["file"])
        media_type = guess_type(path.name)[0] or "application/octet-stream"
        voice = media_type.startswith("audio/")
        file = File(str(path.absolute()), path.name, media_type, voice=voice)
        return replace(said, files=(file,))

    def mark(
        self,
        account: Account,
        kind: str,
        value: str,
        message: str,
        id: str | None = None,
        thread: str | None = None,
    ) -> Reaction | Click:
        """A reaction put on or taken off, or a click. `kind` is `react`, `unreact` or `click`."""
        at = self.clock.now()
        id = id or new_id(at)
        where = self.conversation(thread) if thread else None
        if kind == "click":
            return Click(id, account, message, value, at, where)
        emoji = value.replace("\ufe0f", "")
        return Reaction(id, account, message, emoji, kind == "react", at, where)

    def open(self, thread: str) -> bool:
        """Whether this is the first that is heard or said in a thread."""
        if thread in self._threads:
            return False
        self._threads[thread] = None
        if len(self._threads) > _MANY_THREADS:
            del self._threads[next(iter(self._threads))]
        return True


@cache
def _address(name: str) -> re.Pattern[str]:
    return re.compile(rf"\s*[@!]{re.escape(name)}(?![\w.-])[\s:,]*", re.IGNORECASE)


def unaddressed(text: str, name: str) -> str | None:
    """The text without its `@name` or `!name`, or None when it does not begin with one."""
    found = _address(name).match(text)
    return text[found.end() :] if found else None


def _decoded(line: bytes) -> dict[str, str]:
    if len(line) > MAX_LINE:
        raise Malformed(
            f"The line is longer than {MAX_LINE} bytes and was left out. Send less at once."
        )
    try:
        given = _read(line)
    except UnicodeDecodeError as error:
        raise Malformed("The line is not UTF-8 and was left out.") from error
    except (ValueError, RecursionError) as error:
        raise Malformed(
            f"The line is not JSON: {str(error)[:120]}. Send one object a line."
        ) from error
    if not isinstance(given, dict):
        raise Malformed('The line is no object. Send one such as {"text": "@infra help"}.')
    return given


def _read(line: bytes) -> Any:
    """As the standard library reads it, whose word counts on what is none; four times as fast on what is."""
    try:
        return from_json(line)
    except ValueError:
        return json.loads(line.decode("utf-8"))


def _kind(given: dict[str, Any]) -> str:
    """Which kind of line it is, once every key and value is fit for it."""
    kinds = [kind for kind in _KEYS if kind in given and not (kind == "text" and "file" in given)]
    if len(kinds) != 1:
        raise Malformed(
            f"A line has one of {', '.join(_KEYS)}; this one has {' and '.join(kinds) or 'none'}."
        )
    (kind,) = kinds
    known = _KEYS[kind]
    for key, value in given.items():
        if key not in known:
            raise Malformed(
                f"{key[:64]!r} is no key of a line with {kind!r}; those are {', '.join(known)}."
            )
        _fit(key, value)
    return kind


def _fit(key: str, value: object) -> None:
    if not isinstance(value, str):
        raise Malformed(f'"{key}" must be a string.')
    most = MAX_PATH if key == "file" else MAX_NAME
    if key != "text" and not 0 < len(value) <= most:
        raise Malformed(f'"{key}" must have between 1 and {most} characters.')
    if key == "file" and "\0" in value:
        raise Malformed('"file" holds a NUL character, which no path has.')
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise Malformed(f'"{key}" has half of a surrogate pair, which is no text.')


def reference(outgoing: Outgoing) -> str:
    """The message's id for the outside: our number for a post, the message meant for edits and reactions."""
    if outgoing.kind == "post" or outgoing.message is None:
        return f"p{outgoing.number}"
    return outgoing.message


def thread_of(outgoing: Outgoing) -> str:
    """The thread that a message is in; one outside of every thread opens its own, as a line does."""
    return outgoing.conversation.thread or reference(outgoing)


def sent(outgoing: Outgoing) -> bytes:
    """The line that is printed for it."""
    line: dict[str, Any] = {"event": outgoing.kind, "message": reference(outgoing)}
    if outgoing.kind == "react" or outgoing.report is None:
        return encoded({**line, "emoji": outgoing.emoji or ""})
    line["thread"] = thread_of(outgoing)
    line["only_to"] = outgoing.only_to.user if outgoing.only_to else None
    line["text"] = outgoing.report.text
    line["report"] = report_data(outgoing.report)
    return encoded(line)


def report_data(report: Report) -> dict[str, Any]:
    """`report` of interface.md: its kind, the machine-readable half, and what else a client may want to lay out."""
    return {
        "kind": report.kind,
        **report.data,
        "tone": report.tone,
        "mention": report.mention.user if report.mention else None,
        "controls": [
            {"action": each.action, "emoji": each.emoji, "label": each.label}
            for each in report.controls
        ],
        "attachments": [_attached(each) for each in report.attachments],
    }


def _attached(file: Attachment) -> dict[str, str]:
    """Of what is no text, `text` is base64 and `media_type` says what it is."""
    shown = {"name": file.name, "text": file.text}
    return (
        shown if file.media_type.startswith("text/") else {**shown, "media_type": file.media_type}
    )


def failed(words: str, line: int) -> bytes:
    """What is printed for line number `line` of the input, when it is no event."""
    return encoded({"event": "error", "text": words, "line": line})


def encoded(value: dict[str, Any]) -> bytes:
    try:
        return to_json(value) + b"\n"
    except PydanticSerializationError:
        # Half a surrogate pair cannot be UTF-8; `backslashreplace` happens to write it as JSON does.
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace") + b"\n"
