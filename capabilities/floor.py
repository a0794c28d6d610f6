"""The floor: places no plan may touch, whatever anybody approves. Called by the guard with rendered actions.

The bot's own configuration, data, keys and packs; raw block devices; and `/` itself. A program may look at what is
around them, never into them; one that changes files may name neither them nor, where it removes or moves, a parent.
"""

import functools
import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from bot.model.sections import Action, Exec, Refusal, Risk, Write
from capabilities.problems import Broken
from capabilities.programs import FILES, PROGRAMS
from capabilities.risk import judge, program, read

_DEVICES = frozenset(
    {"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/stdin", "/dev/zero", "/dev/tty"}
)
_PROCESS = re.compile(
    r"/proc/(?:self|thread-self|\d+)/(?:cwd|root|exe|fd|map_files|mem|environ|task)(?:/|$)"
)
"""Ways into a process, ours too; where its links lead differs between whoever looks and whoever runs."""
_INNER = re.compile(r"(?:^|[=:,])(/[^=:,]*)|^-[A-Za-z](/.*)")
_MODED = frozenset({"chmod", "chown", "chgrp"})
_MAKES = frozenset({"mkdir", "touch", "tee", "curl", "nginx"})
OWNED = "owner.lock"
"""What the data folder of a running bot has in it."""
UNROOTED = ""
"""A relative path without a folder of its own to be relative to."""


class Use(Struct, frozen=True):
    """What a program may do to a path: change it; change the `whole` of it, everything below included."""

    changes: bool
    whole: bool


class Floor(Struct, frozen=True):
    """The protected folders, absolute. `base` resolves relative words of a local target; without one they are refused."""

    paths: tuple[str, ...]

    def check(self, actions: Iterable[Action], *, base: str | None, local: bool) -> Refusal | None:
        """The first rule some actions break. `local` paths are also looked at with their symlinks resolved."""
        actions = tuple(actions)
        found = (place for action in actions for place in self._places(action, base))
        places = dict.fromkeys(found)
        if local and any(_ends_us(stage) for each in actions for stage in _stages(each)):
            return Refusal("floor", "That would end the bot itself; no plan may do it.")
        for path, use in places:
            fault = self._fault(path, use)
            if fault is None and local:
                # What is a link today leads elsewhere: the place meant is the place judged.
                fault = self._fault(os.path.realpath(path), use)
            if fault is not None:
                return Refusal(
                    "floor", f"{ascii(path or 'That path')[:120]} {fault}; no plan may touch it."
                )
        return None

    def _places(self, action: Action, base: str | None) -> Iterator[tuple[str, Use]]:
        yield from _places(action, base)
        if base is None and isinstance(action, Exec):
            yield from self._own(action)

    def _own(self, action: Exec) -> Iterator[tuple[str, Use]]:
        """Words that name something in the data folder, which is where a command without a root begins."""
        begins = [floor for floor in self.paths if os.path.lexists(f"{floor}/{OWNED}")]
        for stage in action.stages:
            use = _use(stage)
            tails = [word.rpartition("=")[2] for word in stage[1:]]
            for word in dict.fromkeys((*stage[1:], *tails)):
                meant = (posixpath.join(floor, word) for floor in begins if word)
                yield from ((_normal(path), use) for path in meant if os.path.lexists(path))

    def _fault(self, path: str, use: Use) -> str | None:
        odd = _odd(path) if use.changes else None
        if odd is not None:
            return odd
        if _PROCESS.match(path):
            return "leads into a process"
        for floor in self.paths:
            if path == floor or path.startswith(f"{floor}/"):
                return "belongs to the bot itself"
            if use.whole and floor.startswith(f"{path}/"):
                return "holds what belongs to the bot itself"
        return None


def _odd(path: str) -> str | None:
    if path == UNROOTED:
        return "is relative to the bot's own folder; write the whole path"
    if path == "/":
        return "is the root of the file system"
    raw = (
        path.startswith("/dev/")
        and path not in _DEVICES
        and not path.startswith(("/dev/shm/", "/dev/fd/"))
    )
    return "is a device" if raw else None


def _stages(action: Action) -> tuple[tuple[str, ...], ...]:
    return action.stages if isinstance(action, Exec) else ()


def _ends_us(stage: Sequence[str]) -> bool:
    """`kill` with our own process, or with everybody's."""
    ours = {"-1", str(os.getpid()), f"-{os.getpgrp()}"}
    operands = stage[2:] if len(stage) > 2 and stage[1].startswith("-") else stage[1:]
    return program(stage[0]) == "kill" and any(
        (word.lstrip("+0") or "0") in ours for word in operands
    )


def _places(action: Action, base: str | None) -> Iterator[tuple[str, Use]]:
    """(normalised path, what may happen to it) of every path in an action."""
    if isinstance(action, Write):
        yield _normal(action.path), Use(changes=True, whole=False)
    if not isinstance(action, Exec):
        return
    for stage in action.stages:
        use = _use(stage)
        for path in _words(stage, base):
            yield path, use


@functools.lru_cache(maxsize=1024)
def _use(stage: tuple[str, ...]) -> Use:
    try:
        changes = judge(stage).risk.rank >= Risk.CHANGE.rank
    except Broken:
        changes = True
    return Use(changes=changes, whole=changes and program(stage[0]) not in _MAKES)


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
