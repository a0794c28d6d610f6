"""Compiled pages, and those of the last start. Called by `library` for every file that is new or changed; pages flow back.

Compiling takes a hundred times as long as reading what was compiled. What is kept is known by the bytes of the file and of the
compiler itself, so it is what compiling would make now; it is as safe as the database beside it, and the guard seals each
section anew before it is run. A file that is damaged, of another version or not to be had costs the time of compiling, and nothing
else.
"""

import contextlib
import hashlib
import logging
import os
import sys
from functools import cache
from importlib import metadata, resources
from pathlib import Path

from msgspec import MsgspecError, Struct, msgpack

from bot.model.sections import Section
from capabilities.disk import PackFile
from capabilities.problems import Problem

log = logging.getLogger(__name__)

_READERS = ("markdown-it-py", "pyyaml", "tree-sitter", "tree-sitter-bash")


class Page(Struct, frozen=True):
    """A compiled page. `broken` are the ids of the sections left out."""

    pack: str
    description: str
    sections: tuple[Section, ...]
    problems: tuple[Problem, ...]
    broken: tuple[str, ...] = ()


class Compiled(Struct, frozen=True):
    """What came of a file, and what is wrong with it; no page when the whole file is left out."""

    page: Page | None
    problems: tuple[Problem, ...] = ()


class Kept(Struct, frozen=True):
    """The file of kept pages: the compiler's digest, and pages by the digest of what they were made of."""

    compiler: str
    pages: dict[str, Compiled]


class Pages:
    """Compiles, and remembers from start to start in `file`; None remembers nothing."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._known = {} if file is None else _load(file)
        self._used: dict[str, Compiled] = {}

    def compiled(self, file: PackFile) -> Compiled:
        """Raises OSError for a file that cannot be read."""
        data = file.path.read_bytes()
        if self._file is None:
            return _compiled(file, data)
        key = _key(file, data)
        found = self._known.get(key) or _compiled(file, data)
        self._used[key] = found
        return found

    def keep(self) -> None:
        """The start is over: keep what it used, and remember nothing more."""
        if self._file is not None and self._used.keys() != self._known.keys():
            _save(self._file, Kept(compiler(), self._used))
        self._file, self._known, self._used = None, {}, {}


def _compiled(file: PackFile, data: bytes) -> Compiled:
    from capabilities.source import compiled  # lazy, see there

    return compiled(file, data)


def _key(file: PackFile, data: bytes) -> str:
    """All that goes into a page: problems name the file, and a bare pack is named by it."""
    about = f"{file.path}\0{file.pack}\0{file.standard}\0".encode()
    return hashlib.sha256(about + data).hexdigest()


@cache
def compiler() -> str:
    """SHA-256 over everything that makes pages: this package, the shape of a section, and the versions of what reads them."""
    digest = hashlib.sha256()
    for room, names in (("capabilities", None), ("bot.model", ("sections.py",))):
        for file in sorted(resources.files(room).iterdir(), key=lambda entry: entry.name):
            if file.name.endswith(".py") and (names is None or file.name in names):
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    digest.update(sys.version.encode())
    for reader in _READERS:
        digest.update(metadata.version(reader).encode() + b"\0")
    return digest.hexdigest()


def _load(file: Path) -> dict[str, Compiled]:
    try:
        kept = msgpack.decode(file.read_bytes(), type=Kept)
    except (OSError, MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return kept.pages if kept.compiler == compiler() else {}


def _save(file: Path, kept: Kept) -> None:
    """Whole or not at all. A full disk is said by the store; here it costs the next start some time."""
    new = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        new.touch(mode=0o600)
        new.write_bytes(msgpack.encode(kept))
        new.replace(file)
    except OSError as error:
        log.warning("The compiled pages could not be kept for the next start: %s.", error.strerror)
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
