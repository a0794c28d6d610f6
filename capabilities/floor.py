"""The floor: places no plan may touch, whatever anybody approves. Called by the guard with rendered actions.

The bot's own configuration, data, keys and packs; raw block devices; and `/` itself. A program may look at what is
around them, never into them; one that changes files may name neither them nor, where it removes or moves, a parent.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.model.sections import Action, Exec, Refusal, Risk, Write
from capabilities.problems import Broken
from capabilities.programs import FILES, PROGRAMS
from capabilities.risk import judge, program, read

_DEVICES = frozenset(
    {"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/stdin", "/dev/zero", "/dev/tty"}
)
_INNER = re.compile(r"(?:^|[=:,])(/[^=:,]*)|^-[A-Za-z](/.*)")
_MODED = frozenset({"chmod", "chown", "chgrp"})
UNROOTED = ""
"""A relative path without a folder of its own to be relative to."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The protected folders, absolute. `base` resolves relative words of a local target; without one they are refused."""

    paths: tuple[Path, ...]

    def check(self, action: Action, *, base: str | None, local: bool) -> Refusal | None:
        """The first rule an action breaks. `local` paths are also looked at with their symlinks resolved."""
        for path, removes, changes in _paths(action, base):
            fault = _odd(path) if changes else None
            fault = fault or self._fault(path, removes=removes, changes=changes)
            if fault is None and local and path:
                # What is a link today leads elsewhere: the place meant is the place judged.
                resolved = str(Path(path).resolve(strict=False))
                fault = self._fault(resolved, removes=removes, changes=changes)
            if fault is not None:
                return Refusal(
                    "floor", f"{ascii(path or 'That path')[:120]} {fault}; no plan may touch it."
                )
        return None

    def _fault(self, path: str, *, removes: bool, changes: bool) -> str | None:
        if changes and path == "/":
            return "is the root of the file system"
        for protected in self.paths:
            floor = str(protected)
            if path == floor or path.startswith(f"{floor.rstrip('/')}/"):
                return "belongs to the bot itself"
            if removes and floor.startswith(f"{path.rstrip('/')}/"):
                return "holds what belongs to the bot itself"
        return None


def _odd(path: str) -> str | None:
    if path == UNROOTED:
        return "is relative to the bot's own folder; write the whole path"
    raw = (
        path.startswith("/dev/")
        and path not in _DEVICES
        and not path.startswith(("/dev/shm/", "/dev/fd/"))
    )
    return "is a device" if raw else None


def _paths(action: Action, base: str | None) -> Iterator[tuple[str, bool, bool]]:
    """(normalised path, whether a parent of the floor counts, whether it may be changed) of every path in an action."""
    if isinstance(action, Write):
        yield posixpath.normpath(action.path), False, True
    if not isinstance(action, Exec):
        return
    for stage in action.stages:
        changes = _changes(stage)
        for path in _words(stage, base):
            yield path, changes, changes


def _changes(stage: Sequence[str]) -> bool:
    try:
        return judge(stage).risk.rank >= Risk.CHANGE.rank
    except Broken:
        return True


def _words(stage: Sequence[str], base: str | None) -> Iterator[str]:
    for word in stage[1:]:
        if not word.startswith(("http://", "https://")):
            yield from (_normal(outer or inner) for outer, inner in _INNER.findall(word))
    name = program(stage[0])
    if name not in FILES:
        return
    operands = read(PROGRAMS[name], stage[1:]).operands
    for word in operands[1:] if name in _MODED else operands:
        if not word.startswith("/"):
            yield _normal(posixpath.join(base, word)) if base else UNROOTED


def _normal(path: str) -> str:
    return "/" + posixpath.normpath(path).lstrip("/")
