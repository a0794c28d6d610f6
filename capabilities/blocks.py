"""The fenced blocks of one part of a section, split into statements. Called by `compile`."""

from msgspec import Struct

from capabilities.holes import names
from capabilities.parse import Fence, Part
from capabilities.problems import Broken
from capabilities.units import Unit, units

_UNKNOWN = frozenset({"http", "tool", "mcp"})
_MEANT = frozenset({"sh", "shell", "console", "zsh"})


class Blocks(Struct):
    """The blocks of one part: statements first, so that a page without a table learns its slots from them."""

    fences: list[Fence]
    units: dict[int, list[Unit]]

    @property
    def command_slots(self) -> set[str]:
        found = [
            name for group in self.units.values() for unit in group for name in names(unit.text)
        ]
        return set(found)


def blocks(part: Part | None) -> Blocks:
    fences = [_known(fence) for fence in part.fences] if part else []
    kept = [fence for fence in fences if fence is not None]
    split = {
        index: units(fence.text, fence.line)
        for index, fence in enumerate(kept)
        if fence.info == "bash"
    }
    return Blocks(kept, split)


def _known(fence: Fence) -> Fence | None:
    """A block to run, or None for an illustration."""
    if fence.info in _UNKNOWN:
        raise Broken(
            fence.line - 1,
            f"Blocks {fence.info!r} are not known in this version.",
            "Use bash or human.",
        )
    if fence.info in _MEANT:
        raise Broken(
            fence.line - 1,
            f"Blocks {fence.info!r} are not run.",
            "Write ```bash, or ```text for an illustration.",
        )
    return fence if fence.info in {"bash", "human"} else None
