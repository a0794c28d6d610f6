"""Words that a misspelt one may be meant as, out of many, without a look at each. Used by `bot.planner.typos`."""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct


class Words:
    """`all` of them, and two ways to those that are nearly a given one. The first letter of a word is never wrong."""

    def __init__(self, words: Iterable[str]) -> None:
        self.all = frozenset(words)
        self._mixed: defaultdict[str, list[str]] = defaultdict(list)
        self._longer: defaultdict[str, list[str]] = defaultdict(list)
        self._alike: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for word in self.all:
            self._mixed[_letters(word)].append(word)
            self._alike[word[:1], len(word)].append(word)
            if len(word) >= _SURE:
                for short in _shorter(word):
                    self._longer[short].append(word)

    def slips(self, form: "Forms") -> set[str]:
        """Those that differ by two letters swapped, one left out or one too many."""
        word = form.word
        less = self.all & form.shorter if len(word) >= _SURE else frozenset[str]()
        mixed = self._mixed.get(form.letters, ())
        swapped = (each for each in mixed if each[:1] == word[:1] and _is_swapped(word, each))
        return {*self._longer.get(word, ()), *swapped, *less}

    def one_wrong(self, word: str) -> list[str]:
        """Those of the same length in which one letter is another."""
        alike = self._alike.get((word[:1], len(word)), ())
        return [each for each in alike if sum(map(str.__ne__, word, each)) == 1]


class Forms(Struct, frozen=True):
    """What a misspelt word is looked up by: itself without one of its letters, and its letters in order."""

    word: str
    shorter: frozenset[str]
    letters: str


def forms(word: str) -> Forms:
    return Forms(word, _shorter(word), _letters(word))


_SURE = 4
"""Letters of the longer one of two words, below which one letter more or less makes any word another."""


def _shorter(word: str) -> frozenset[str]:
    """The word without one of its letters, the first apart."""
    return frozenset([word[:at] + word[at + 1 :] for at in range(1, len(word))])


def _letters(word: str) -> str:
    return "".join(sorted(word))


def _is_swapped(word: str, other: str) -> bool:
    """Whether two neighbours were swapped; both have the same letters."""
    wrong = [at for at in range(len(word)) if word[at] != other[at]]
    return len(wrong) == 2 and wrong[1] - wrong[0] == 1
