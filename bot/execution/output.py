"""A command's bytes as text that is safe to store and show. Used wherever an outcome enters the journal or a card.

Terminal sequences go, other controls and the marks that reverse the direction of text become visible, what is no UTF-8
becomes U+FFFD. Secrets are masked last, so that a sequence in the middle of one hides nothing.
"""

import asyncio
import re

from bot.model.ports import Redactor
from bot.model.runs import Outcome

LONG = 64 * 1024
"""Bytes up to which nobody notices the time that redaction takes."""
_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC and its like, up to their end
    r"|\x1b[ -/]*[0-~]"
)
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f"
    r"\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"  # the last: invisible letters
)


def clean(data: bytes) -> str:
    """Decoded, without terminal sequences, every other control visible as `<U+202E>`."""
    text = _SEQUENCES.sub("", data.decode(errors="replace"))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSAFE.sub(lambda match: f"<U+{ord(match[0]):04X}>", text)


def told(outcome: Outcome, redactor: Redactor) -> str:
    """What an outcome says, standard output first, secrets masked."""
    parts = [clean(outcome.output), clean(outcome.errors)]
    return redactor.redact(_joined(parts))


async def told_apart(outcome: Outcome, redactor: Redactor) -> str:
    """As `told`; what is long is read in a thread, which gives way every few milliseconds, so that nobody waits for it."""
    if len(outcome.output) + len(outcome.errors) <= LONG:
        return told(outcome, redactor)
    return await asyncio.to_thread(told, outcome, redactor)


def _joined(parts: list[str]) -> str:
    first, second = parts
    if first and second and not first.endswith("\n"):
        return f"{first}\n{second}"
    return first + second
