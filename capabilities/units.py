"""A `bash` block into its statements. Called by `compile`; `shell` reads what flows on.

One statement is one line, with `\\` continuations joined, or `… <<'WORD'` with the lines up to WORD.
"""

import re

from msgspec import Struct

from capabilities.problems import Broken

_HEREDOC = re.compile(r"<<(-?)\s*(['\"]?)([A-Za-z_][A-Za-z0-9_]*)\2\s*$")

LONGEST = 8000
"""Characters of one command. Far above what people write, and no parser is ever fed with more."""


class Unit(Struct, frozen=True):
    """One statement: its text, the file's line, and the heredoc's word and body when it has one."""

    text: str
    line: int
    word: str | None = None
    body: str = ""


def units(block: str, line: int) -> list[Unit]:
    """The statements of a block whose first line is line `line` of the file. Raises Broken."""
    lines = block.split("\n")
    found: list[Unit] = []
    index = 0
    while index < len(lines):
        if not lines[index].strip() or lines[index].lstrip().startswith("#"):
            index += 1
            continue
        unit, index = _unit(lines, index, line)
        found.append(unit)
    return found


def _unit(lines: list[str], index: int, offset: int) -> tuple[Unit, int]:
    at = offset + index
    text = lines[index].strip()
    while text.endswith("\\"):
        index += 1
        if text.count("'") % 2 or text.count('"') % 2:
            raise Broken(
                at, "A quote is open at the end of the line.", "Close it on the same line."
            )
        if index >= len(lines) or not lines[index].strip():
            raise Broken(at, "The line ends with '\\' but nothing follows.", "Remove the '\\'.")
        text = f"{text[:-1].rstrip()} {lines[index].strip()}"
    if len(text) > LONGEST:
        raise Broken(
            at,
            f"The command has {len(text)} characters; the limit is {LONGEST}.",
            "Write it shorter.",
        )
    heredoc = _HEREDOC.search(text)
    if heredoc is None:
        return Unit(text, at), index + 1
    if heredoc[1] or heredoc[2] != "'":
        raise Broken(
            at, "A heredoc's word must stand in single quotes.", "Write: cat > PATH <<'WORD'."
        )
    return _with_body(lines, index, Unit(text, at, heredoc[3]))


def _with_body(lines: list[str], index: int, unit: Unit) -> tuple[Unit, int]:
    try:
        end = lines.index(unit.word or "", index + 1)
    except ValueError:
        raise Broken(
            unit.line, "The heredoc has no end.", f"Write {unit.word} alone on its last line."
        ) from None
    body = "".join(f"{line}\n" for line in lines[index + 1 : end])
    return Unit(unit.text, unit.line, unit.word, body), end + 1
