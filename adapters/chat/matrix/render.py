"""A Report as the content of a Matrix message: plain body, formatted body, and the machine-readable half. Used by `delivery`.

The body is the report's own text. Nothing in either body can ping a room (`m.mentions` is always there and decides),
link anywhere by itself, or move the reader's cursor: control and direction characters are shown, not obeyed.
"""

import html
import json
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from urllib.parse import quote

from bot.model.reports import Attachment, Paragraph, Report, Tone

Json = dict[str, Any]

ROOM_FOR_CONTENT = 45_000
"""Bytes of JSON. A whole event may have 65,536, with ids, hashes and signatures of a length that we do not know."""

SHORTENED = 4_000
"""Characters left of a text that is a file."""

REPORT = "parley.report"
"""The key under which a message carries `{"key", "kind", "data"}`; `data` is JSON in a string, as events hold no fractions."""

_COLOURS: dict[Tone, str] = {
    "grey": "#8d97a5",
    "blue": "#2f7de1",
    "green": "#2e9e5b",
    "amber": "#d48806",
    "red": "#d64545",
}
_FAINT = "#8d97a5"
_SPAN = re.compile(r"`([^`\n]+)`")
_NAMED = re.compile(r"(<strong>)?([^\s,<&`]+)(?=,)")
_DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_SHOWN = (
    {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n"}
    | {127: "\u2421"}
    | {code: f"<{code:02X}>" for code in range(0x80, 0xA0)}
    | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
    | {ord(mark): f"<U+{ord(mark):04X}>" for mark in _DIRECTION}
)


def visible(text: str) -> str:
    """The text with control and direction characters as marks that can be read."""
    return text.replace("\r\n", "\n").translate(_SHOWN)


def card(report: Report, key: str, instance: str) -> tuple[Json, tuple[Attachment, ...]]:
    """The content of an `m.room.message` and the files that go with it. Too long a text is one of the files."""
    text = visible(report.text)
    if len(text) <= ROOM_FOR_CONTENT:
        content = _content(report, text, formatted(report, instance), key, instance)
        if _size(content) <= ROOM_FOR_CONTENT:
            return content, report.attachments
        content[REPORT].pop("data")
        if _size(content) <= ROOM_FOR_CONTENT:
            return content, report.attachments
    whole = Attachment("message.txt", report.text)
    body = f"{text[:SHORTENED]}\n… The whole text is in {whole.name}."
    content = _content(report, body, _lines(body), key, instance)
    content[REPORT].pop("data")
    return content, (whole, *report.attachments)


def _content(report: Report, body: str, formatted_body: str, key: str, instance: str) -> Json:
    mention = report.mention
    here = mention is not None and mention.instance == instance
    data = json.dumps(report.data, default=str, ensure_ascii=False).translate(_SHOWN)
    return {
        "msgtype": "m.text",
        "body": body,
        "format": "org.matrix.custom.html",
        "formatted_body": formatted_body,
        "m.mentions": {"user_ids": [mention.user]} if mention is not None and here else {},
        "com.beeper.linkpreviews": [],
        REPORT: {"key": key, "kind": report.kind, "data": data},
    }


def formatted(report: Report, instance: str) -> str:
    """The report as the HTML that Matrix clients show."""
    dot = f'<span data-mx-color="{_COLOURS[report.tone]}">●</span> '
    blocks = list(_blocks(report.paragraphs))
    first = _mention(blocks[0], report, instance) if blocks else ""
    inside = first.startswith("<pre>")
    start = dot + "<br>" + first if inside else dot + first
    shown = _joined([start, *blocks[1:]])
    controls = " &nbsp; ".join(
        _spans(f"{control.emoji} {control.label}".strip()) for control in report.controls
    )
    return shown + (f"<p>{controls}</p>" if controls else "")


def _joined(blocks: list[str]) -> str:
    """Lines with breaks between them; a block of code brings its own."""
    text = ""
    for block in blocks:
        edge = not text or text.endswith("</pre>") or block.startswith("<pre>")
        text += block if edge else "<br>" + block
    return text


def _blocks(paragraphs: tuple[Paragraph, ...]) -> Iterator[str]:
    """One piece of HTML a paragraph; code that follows code is one block."""
    for code, run in groupby(paragraphs, lambda paragraph: paragraph.style == "code"):
        if code:
            text = "\n".join(paragraph.text for paragraph in run)
            yield f"<pre><code>{html.escape(visible(text))}</code></pre>"
        else:
            yield from (_styled(paragraph) for paragraph in run)


def _styled(paragraph: Paragraph) -> str:
    lines = _lines(visible(paragraph.text))
    match paragraph.style:
        case "strong" | "heading":
            return f"<strong>{lines}</strong>"
        case "struck":
            return f"<del>{lines}</del>"
        case "faint":
            return f'<span data-mx-color="{_FAINT}">{lines}</span>'
        case _:
            return lines


def _lines(text: str) -> str:
    return "<br>".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    bare = line.lstrip(" ")
    return "&nbsp;" * (len(line) - len(bare)) + _spans(bare)


def _spans(text: str) -> str:
    """Escaped, with the words between backticks in code font."""
    return _SPAN.sub(r"<code>\1</code>", html.escape(visible(text)))


def _mention(block: str, report: Report, instance: str) -> str:
    """The name that a report begins with (`alice, done: …`) as a link to the person it mentions."""
    mention = report.mention
    named = _NAMED.match(block)
    if mention is None or mention.instance != instance or named is None:
        return block
    link = f"https://matrix.to/#/{quote(mention.user, safe='@:')}"
    return f'{named[1] or ""}<a href="{link}">{named[2]}</a>{block[named.end() :]}'


def edit(content: Json, message: str) -> Json:
    """The content that replaces `message`. Clients that know no edits see the first line."""
    head = str(content["body"]).split("\n", 1)[0][:200]
    return {
        "msgtype": content["msgtype"],
        "body": f"* {head}",
        "m.mentions": {},
        "m.new_content": content,
        "m.relates_to": {"rel_type": "m.replace", "event_id": message},
    }


def in_thread(content: Json, root: str) -> Json:
    """The content as an answer in the thread of `root`."""
    relation = {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": root},
    }
    return content | {"m.relates_to": relation}


def file(attachment: Attachment, uri: str, size: int) -> Json:
    """The content of a message with a file uploaded to `uri`, `size` bytes of it: shown, played or offered by its type."""
    family = attachment.media_type.partition("/")[0]
    return {
        "msgtype": f"m.{family}" if family in {"audio", "image", "video"} else "m.file",
        "body": visible(attachment.name),
        "filename": visible(attachment.name),
        "url": uri,
        "info": {"mimetype": attachment.media_type, "size": size},
        "m.mentions": {},
    }


def enclosed(content: Json, opened_by: Json) -> Json:
    """An `m.file` whose upload was encrypted: how it is opened takes the place of its address."""
    rest = {key: value for key, value in content.items() if key != "url"}
    return rest | {"file": opened_by | {"url": content["url"]}}


def _size(content: Json) -> int:
    return len(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf8", "replace")
    )
