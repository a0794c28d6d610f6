"""Messages drawn as SVG: words, code, buttons, reactions, bars. Fed by the readers of each platform; pure.

Nothing here knows a platform. A picture needs no font of its own and no network: text is text, in whatever the reader's
system has, and widths are estimates on the generous side.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

WIDTH = 720
EDGE = 24
GAP = 6
INK, FAINT, PAPER, SHADE, RULE = "#1f2328", "#656d76", "#ffffff", "#f3f4f6", "#d0d7de"
SANS = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_PIECE = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text of one look. `colour` "" is that of its place."""

    text: str
    bold: bool = False
    mono: bool = False
    struck: bool = False
    colour: str = ""


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Lines of text; what is too long goes on below."""

    lines: tuple[Line, ...]
    size: float = 14


@dataclass(frozen=True, slots=True)
class Code:
    """Lines laid out verbatim in a box."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press."""

    label: str
    fill: str = PAPER
    ink: str = INK


@dataclass(frozen=True, slots=True)
class Buttons:
    """Buttons in a row."""

    row: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Reactions:
    """Emoji below a message, each with how many put it there."""

    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Barred:
    """Parts beside a bar of one colour."""

    colour: str
    parts: tuple["Part", ...]


Part = Words | Code | Buttons | Reactions | Barred


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the bot's as people see it, and what to say above it."""

    caption: str
    parts: tuple[Part, ...]


def picture(title: str, messages: Sequence[Said]) -> str:
    """The messages below each other, as a whole SVG document."""
    sheet = _Sheet([], EDGE)
    for number, message in enumerate(messages):
        if number:
            sheet.rule()
        sheet.head(message.caption)
        for part in message.parts:
            sheet.put(part, EDGE, WIDTH - 2 * EDGE)
    height = round(sheet.y + EDGE - GAP)
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label={quoteattr(title)}>'
    frame = f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8" fill="{PAPER}" stroke="{RULE}"/>'
    body = "\n".join(sheet.drawn)
    return f"{opening}\n<title>{escape(title)}</title>\n{frame}\n{body}\n</svg>\n"


@dataclass(slots=True)
class _Sheet:
    """What is drawn so far, and how far down."""

    drawn: list[str]
    y: float

    def rule(self) -> None:
        self.y += GAP
        self.drawn.append(f'<path d="M{EDGE} {self.y:g}H{WIDTH - EDGE}" stroke="{RULE}"/>')
        self.y += EDGE - GAP

    def head(self, caption: str) -> None:
        self._line((Span(caption, colour=FAINT),), EDGE, 12)
        self.y += GAP

    def put(self, part: Part, x: float, width: float) -> None:
        match part:
            case Words(lines, size):
                for line in lines:
                    for shown in wrapped(line, width, size):
                        self._line(shown, x, size)
            case Code(lines):
                self._code(lines, x, width)
            case Buttons(row):
                self._buttons(row, x, width)
            case Reactions(counts):
                self._reactions(counts, x)
            case Barred(colour, parts):
                self._barred(colour, parts, x, width)
        self.y += GAP

    def _line(self, line: Line, x: float, size: float) -> None:
        spans = "".join(_tspan(span, size) for span in line)
        self.y += size * 1.4
        if spans:
            self.drawn.append(
                f'<text x="{x:g}" y="{self.y - size * 0.35:g}" font-family="{SANS}" font-size="{size:g}" fill="{INK}" xml:space="preserve">{spans}</text>'
            )

    def _code(self, lines: Sequence[str], x: float, width: float) -> None:
        inside = [
            shown
            for line in lines
            for shown in wrapped((Span(line, mono=True),), width - 2 * GAP, 12)
        ]
        height = len(inside) * 12 * 1.4 + 2 * GAP
        self._box(x, width, height, SHADE, RULE, 4)
        self.y += GAP
        for line in inside:
            self._line(line, x + GAP, 12)
        self.y += GAP

    def _buttons(self, row: Sequence[Button], x: float, width: float) -> None:
        at = x
        for button in row:
            wide = measure(Span(button.label, bold=True), 13) + 24
            if at > x and at + wide > x + width:
                at, self.y = x, self.y + 36
            self._labelled(at, wide, 30, button)
            at += wide + 8
        self.y += 32

    def _labelled(self, x: float, wide: float, high: float, button: Button) -> None:
        line = "none" if button.fill != PAPER else RULE
        self._box(x, wide, high, button.fill, line, 6)
        self.drawn.append(
            f'<text x="{x + wide / 2:g}" y="{self.y + high / 2 + 4.5:g}" text-anchor="middle" font-family="{SANS}" font-size="13" font-weight="600" fill="{button.ink}">{escape(button.label)}</text>'
        )

    def _reactions(self, counts: Sequence[tuple[str, int]], x: float) -> None:
        for emoji, count in counts:
            self._labelled(x, 48, 24, Button(f"{emoji} {count}", "#e8f0fe"))
            x += 56
        self.y += 26

    def _barred(self, colour: str, parts: Sequence[Part], x: float, width: float) -> None:
        top = self.y
        for part in parts:
            self.put(part, x + 16, width - 16)
        self.drawn.append(
            f'<rect x="{x:g}" y="{top:g}" width="4" height="{self.y - top - GAP:g}" rx="2" fill="{colour}"/>'
        )

    def _box(
        self, x: float, width: float, height: float, fill: str, stroke: str, round: float
    ) -> None:
        self.drawn.append(
            f'<rect x="{x:g}" y="{self.y:g}" width="{width:g}" height="{height:g}" rx="{round:g}" fill="{fill}" stroke="{stroke}"/>'
        )


def _tspan(span: Span, size: float) -> str:
    """Spaces that stay where they are, whatever the reader does with others."""
    looks = [
        (span.bold, 'font-weight="600"'),
        (span.mono, f'font-family="{MONO}" font-size="{min(size, 12):g}"'),
        (span.struck, 'text-decoration="line-through"'),
        (bool(span.colour), f'fill="{span.colour}"'),
    ]
    said = escape(span.text.replace(" ", "\u00a0") if span.mono else span.text)
    return f"<tspan{''.join(f' {look}' for on, look in looks if on)}>{said}</tspan>"


def measure(span: Span, size: float) -> float:
    """About how wide it is."""
    cells = sum(2.2 if _is_wide(each) else 0 if _is_mark(each) else 1 for each in span.text)
    each = 0.61 * min(size, 12) if span.mono else (0.57 if span.bold else 0.54) * size
    return cells * each


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"W", "F"}


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Me", "Cf"}


def wrapped(line: Line, width: float, size: float) -> Iterator[Line]:
    """The line as lines that fit. A word that is too long for any stays whole."""
    shown: list[Span] = []
    used = 0.0
    for span in line:
        for word in _PIECE.findall(span.text):
            piece = replace(span, text=word)
            wide = measure(replace(span, text=word.rstrip()), size)
            if shown and used + wide > width:
                yield tuple(shown)
                shown, used = [], 0.0
            shown = _joined(shown, piece)
            used += measure(piece, size)
    yield tuple(shown)


def _joined(line: list[Span], piece: Span) -> list[Span]:
    if line and replace(line[-1], text="") == replace(piece, text=""):
        return [*line[:-1], replace(piece, text=line[-1].text + piece.text)]
    return [*line, piece]
