"""Which words count in a query and in a section, and their stems. Called by `capabilities.search` alone."""

import re
import unicodedata
from collections.abc import Callable, Iterator

READ = 4000
"""Characters of a query that are read: nobody asks for a capability in more."""

LONGEST = 48
_KEPT = 4096

_SUFFIXES = frozenset(
    ("s", "t", "m", "d", "re", "ve", "ll", "don", "doesn", "didn", "isn", "won", "couldn", "wouldn")
)

_FUNCTION_WORDS = (
    "a an and any about again all also am are as at be been being but by can could do does doing did "
    "each either for from get give had has have having he hello her hey hi him his how i if in into "
    "is it its just kindly let like may me might must my need now of off ok on one onto or our out "
    "over per please pls quite really shall she should so some than thank thanks that the their them "
    "then there these they this those to too us very want was we were what when where which while who "
    "whom whose why will with would you your yours"
)

STOP = _SUFFIXES | frozenset(_FUNCTION_WORDS.split())

_QUOTED = re.compile(r'"[^"]*"|`[^`]*`|“[^”]*”|«[^»]*»|‘[^’]*’|(?<!\w)\'[^\']*\'(?!\w)')
_QUOTES = frozenset("\"`“«‘'")
_CALLED = re.compile(r"\b(called|named)\s+\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_VALUE = re.compile(
    r"""[/~\\] | \.{1,2}/ | .*:// | .*@ | .*[/\\].*[/\\]   # paths, addresses of people and pages
    | .*\w\.\w | \[?[0-9a-f]*:[0-9a-f:.]+\]?$ | .*:\d+$      # hosts, IP addresses, host:port
    | [+-]?\d+([.,:]\d+)*([a-z]{1,3}|%)?$                    # numbers, with a unit or without
    """,
    re.VERBOSE,
)
_EDGES = ".,;:!?()[]{}<>*_\"'`…“”‘’«»"


class Query:
    """Requests to stems, with a bounded memory of the words met."""

    def __init__(self) -> None:
        self._stem = _stemmer()
        self._read: dict[str, tuple[str, ...]] = {}

    def words(self, query: str) -> set[str]:
        """The stems to search for: no stop words, no quoted text, no plain values, nothing that is `called X`."""
        text = query[:READ]
        if not _QUOTES.isdisjoint(text):
            text = _QUOTED.sub(" ", text)
        text = text.casefold()
        if "called" in text or "named" in text:
            text = _CALLED.sub(" ", text)
        words: set[str] = set()
        for chunk in text.split():
            stems = self._read.get(chunk)
            words.update(self._stems(chunk) if stems is None else stems)
        return words

    def _stems(self, chunk: str) -> tuple[str, ...]:
        stems = tuple(self._stem(word) for word in _split(chunk))
        if len(chunk) <= LONGEST:
            if len(self._read) >= _KEPT:
                self._read.clear()
            self._read[chunk] = stems
        return stems


class Reading:
    """Text to stems while an index is built; its memory of stems goes with it."""

    def __init__(self) -> None:
        self._stem = _stemmer()
        self._stems: dict[str, str] = {}

    def written(self, text: str) -> Iterator[str]:
        """The stems of what a section says; parts of paths and hosts are words here."""
        for word in _WORD.findall(_plain(text.casefold())):
            if word not in STOP and len(word) <= LONGEST and not word.isdecimal():
                yield self._once(word)

    def asked(self, text: str) -> Iterator[str]:
        """The stems of a title or an alias, read exactly as a query is."""
        for chunk in text.casefold().split():
            for word in _split(chunk):
                yield self._once(word)

    def _once(self, word: str) -> str:
        stem = self._stems.get(word)
        if stem is None:
            stem = self._stems[word] = self._stem(word)
        return stem


def _stemmer() -> Callable[[str], str]:
    """English words to their stems."""
    import Stemmer  # lazy: not every command searches

    english: Callable[[str], str] = Stemmer.Stemmer("english").stemWord

    def stem(word: str) -> str:
        return english(word) if word.isalpha() else word  # names such as pve1 have no stem

    return stem


def _split(chunk: str) -> list[str]:
    """The search words of one run of non-space in a query, none when it is plainly a value. Of `key=value` the key."""
    chunk = chunk.strip(_EDGES).partition("=")[0]
    if _VALUE.match(chunk):
        return []
    words = _WORD.findall(_plain(chunk))
    return [
        word for word in words if word not in STOP and len(word) <= LONGEST and not word.isdecimal()
    ]


def _plain(text: str) -> str:
    """Letters without their marks, as FTS5's unicode61 does."""
    if text.isascii():
        return text
    return "".join(
        char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)
    )
