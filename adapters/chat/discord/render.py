"""A Report as a Discord message: content, embeds, buttons. Used by `delivery`; knows nothing of the library.

The first paragraph is the content, which notifications and screen readers show and where a mention pings; the rest is an
embed with a bar in the colour of the tone. Embeds rather than Components V2: they keep 4096 + 2000 characters instead of
4000, an edit may drop or add them at will (the V2 flag can never be taken off a message), and no mention in one pings.
Outside text is escaped and every mention but the report's own is off.
"""

import hashlib
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from msgspec import Struct

from bot.model.reports import Attachment, Control, Paragraph, Report, Tone

Json = dict[str, Any]

CONTENT, EMBED, EMBEDS, LABEL = 2000, 4096, 6000, 80
ROW, ROWS = 5, 5
PREFIX = "parley:"
CHANGE = "change…"
SHORTENED = 3000
"""What is left of a text that is a file, as `size` counts."""

SEEDED = ("✅", "❌")
"""What is put on a card as reactions as well; the others are buttons alone, since each costs a request."""

_COLOURS: dict[Tone, int] = {
    "grey": 0x8D97A5,
    "blue": 0x2F7DE1,
    "green": 0x2E9E5B,
    "amber": 0xD48806,
    "red": 0xD64545,
}
_STYLES = {"approve": 3, "reject": 4, "cancel": 4}
_GREY_BUTTON = 2
_TOKENS = re.compile(r"`[^`\n]+`|https?://[^\s<>`\"'()\[\]]+|.", re.DOTALL)
_MARKS = re.compile(r"([\\`*_~|<>@\[\]])")
_START = re.compile(r"(?m)^([#+-])")
_TICKS = re.compile(r"`(?=`)")
_NAMED = re.compile(r"(\*\*)?([^\s,<&`]+)(?=,)")
_DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_SHOWN = (
    {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\t\n"}
    | {127: "\u2421"}
    | {code: f"<{code:02X}>" for code in range(0x80, 0xA0)}
    | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
    | {ord(mark): f"<U+{ord(mark):04X}>" for mark in _DIRECTION}
)


class Card(Struct, frozen=True):
    """What is sent: the body of the request, the files with it, and the reactions to seed."""

    body: Json
    files: tuple[Attachment, ...]
    seeds: tuple[str, ...]


def card(report: Report, instance: str) -> Card:
    """The report as a message. Too long a text is shortened, and whole in a file."""
    first, *rest = list(_blocks(report.paragraphs)) or [""]
    content = _mention(first, report, instance)
    embeds = _embeds(rest, _COLOURS[report.tone])
    files = report.attachments
    if size(content) > CONTENT or embeds is None or first.startswith("```"):
        content, embeds, files = _shortened(report, instance)
    mentioned = [report.mention.user] if _mentions(report, instance) and report.mention else []
    body: Json = {
        "content": content,
        "embeds": embeds,
        "components": _rows(report),
        "allowed_mentions": {"parse": [], "users": mentioned, "replied_user": False},
        "attachments": [{"id": str(n), "filename": each.name} for n, each in enumerate(files)],
    }
    seeds = tuple(each.emoji for each in report.controls if each.emoji in SEEDED)
    return Card(body, files[:10], seeds)


def nonce(key: str) -> str:
    """25 characters that are the same for the same key."""
    return hashlib.sha256(key.encode("utf8", "replace")).hexdigest()[:25]


def says(message: Json) -> tuple[str, tuple[str, ...]]:
    """What a message shows, to tell whether one that is there is the one that is to be sent."""
    embeds = message.get("embeds") or []
    return str(message.get("content") or ""), tuple(str(e.get("description", "")) for e in embeds)


def visible(text: str) -> str:
    """The text with control and direction characters as marks that can be read."""
    return text.replace("\r\n", "\n").translate(_SHOWN)


def escaped(text: str) -> str:
    """Outside words in which nothing is formatted, pings or links; `code spans` and addresses stay what they are."""
    tokens = (_token(found.group()) for found in _TOKENS.finditer(visible(text)))
    return _START.sub(r"\\\1", "".join(tokens))


def _token(token: str) -> str:
    if len(token) > 1 and token.startswith("`"):
        return token
    if token.startswith("http"):
        return f"<{token}>"  # in angle brackets an address gets no preview
    return _MARKS.sub(r"\\\1", token)


def _blocks(paragraphs: tuple[Paragraph, ...]) -> Iterator[str]:
    """Markdown, one piece a paragraph; code that follows code is one block."""
    for code, run in groupby(paragraphs, lambda paragraph: paragraph.style == "code"):
        if code:
            yield _fenced("\n".join(visible(each.text) for each in run))
        else:
            yield from (_styled(each) for each in run)


def _fenced(text: str, most: int | None = None) -> str:
    shown = _TICKS.sub("`\u200b", text)
    return f"```\n{shown if most is None else _cut(shown, most)}\n```"


def _styled(paragraph: Paragraph) -> str:
    lines = [_line(line) for line in paragraph.text.split("\n")]
    match paragraph.style:
        case "strong" | "heading":
            return "\n".join(f"**{line}**" if line else "" for line in lines)
        case "struck":
            return "\n".join(f"~~{line}~~" if line else "" for line in lines)
        case "faint":
            return "\n".join(f"-# {line}" if line else "" for line in lines)
        case _:
            return "\n".join(lines)


def _line(line: str) -> str:
    bare = line.lstrip(" ")
    return "\u00a0" * (len(line) - len(bare)) + escaped(bare)


def _embeds(blocks: list[str], colour: int) -> list[Json] | None:
    """The blocks as embeds of at most 4096 and 6000 characters in all; None where they do not fit."""
    pages: list[str] = []
    for block in blocks:
        joined = f"{pages[-1]}\n{block}" if pages else block
        if pages and size(joined) <= EMBED:
            pages[-1] = joined
        else:
            pages.append(block)
    sizes = [size(page) for page in pages]
    if sum(sizes) > EMBEDS or max(sizes, default=0) > EMBED:
        return None
    return [{"description": page, "color": colour} for page in pages if page.strip()]


def _shortened(report: Report, instance: str) -> tuple[str, list[Json], tuple[Attachment, ...]]:
    """The beginning of what does not fit, and the whole of it as a file."""
    whole = Attachment("message.txt", report.text)
    head, *rest = visible(report.text).split("\n")
    content = _mention(escaped(head[:400]), report, instance)
    text = "\n".join(rest)
    fenced = _fenced(text, SHORTENED) if text else ""
    description = f"{fenced}\nThe whole text is in {escaped(whole.name)}."
    embed = {"description": description.strip(), "color": _COLOURS[report.tone]}
    return content, [embed], (whole, *report.attachments)


def _mentions(report: Report, instance: str) -> bool:
    mention = report.mention
    return mention is not None and mention.instance == instance and mention.user.isdecimal()


def _mention(block: str, report: Report, instance: str) -> str:
    """The name that a report begins with (`alice, done: …`) as a mention of that person."""
    named = _NAMED.match(block)
    if not _mentions(report, instance) or named is None or report.mention is None:
        return block
    return f"{named[1] or ''}<@{report.mention.user}>{block[named.end() :]}"


def _rows(report: Report) -> list[Json]:
    """The controls as buttons, five a row. A card that may still be approved can also be changed."""
    controls = list(report.controls)
    if any(each.action == "approve" for each in controls):
        controls.append(Control(CHANGE, "✏️", CHANGE))
    buttons = [_button(each) for each in controls[: ROW * ROWS]]
    starts = range(0, len(buttons), ROW)
    return [{"type": 1, "components": buttons[start : start + ROW]} for start in starts]


def _button(control: Control) -> Json:
    label = visible(control.label)
    button: Json = {
        "type": 2,
        "style": _STYLES.get(control.action, _GREY_BUTTON),
        "custom_id": f"{PREFIX}{control.action}"[:100],
        "label": label if size(label) <= LABEL else _cut(label, LABEL - 1) + "…",
    }
    return button | ({"emoji": {"name": control.emoji}} if control.emoji else {})


def size(text: str) -> int:
    """Characters as Discord counts them at worst: UTF-16 units."""
    return len(text.encode("utf-16-le", "replace")) // 2


def _cut(text: str, most: int) -> str:
    """The beginning of at most so many of those characters; none is cut in two."""
    return text.encode("utf-16-le", "replace")[: most * 2].decode("utf-16-le", "ignore")
