"""Which known word a misspelt one probably is. Called by `bot.hub` for agents' names; it only ever leads to a question."""

from collections.abc import Iterable


def near(word: str, names: Iterable[str]) -> list[str]:
    """Names that `word` is a misspelling of: one slip in a short word, two in a long one."""
    if not 3 <= len(word) <= 64:
        return []
    allowed = 1 if len(word) < 6 else 2
    return [
        name
        for name in names
        if abs(len(name) - len(word)) <= allowed and 0 < _slips(word, name) <= allowed
    ]


def _slips(one: str, other: str) -> int:
    """Damerau's distance: letters changed, left out, put in, or swapped with the next one."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]
