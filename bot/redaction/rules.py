"""Rules, and how they are tried: a pattern runs only where one of its keywords stands. Called by `bot.redact`.

What a pattern may take is bounded, so that a text costs the same wherever it comes from. A pattern is compiled when its
keyword is first seen: most never are, and a start does not wait for them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from msgspec import Struct

from bot.redaction.needles import Needles, Runs
from bot.redaction.spans import DOT, Span

GROUP = "secret"
"""Named groups that begin so are masked; where a pattern has none, all that it matched."""


class Rule(Struct, frozen=True):
    """`pattern` is matched `before` letters left of each place of a keyword; without keywords it is searched for, which only
    one that begins with few letters can afford. Both go regardless of case where `folded` says so: keywords are then in small
    letters. `judge` has the last word on a match: False leaves it."""

    what: str
    keywords: tuple[str, ...]
    pattern: str
    folded: bool = False
    before: int = 0
    judge: Callable[[re.Match[str]], bool] | None = None


class Rules:
    """Many rules, tried together."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        rules = tuple(rules)
        self._searched = tuple(rule for rule in rules if not rule.keywords)
        self._needles = Needles((keyword, rule) for rule in rules for keyword in rule.keywords)

    def found(self, text: str, small: str, there: Runs | None) -> Iterator[Span]:
        """What they would mask. Spans may overlap; none is of dots alone. `small` is the text `folded`, `there` its runs."""
        for rule in self._searched:
            for match in compiled(rule.pattern).finditer(text):
                yield from secrets(match)
        for keyword, rule in self._needles.of(there):
            searched = small if rule.folded else text
            at = searched.find(keyword)
            if at >= 0:
                yield from _beside(rule, keyword, text, searched, at)


def folded(text: str) -> str:
    """In small letters, of the same length: one capital letter has two small ones."""
    return (text if text.isascii() else text.replace("\u0130", "i")).lower()


def _beside(rule: Rule, keyword: str, text: str, searched: str, at: int) -> Iterator[Span]:
    """The matches at every place of one keyword, from the first on."""
    pattern = compiled(rule.pattern, rule.folded)
    while at >= 0:
        after = at + len(keyword)
        match = pattern.match(text, at - rule.before) if at >= rule.before else None
        if match:
            after = max(after, match.end())
            if rule.judge is None or rule.judge(match):
                yield from secrets(match)
        at = searched.find(keyword, after)


@cache
def compiled(pattern: str, fold: bool = False) -> re.Pattern[str]:
    """The pattern, compiled once. `.` never matches the end of a line, and letters are those of ASCII."""
    return re.compile(pattern, re.ASCII | re.MULTILINE | (re.IGNORECASE if fold else 0))


def secrets(match: re.Match[str]) -> Iterator[Span]:
    """The secret parts of a match."""
    names = [name for name in match.re.groupindex if name.startswith(GROUP)]
    for name in names or (0,):
        start, end = match.span(name)
        if match[name] and match[name].strip(DOT):
            yield start, end


def value(match: re.Match[str]) -> str:
    """The text of the secret part: of the first, where there are several."""
    return next((text[start:end] for text in (match.string,) for start, end in secrets(match)), "")
