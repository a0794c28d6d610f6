"""A Discord message, as its API was sent it, read for `canvas`. An unknown part is an error: a picture leaves nothing out."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.pictures.canvas import (
    FAINT,
    PAPER,
    Barred,
    Button,
    Buttons,
    Code,
    Part,
    Reactions,
    Said,
    Span,
    Words,
)

Json = dict[str, Any]
_FILLS = {2: ("#e6e8eb", "#1f2328"), 3: ("#248046", PAPER), 4: ("#da373c", PAPER)}
_FENCE = re.compile(r"```\n(.*?)\n```", re.DOTALL)
_MARK = re.compile(
    r"\*\*(?P<bold>.+?)\*\*|~~(?P<struck>.+?)~~|`(?P<code>[^`]+)`|<(?P<url>https?://[^>]+)>|\\(?P<bare>.)"
)

_LOOKS: dict[str, Json] = {
    "bold": {"bold": True},
    "struck": {"struck": True},
    "code": {"mono": True},
    "url": {"colour": "#0969da"},
    "bare": {},
}
_NESTING = frozenset({"bold", "struck"})


def read(caption: str, shown: Json) -> Said:
    """`shown`: `message`, the body of the request, and `reactions`, who put which."""
    message = shown["message"]
    parts = [*_markdown(message["content"])]
    for embed in message["embeds"]:
        bar = f"#{embed['color']:06x}"
        parts.append(Barred(bar, tuple(_markdown(embed["description"]))))
    files = [(Span(f"📄 {each['filename']}", colour=FAINT),) for each in message["attachments"]]
    parts += [Words(tuple(files), 12)] if files else []
    parts += [Buttons(tuple(map(_button, row["components"]))) for row in message["components"]]
    counts = tuple((emoji, len(users)) for emoji, users in shown["reactions"].items() if users)
    return Said(caption, (*parts, *([Reactions(counts)] if counts else [])))


def _markdown(text: str) -> Iterator[Part]:
    """What stands between fences is code."""
    for number, piece in enumerate(_FENCE.split(text)):
        if number % 2:
            yield Code(tuple(piece.split("\n")))
        elif piece.strip("\n"):
            yield from _words(piece.strip("\n"))


def _words(text: str) -> Iterator[Words]:
    for line in text.split("\n"):
        if line.startswith("-# "):
            yield Words((tuple(_spans(line[3:], Span("", colour=FAINT))),), 12)
        else:
            yield Words((tuple(_spans(line, Span(""))),))


def _spans(line: str, look: Span) -> Iterator[Span]:
    position = 0
    for found in _MARK.finditer(line):
        if found.start() > position:
            yield replace(look, text=line[position : found.start()])
        kind = found.lastgroup or ""
        changed = replace(look, text=found[kind], **_LOOKS[kind])
        yield from _spans(found[kind], changed) if kind in _NESTING else (changed,)
        position = found.end()
    if position < len(line):
        yield replace(look, text=line[position:])


def _button(button: Json) -> Button:
    if button["type"] != 2:
        raise ValueError(f"a component of type {button['type']}")
    emoji = button.get("emoji", {}).get("name", "")
    return Button(f"{emoji} {button['label']}".strip(), *_FILLS[button["style"]])
