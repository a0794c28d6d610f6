"""Words to their stems, as the index reads them. Called by `bot.planner.doubts`, `bot.planner.slots` and `bot.planner.typos`."""

import unicodedata
from collections.abc import Callable
from functools import lru_cache


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Letters without their marks, English endings off."""
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", word)
        if not unicodedata.combining(letter)
    )
    return _stemmer()(plain) if plain.isalpha() else plain


@lru_cache(maxsize=1)
def _stemmer() -> Callable[[str], str]:
    import Stemmer  # lazy: not every command plans

    english: Callable[[str], str] = Stemmer.Stemmer("english").stemWord
    return english
