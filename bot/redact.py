"""The redaction port: what is secret in a text becomes a mask, whatever it is and wherever it comes from. Made by `bot.app`,
asked by everybody who is about to store, log, post, audit or plan from a text from outside.

Secret is what the bot itself holds, and what `bot.redaction` knows by its shape or its place. Nothing is guessed from how
random a text looks: ids, digests and keys that are public stay.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from bot.redaction import commands, keys, manifests
from bot.redaction.commands import PIPES
from bot.redaction.exact import Exact
from bot.redaction.growing import settled
from bot.redaction.keys import KEYS
from bot.redaction.named import NAMES
from bot.redaction.needles import runs
from bot.redaction.places import PLACES
from bot.redaction.rules import Rules, folded
from bot.redaction.spans import MASK, Span, masked
from bot.redaction.tokens import TOKENS

__all__ = ["MASK", "SecretRedactor"]

RULES = TOKENS + KEYS + NAMES + PLACES + PIPES
FINDERS = keys.spans, manifests.spans
_TRIED = Rules(RULES)
ROUNDS = 5
"""A mask may bring out what a secret beside it hid. Whoever chains more than so many only hides less of his own."""


class SecretRedactor:
    """Masks the secrets given, in many forms, and all that looks like one. Never raises; what it masked once stays as it is."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._exact = Exact(secrets)

    def redact(self, text: str) -> str:
        """The same text with a MASK for each secret part; the words around it stay."""
        for _ in range(ROUNDS):
            spans = list(self._spans(text))
            clean = masked(text, spans) if spans else text
            if clean == text:
                break
            text = clean
        return text

    def settled(self, text: str) -> str:
        """The beginning of a text that is still being written, redacted: as far as nothing that may come makes it a secret."""
        spans = list(self._spans(text))
        cut = settled(text, spans, self._exact.forms)
        return self.redact(masked(text[:cut], (span for span in spans if span[1] <= cut)))

    def _spans(self, text: str) -> Iterator[Span]:
        yield from self._exact.spans(text)
        small = folded(text)
        there = runs(small)
        yield from _TRIED.found(text, small, there)
        others = commands.spans(text, there), *(finder(text) for finder in FINDERS)
        for span in chain.from_iterable(others):
            if text[slice(*span)].strip(f"{MASK}\n\r\t "):
                yield span
