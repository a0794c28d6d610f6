"""The formatted body of a Matrix message, as clients show it, read for `canvas`. An unknown tag is an error."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from tests.pictures.canvas import Code, Part, Reactions, Said, Span, Words

Json = dict[str, Any]
_LOOKS = {"strong": {"bold": True}, "del": {"struck": True}, "code": {"mono": True}}


def read(caption: str, shown: Json) -> Said:
    """`shown`: `message`, the content of the event, and `reactions`, who put which."""
    content = shown["message"].get("m.new_content", shown["message"])
    if content["format"] != "org.matrix.custom.html":
        raise ValueError(f"a message of format {content['format']}")
    page = _Page()
    page.feed(content["formatted_body"])
    page.close()
    page.end()
    counts = tuple((emoji, len(users)) for emoji, users in shown["reactions"].items() if users)
    return Said(caption, (*page.parts, *([Reactions(counts)] if counts else [])))


class _Page(HTMLParser):
    """Collects lines of spans, and code."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[Part] = []
        self._looks = [Span("")]
        self._lines: list[list[Span]] = [[]]
        self._code: list[str] | None = None

    def end(self) -> None:
        """What is open becomes a part."""
        lines = [tuple(line) for line in self._lines]
        if any(lines):
            self.parts.append(Words(tuple(lines)))
        self._lines = [[]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        match tag:
            case "br":
                self._lines.append([])
            case "pre":
                self.end()
                self._code = []
            case "p":
                self.end()
            case "span":
                self._open({"colour": given["data-mx-color"] or ""})
            case "a":
                self._open({"colour": "#0969da"})
            case _ if tag in _LOOKS:
                self._open(_LOOKS[tag])
            case _:
                raise ValueError(f"a tag {tag}")

    def _open(self, look: Json) -> None:
        self._looks.append(replace(self._looks[-1], **look))

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self.parts.append(Code(tuple("".join(self._code or ()).rstrip("\n").split("\n"))))
            self._code = None
        elif tag == "p":
            self.end()
        else:
            self._looks.pop()

    def handle_data(self, data: str) -> None:
        if self._code is not None:
            self._code.append(data)
        else:
            self._lines[-1].append(replace(self._looks[-1], text=data))
