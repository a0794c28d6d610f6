"""Which of very many words may stand in a short text, by two letters of each. Asked by the finders of this folder, which then
look for those alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from operator import add
from typing import Generic, TypeVar

T = TypeVar("T")

SHORT = 1000
"""Characters: plain searches through a longer text are faster than a look at each of its letters."""

Pairs = frozenset[str]


def pairs(small: str) -> Pairs | None:
    """Every two letters that stand side by side in a text of small letters; None for a long one, in which any may."""
    return None if len(small) > SHORT else _pairs(small)


def _pairs(small: str) -> Pairs:
    return frozenset(map(add, small, small[1:]))


class Needles(Generic[T]):
    """Words of two letters at least, each with whoever looks for it. Of the pairs of a word the one counts that the fewest other
    words have: a text that has it is likely to have the word."""

    def __init__(self, words: Iterable[tuple[str, T]]) -> None:
        self._all = tuple(words)
        known = [sorted(_pairs(word.lower())) for word, _ in self._all]
        common = Counter(pair for each in known for pair in each)
        self._by_pair: defaultdict[str, list[tuple[str, T]]] = defaultdict(list)
        for each, there in zip(self._all, known, strict=True):
            self._by_pair[min(there, key=common.__getitem__)].append(each)

    def of(self, there: Pairs | None) -> Sequence[tuple[str, T]]:
        """Those that may stand in the text of these pairs."""
        if there is None:
            return self._all
        return [each for pair in self._by_pair.keys() & there for each in self._by_pair[pair]]
