"""The redaction port's first implementation: exact matches of every secret the bot holds. Made by `bot.app`, asked by
everybody who is about to store, log, post or audit a text from outside."""

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "•••"
SHORTEST = 4
"""Shorter secrets are not masked: they would blot out ordinary words."""


class ExactRedactor:
    """Masks the secrets themselves and their base64 and URL-encoded forms. One pass, however many there are."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = (
            re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        )

    def redact(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    url_safe = base64.urlsafe_b64encode(secret.encode()).decode()
    plain = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        encoded.rstrip("="),
        url_safe.rstrip("="),
    }
    return plain | {line for line in secret.splitlines() if len(line) >= SHORTEST}
