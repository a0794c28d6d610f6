"""Which of very many words may stand in a short text, by the first two letters of each. Asked by the finders of this folder,
which then look for those alone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import add
from typing import Generic, TypeVar

T = TypeVar("T")

SHORT = 1000
"""Characters: plain searches through a longer text are faster than a look at each of its letters."""

Pairs = frozenset[str]


def pairs(small: str) -> Pairs | None:
    """Every two letters that stand side by side in a text of small letters; None for a long one, in which any may."""
    return None if len(small) > SHORT else frozenset(map(add, small, small[1:]))


class Needles(Generic[T]):
    """Words of two letters at least, each with whoever looks for it."""

    def __init__(self, words: Iterable[tuple[str, T]]) -> None:
        self._all = tuple(words)
        self._by_start: defaultdict[str, list[tuple[str, T]]] = defaultdict(list)
        for each in self._all:
            self._by_start[each[0][:2].lower()].append(each)

    def of(self, there: Pairs | None) -> Sequence[tuple[str, T]]:
        """Those that may stand in the text of these pairs."""
        if there is None:
            return self._all
        return [each for start in self._by_start.keys() & there for each in self._by_start[start]]
