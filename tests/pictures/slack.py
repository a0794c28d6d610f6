"""Block Kit, as Slack was sent it, read for `canvas`. An unknown part is an error: a picture leaves nothing out."""

from collections.abc import Iterator
from typing import Any

from adapters.chat.slack import emoji
from tests.pictures.canvas import (
    FAINT,
    PAPER,
    Barred,
    Button,
    Buttons,
    Code,
    Line,
    Part,
    Reactions,
    Said,
    Span,
    Words,
)

Json = dict[str, Any]
_FILLS = {"primary": ("#007a5a", PAPER), "danger": ("#e01e5a", PAPER)}


def read(caption: str, shown: Json) -> Said:
    """`shown`: `message`, the body of the request, and `reactions`, who put which."""
    message = shown["message"]
    parts = [part for block in message["blocks"] for part in _block(block)]
    for attached in message["attachments"]:
        inside = [part for block in attached["blocks"] for part in _block(block)]
        parts.append(Barred(attached["color"], tuple(inside)))
    counts = tuple(
        (emoji.character(name, {}), len(users))
        for name, users in shown["reactions"].items()
        if users
    )
    return Said(caption, (*parts, *([Reactions(counts)] if counts else [])))


def _block(block: Json) -> Iterator[Part]:
    match block["type"]:
        case "header":
            yield Words(((Span(block["text"]["text"], bold=True),),), 18)
        case "context":
            faint = [(Span(each["text"], colour=FAINT),) for each in block["elements"]]
            yield Words(tuple(faint), 12)
        case "rich_text":
            for element in block["elements"]:
                yield _rich(element)
        case "actions":
            yield Buttons(tuple(_button(each) for each in block["elements"]))
        case other:
            raise ValueError(f"a block of type {other}")


def _rich(element: Json) -> Part:
    match element["type"]:
        case "rich_text_preformatted":
            said = "".join(each["text"] for each in element["elements"])
            return Code(tuple(said.split("\n")))
        case "rich_text_section":
            return Words(tuple(_lines(element["elements"])))
        case other:
            raise ValueError(f"rich text of type {other}")


def _lines(elements: list[Json]) -> Iterator[Line]:
    line: list[Span] = []
    for element in elements:
        if element["type"] != "text":
            raise ValueError(f"an element of type {element['type']}")
        style = element.get("style", {})
        look = Span("", bool(style.get("bold")), bool(style.get("code")), bool(style.get("strike")))
        first, *more = element["text"].split("\n")
        line.append(Span(first, look.bold, look.mono, look.struck))
        for each in more:
            yield tuple(line)
            line = [Span(each, look.bold, look.mono, look.struck)]
    yield tuple(line)


def _button(button: Json) -> Button:
    return Button(button["text"]["text"], *_FILLS.get(button.get("style", ""), ()))
