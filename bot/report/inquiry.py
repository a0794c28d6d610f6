"""What an investigation has found, with what shows it, and an answer that is still being written. Called by `bot.cases.investigate` and
`bot.cases.stream`."""

from collections.abc import Sequence

from bot.model.people import Account
from bot.model.reports import Paragraph, Report
from bot.report.safe import line, plain


def concluded(
    text: str,
    evidence: Sequence[str],
    missing: str,
    mention: Account | None = None,
    note: str = "",
) -> Report:
    """The answer, the looks that show it, and what was not looked at."""
    shown = _said(text)
    if evidence:
        shown.append(
            Paragraph(f"Seen: {' · '.join(line(each, 80) for each in evidence)}.", "faint")
        )
    else:
        shown.append(Paragraph("No look shows this.", "faint"))
    left = line(missing, 400)
    shown.append(
        Paragraph(f"Not looked at: {left.rstrip('.') or 'nothing that was named'}.", "faint")
    )
    if note:
        shown.append(Paragraph(line(note), "faint"))
    return Report("answer", tuple(shown), "green", mention=mention)


def growing(text: str, mention: Account | None = None) -> Report:
    """The beginning of an answer. `data.growing` says to whoever reads reports that it will be edited."""
    shown = _said(f"{text.rstrip()} …")
    return Report("answer", tuple(shown), "blue", mention=mention, data={"growing": True})


def _said(text: str) -> list[Paragraph]:
    return [Paragraph(each) for each in plain(text).split("\n") if each.strip()]
