"""Places in a text, and the text without them. Used by `bot.redact` and every finder of this folder."""

from collections.abc import Iterable, Iterator

MASK = "•••"
DOT = MASK[0]

Span = tuple[int, int]
"""From, and up to but without."""


def masked(text: str, spans: Iterable[Span]) -> str:
    """The text with one MASK for each stretch of spans. A mask that touches one is taken in, so that none grows."""
    parts: list[str] = []
    done = 0
    for start, end in _merged(text, spans):
        parts += (text[done:start], MASK)
        done = end
    return "".join((*parts, text[done:]))


def _merged(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """In order, and apart from each other."""
    start = end = -1
    for first, last in sorted(spans):
        wide_first, wide_last = _widened(text, first, last)
        if wide_first > end:
            if end >= 0:
                yield start, end
            start = wide_first
        end = max(end, wide_last)
    if end >= 0:
        yield start, end


def _widened(text: str, start: int, end: int) -> Span:
    """With the dots on either side. A run of dots is walked once: finders never begin or end within one."""
    while start and text[start - 1] == DOT:
        start -= 1
    while end < len(text) and text[end] == DOT:
        end += 1
    return start, end
