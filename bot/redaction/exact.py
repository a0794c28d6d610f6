"""The secrets that the bot holds, wherever they stand and in whatever form. Made by `bot.redact`."""

import base64
import json
from collections.abc import Iterable, Iterator
from html import escape
from re import sub
from shlex import quote as shell_quote
from urllib.parse import quote, quote_plus

from bot.redaction.spans import Span

SHORTEST = 4
"""Shorter secrets are not masked: they would blot out ordinary words."""
SHORTEST_INNER = 8
"""Nor are shorter pieces of base64."""


class Exact:
    """Searches for each form on its own: a plain search is many times faster than a pattern of all of them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = [secret for secret in secrets if len(secret.strip()) >= SHORTEST]
        self.forms = frozenset(form for secret in known for form in _forms(secret))
        self._inner = frozenset(form for secret in known for form in _inner(secret)) - self.forms

    def spans(self, text: str) -> Iterator[Span]:
        """Where they stand. The letters around a piece of base64 hold bits of the secret too: one on each side goes."""
        for forms, around in ((self.forms, 0), (self._inner, 1)):
            for form in forms:
                if form in text:
                    yield from _places(text, form, around)


def _places(text: str, form: str, around: int) -> Iterator[Span]:
    """Overlapping ones as well."""
    at = text.find(form)
    while at >= 0:
        yield max(0, at - around), min(len(text), at + len(form) + around)
        at = text.find(form, at + 1)


def _forms(secret: str) -> set[str]:
    """As it is, its longer lines, in base64, in a URL, in JSON, in HTML and in a shell's quotes."""
    encoded = base64.b64encode(secret.encode()).decode()
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    plain = {
        secret,
        encoded.rstrip("="),
        encoded.translate(_URL_SAFE).rstrip("="),
        *quoted,
        *(sub("%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in quoted),
        *_in_json(secret),
        escape(secret),
        escape(secret, quote=False),
        shell_quote(secret)[1:-1] if "'" in secret else secret,
    }
    return plain | {line for line in secret.splitlines() if len(line.strip()) >= SHORTEST}


_URL_SAFE = str.maketrans("+/", "-_")


def _in_json(secret: str) -> set[str]:
    forms = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return forms | {form.replace("/", r"\/") for form in forms}


def _inner(secret: str) -> Iterator[str]:
    """What every base64 of a longer text with the secret in it has: one form for each place in a group of three bytes."""
    data = secret.encode()
    for skipped, letters in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(b"\0" * skipped + data).decode()
        certain = encoded[letters : (skipped + len(data)) * 8 // 6]
        if len(certain) >= SHORTEST_INNER:
            yield certain
            yield certain.translate(_URL_SAFE)
