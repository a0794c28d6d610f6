"""Refusals and errors: what is not done, why, and what to do instead. Called by `bot.flow` and `bot.app`."""

from collections.abc import Sequence

from bot.model.people import Account
from bot.model.reports import Paragraph, Report
from bot.report.safe import line, plain, span


def refusal(
    text: str, nearest: Sequence[str] = (), suggestion: str = "", mention: Account | None = None
) -> Report:
    """Why nothing is done, the nearest capabilities, and the agent's name that was probably meant."""
    shown = [Paragraph(_sentence(text))]
    if suggestion and suggestion not in text:
        shown.append(Paragraph(f"Did you mean {span(suggestion)}?"))
    if nearest:
        shown.append(Paragraph(f"Nearest: {' · '.join(line(each) for each in nearest)}."))
    return Report("refusal", tuple(shown), "grey", mention=mention)


def error(
    what: str, mend: str = "", *, changed: str = "", mention: Account | None = None
) -> Report:
    """What happened, what is true now (`changed`), what to do."""
    parts = [_sentence(part) for part in (what, changed, mend) if part]
    return Report("error", (Paragraph(" ".join(parts)),), "red", mention=mention)


def note(text: str, mention: Account | None = None) -> Report:
    """A quiet answer: one sentence of fact, such as that a vote is already in."""
    return Report("answer", (Paragraph(_sentence(text)),), mention=mention)


def aside(text: str) -> Paragraph:
    """A sentence below the others: who thought instead of whom."""
    return Paragraph(_sentence(text), "faint")


def history_lost(words: str) -> Report:
    """For a room whose past could not be read: what may have been missed, and the mend."""
    return error(words, "Ask again if I did not answer.")


def _sentence(text: str) -> str:
    words = plain(text).strip()
    return words if words.endswith((".", "!", "?")) else f"{words}."
