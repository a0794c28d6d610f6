"""A terminal's screen, with its colours, read for `canvas`. An unknown colour is an error."""

import re
from dataclasses import dataclass, replace
from typing import Any

from tests.pictures.canvas import FAINT, Said, Span, Words

Json = dict[str, Any]
_COLOURS = {
    30: "#1f2328", 31: "#cf222e", 32: "#1a7f37", 33: "#9a6700", 34: "#0969da", 35: "#8250df",
    36: "#1b7c83", 37: "#656d76", 90: "#8c959f",
}  # fmt: skip
_ESCAPE = re.compile(r"\x1b\[([\d;]*)m")


_CODES: dict[int, Json] = {
    1: {"bold": True},
    2: {"faint": True},
    9: {"struck": True},
    22: {"bold": False, "faint": False},
    29: {"struck": False},
    39: {"colour": ""},
    49: {},  # the background that is there anyway
    **{code: {"colour": colour} for code, colour in _COLOURS.items()},
}


@dataclass(frozen=True, slots=True)
class _Look:
    """What the escape codes so far ask for."""

    bold: bool = False
    faint: bool = False
    struck: bool = False
    colour: str = ""

    def obey(self, codes: str) -> "_Look":
        look = self
        for code in codes.split(";"):
            look = replace(look, **_CODES[int(code)]) if int(code or 0) else _Look()
        return look

    def span(self, text: str) -> Span:
        return Span(
            text, self.bold, True, self.struck, self.colour or (FAINT if self.faint else "")
        )


def read(caption: str, shown: Json) -> Said:
    """`shown`: `screen`, the lines of the terminal."""
    look, lines = _Look(), []
    for raw in shown["screen"]:
        pieces = _ESCAPE.split(raw)
        spans = []
        for number, piece in enumerate(pieces):
            if number % 2:
                look = look.obey(piece)
            elif piece:
                spans.append(look.span(piece))
        lines.append(tuple(spans))
    return Said(caption, (Words(tuple(lines), 12),))
