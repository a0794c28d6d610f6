"""Which of very many words may stand in a short text, by three letters of each. Asked by the finders of this folder, which then
look for those alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

SHORT = 1000
"""Characters: plain searches through a longer text are faster than a look at each of its letters."""
RUN = 3

Runs = frozenset[str]


def runs(small: str) -> Runs | None:
    """Every three letters that stand side by side in a text of small letters; None for a long one, in which any may."""
    return None if len(small) > SHORT else _runs(small)


def _runs(small: str) -> Runs:
    return frozenset([small[at : at + RUN] for at in range(len(small) - RUN + 1)])


class Needles(Generic[T]):
    """Words, each with whoever looks for it. Of the runs of a word the one counts that the fewest other words have: a text that
    has it is likely to have the word. Words without a run may stand in every text."""

    def __init__(self, words: Iterable[tuple[str, T]]) -> None:
        self._all = tuple(words)
        known = [sorted(_runs(word.lower())) for word, _ in self._all]
        common = Counter(run for each in known for run in each)
        self._always: list[tuple[str, T]] = []
        self._by_run: defaultdict[str, list[tuple[str, T]]] = defaultdict(list)
        for each, there in zip(self._all, known, strict=True):
            found = self._by_run[min(there, key=common.__getitem__)] if there else self._always
            found.append(each)

    def of(self, there: Runs | None) -> Sequence[tuple[str, T]]:
        """Those that may stand in the text of these runs."""
        if there is None:
            return self._all
        found = self._always.copy()
        for run in self._by_run.keys() & there:
            found += self._by_run[run]
        return found
