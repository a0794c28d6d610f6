"""Which files are packs. Called by the library at every (re)load: only names, times and sizes are looked at here.

A folder with `SKILL.md` is a pack of that folder's name, and nothing below it is looked at; every other `*.md` file is
a bare pack named after itself.
"""

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from capabilities.problems import Problem

Stamp = tuple[int, int, int]
"""Modification time in nanoseconds, size in bytes, inode: what tells that a file changed."""

STANDARD = "SKILL.md"
DEPTH = 8


class PackFile(Struct, frozen=True):
    """One file that may be a pack. `standard` is true for a `SKILL.md`."""

    path: Path
    pack: str
    stamp: Stamp
    standard: bool


def slugify(title: str) -> str:
    """Lower-case words joined by dashes, ASCII only; never empty."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain.lower()))[:80].strip("-") or "section"


def find(roots: Sequence[Path]) -> tuple[list[PackFile], tuple[Problem, ...]]:
    """All pack files, in the order of the roots and then of their names. A root may be a folder or one file."""
    found: dict[Path, PackFile] = {}
    problems: list[Problem] = []
    for root in roots:
        try:
            for file in _file(root) if root.is_file() else _folder(root, 0):
                found.setdefault(file.path, file)
        except OSError as error:
            problems.append(
                Problem(
                    str(root),
                    1,
                    f"The packs here cannot be read: {error.strerror}.",
                    "Check [capabilities] paths.",
                )
            )
    return list(found.values()), tuple(problems)


def _file(path: Path) -> Iterator[PackFile]:
    status = path.stat()
    stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
    standard = path.name == STANDARD
    yield PackFile(
        path, path.absolute().parent.name if standard else slugify(path.stem), stamp, standard
    )


def _folder(folder: Path, depth: int) -> Iterator[PackFile]:
    with os.scandir(folder) as listing:
        entries = sorted(listing, key=lambda entry: entry.name)
    if any(entry.name == STANDARD for entry in entries):
        yield from _file(folder / STANDARD)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and depth < DEPTH:
            yield from _folder(folder / entry.name, depth + 1)
        elif entry.name.endswith(".md") and entry.is_file():
            yield from _file(folder / entry.name)
