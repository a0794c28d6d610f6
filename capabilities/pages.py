"""Compiled pages, and those of the last start. Called by `library` for every file that is new or changed; pages flow back.

Compiling takes a hundred times as long as reading what was compiled. A kept page is known by the bytes of its file and of the
compiler itself, so it is what compiling would make now. What is damaged, of another version or cannot be kept costs the time of
compiling, and nothing else. The file is to be guarded as the database is: whoever can write into the data folder decides what runs.
"""

import contextlib
import hashlib
import logging
import os
import sys
from importlib import metadata, resources
from pathlib import Path

from msgspec import MsgspecError, Struct, msgpack

from bot.model.sections import Section
from capabilities.disk import PackFile
from capabilities.problems import Problem

log = logging.getLogger(__name__)

_READERS = ("markdown-it-py", "pyyaml", "tree-sitter", "tree-sitter-bash")
_DIGEST = hashlib.sha256().digest_size


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


class Pages:
    """Compiles, and remembers from start to start in `file`; None remembers nothing."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._compiler = _compiler() if file else b""
        self._known = _load(file) if file else {}
        self._used: dict[str, bytes] = {}

    def compiled(self, file: PackFile) -> Compiled:
        """Raises OSError for a file that cannot be read."""
        data = file.path.read_bytes()
        if self._file is None:
            return _compiled(file, data)
        key = self._key(file, data)
        packed = self._known.get(key)
        if packed is not None:
            self._used[key] = packed
            return msgpack.decode(packed, type=Compiled)
        made = _compiled(file, data)
        with contextlib.suppress(ValueError):  # half a surrogate pair, in a path or of YAML
            self._used[key] = msgpack.encode(made)
        return made

    def keep(self) -> None:
        """The start is over: keep what it used, and remember nothing more."""
        new = self._used.keys() != self._known.keys()
        # Somebody may have installed another version meanwhile: these pages are not of that one.
        if self._file and new and self._compiler == _compiler():
            _save(self._file, self._used)
        self._file, self._known, self._used = None, {}, {}

    def ready(self) -> None:
        """Import what compiles, before somebody installs another version under this process."""
        from capabilities import source  # noqa: F401 - lazy, see there

    def _key(self, file: PackFile, data: bytes) -> str:
        """All that goes into a page: problems name the file, and a bare pack is named by it."""
        parts = (os.fsencode(file.path), os.fsencode(file.pack), b"1" if file.standard else b"")
        return hashlib.sha256(self._compiler + b"\0".join((*parts, data))).hexdigest()


def _compiled(file: PackFile, data: bytes) -> Compiled:
    from capabilities.source import compiled  # lazy, see there

    return compiled(file, data)


def _compiler() -> bytes:
    """SHA-256 over everything that makes pages: this package, the shape of a section, and the versions of what reads them."""
    digest = hashlib.sha256(sys.version.encode())
    for room, names in (("capabilities", None), ("bot.model", ("sections.py",))):
        for file in sorted(resources.files(room).iterdir(), key=lambda entry: entry.name):
            if file.name.endswith(".py") and (names is None or file.name in names):
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    for reader in _READERS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            digest.update(f"{reader} {metadata.version(reader)}\0".encode())
    return digest.digest()


def _load(file: Path) -> dict[str, bytes]:
    """The kept pages; none where a byte of them differs from what was written."""
    try:
        whole = file.read_bytes()
        digest, data = whole[:_DIGEST], whole[_DIGEST:]
        if hashlib.sha256(data).digest() == digest:
            return msgpack.decode(data, type=dict[str, bytes])
    except (OSError, MsgspecError):
        pass
    return {}


def _save(file: Path, pages: dict[str, bytes]) -> None:
    """Whole or not at all. A full disk is said by the store; here it costs the next start some time."""
    data = msgpack.encode(pages)
    new = file.with_name(f"{file.name}.new")
    try:
        new.touch(mode=0o600)
        new.write_bytes(hashlib.sha256(data).digest() + data)
        new.replace(file)
    except OSError as error:
        log.warning("The compiled pages could not be kept for the next start: %s.", error.strerror)
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
