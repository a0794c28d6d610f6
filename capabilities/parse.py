"""A Markdown file into raw sections with their line numbers. Called by the library; `compile` takes what flows on.

Nothing is judged here beyond the shape of the document: a heading, a bullet, a table row and a fence each become a
value that knows its line.
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct, field

from capabilities import frontmatter
from capabilities.disk import slugify
from capabilities.problems import Broken, Problem

LIMIT = 1024 * 1024
_HOW_TO = re.compile(r"how\s+to\s+(.+)", re.IGNORECASE)
_KEYED = re.compile(r"([A-Z][a-z]+):\s*(.*)", re.DOTALL)
PARTS = ("preview", "verify", "rollback", "returns")


class Bullet(Struct, frozen=True):
    """`- Key: text`, or prose with an empty key."""

    key: str
    text: str
    line: int


class Fence(Struct, frozen=True):
    """A fenced block: its info word, its text, the line of its first line of text."""

    info: str
    text: str
    line: int


class Part(Struct):
    """What stands below one heading, until the next."""

    line: int
    bullets: list[Bullet] = field(default_factory=list)
    fences: list[Fence] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)


class RawSection(Struct):
    """One `## How to …`. `parts` are its `### Preview`, `### Verify`, `### Rollback` and `### Returns`."""

    title: str
    slug: str
    body: Part
    parts: dict[str, Part] = field(default_factory=dict)


class Row(Struct, frozen=True):
    """One row of the Parameters table: name, type, rule, description."""

    cells: tuple[str, str, str, str]
    line: int


class RawFile(Struct):
    """One page. `bare` is true without front matter; `declared` when it has a Parameters table; `private` where only models at
    home may hear of it."""

    file: str
    pack: str
    description: str = ""
    title: str = ""
    bare: bool = True
    declared: bool = False
    private: bool = False
    aliases: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    sections: list[RawSection] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def decode(data: bytes) -> str:
    """The text of a file with `\\n` line ends. Raises Broken for what is too big, no UTF-8, or has control characters."""
    if len(data) > LIMIT:
        raise Broken(1, f"The file has {len(data)} bytes; the limit is {LIMIT}.", "Split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Broken(line, f"Byte {error.start} is not UTF-8.", "Save the file as UTF-8.") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    odd = re.search(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)
    if odd:
        line = text.count("\n", 0, odd.start()) + 1
        raise Broken(line, f"The character U+{ord(odd[0]):04X} is not allowed.", "Remove it.")
    return text


def parse(data: bytes, file: str, pack: str) -> RawFile:
    """A page as written. `pack` is the name its place gives it. Raises Broken when the whole file must be left out."""
    text = decode(data)
    front = frontmatter.read(text, file)
    raw = RawFile(file, pack)
    skip = 0
    if front is not None:
        raw.pack, raw.description, raw.bare, skip = (
            front.name,
            front.description,
            False,
            front.length,
        )
        raw.private = front.private
        raw.problems.extend(front.warnings)
    tokens = _MARKDOWN.parse("\n".join(text.split("\n")[skip:]))
    _read(raw, tokens, skip + 1)
    _number(raw.sections)
    return raw


def _markdown() -> MarkdownIt:
    # Only blocks matter: bullets and cells are taken as they are written, backticks included.
    return MarkdownIt("commonmark").enable("table").disable("inline")


_MARKDOWN = _markdown()


def _number(sections: list[RawSection]) -> None:
    """Equal slugs get -2, -3 … in the order of the file."""
    seen: set[str] = set()
    for section in sections:
        count, slug = 2, section.slug
        while section.slug in seen:
            section.slug, count = f"{slug}-{count}", count + 1
        seen.add(section.slug)


def _read(raw: RawFile, tokens: list[Token], offset: int) -> None:
    """Walk the blocks; `part` is where they belong: a section, a part of one, the aliases, or prose of nobody."""
    part = Part(offset)
    for kind, text, line, info in _blocks(tokens):
        at = line + offset
        match kind:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                part = _heading(raw, kind, text.strip(), at, part)
            case "item":
                _bullet(part, text, at)
            case "fence":
                part.fences.append(Fence(info, text, at + 1))
            case "row":
                _row(raw, part, text, at)
            case _:
                part.prose.append(" ".join(text.split()))


def _heading(raw: RawFile, level: str, text: str, line: int, part: Part) -> Part:
    fresh = Part(line)
    section = raw.sections[-1] if raw.sections else None
    how = _HOW_TO.fullmatch(text)
    if level == "h1":
        raw.title = raw.title or text
    elif level == "h2" and how:
        title = " ".join(how[1].split())
        raw.sections.append(RawSection(title, slugify(title), fresh))
    elif level == "h2" and text.lower() == "aliases":
        # Its bullets are read as they come, into the pack's own list.
        return _Aliases(line, aliases=raw.aliases)
    elif level == "h2" and text.lower() == "parameters":
        return _Parameters(line)
    elif level == "h3" and section is not None and text.lower() in PARTS:
        return _part(raw, section, text.lower(), fresh)
    elif level not in {"h1", "h2"}:
        return part
    return fresh


class _Aliases(Part):
    aliases: list[str] = field(default_factory=list)


class _Parameters(Part):
    pass


def _part(raw: RawFile, section: RawSection, name: str, fresh: Part) -> Part:
    if name in section.parts:
        raw.problems.append(
            Problem(raw.file, fresh.line, f"{section.title!r} has two parts {name!r}.", "Keep one.")
        )
        return Part(fresh.line)
    section.parts[name] = fresh
    return fresh


def commas(text: str) -> list[str]:
    """The non-empty parts between commas."""
    return [part for part in (" ".join(part.split()) for part in text.split(",")) if part]


def _bullet(part: Part, text: str, line: int) -> None:
    if isinstance(part, _Aliases):
        part.aliases.extend(commas(text))
        return
    keyed = _KEYED.fullmatch(text.strip())
    part.bullets.append(
        Bullet(keyed[1], keyed[2].strip(), line) if keyed else Bullet("", text.strip(), line)
    )


def _row(raw: RawFile, part: Part, text: str, line: int) -> None:
    if not isinstance(part, _Parameters):
        return
    cells = [cell.strip() for cell in text.split("\x00")]
    if not raw.declared:
        raw.declared = True
        if [cell.lower() for cell in cells] != ["name", "type", "rule", "description"]:
            what = f"The Parameters table has the columns {', '.join(cells)}."
            raise Broken(line, what, "Write: name, type, rule, description.")
        return
    cells += [""] * (4 - len(cells))
    raw.rows.append(Row((cells[0].strip("`"), cells[1], cells[2], cells[3]), line))


def _blocks(tokens: list[Token]) -> Iterator[tuple[str, str, int, str]]:
    """(kind, text, line from 0, info) of every heading, list item, fence, table row and paragraph, in order."""
    kind = "p"
    rows = _Rows()
    for token in tokens:
        line = token.map[0] if token.map else 0
        if token.type == "heading_open":
            kind = token.tag
        elif token.type == "list_item_open":
            kind = "item"
        elif token.type in {"fence", "code_block"}:
            yield "fence", token.content, line, token.info.strip().split(" ", 1)[0]
        elif rows.take(token, line):
            if token.type == "tr_close":
                yield "row", "\x00".join(rows.cells), rows.line, ""
        elif token.type == "inline":
            yield kind, token.content, line, ""
            kind = "p"


class _Rows(Struct):
    """The table row being read, from its opening to its closing token."""

    line: int = 0
    inside: bool = False
    cells: list[str] = field(default_factory=list)

    def take(self, token: Token, line: int) -> bool:
        """Whether the token was a row's."""
        if token.type == "tr_open":
            self.line, self.inside, self.cells = line, True, []
        elif token.type == "inline" and self.inside:
            self.cells.append(token.content)
        elif token.type == "tr_close":
            self.inside = False
        else:
            return False
        return True
