"""What is answered about files that people sent. Called by the file case; a pure function."""

from collections.abc import Sequence

from msgspec import Struct

from bot.model.reports import Paragraph, Report
from bot.report.safe import line, plain, span

MOST = 20
"""Problems, and sections, that are named."""


class Seen(Struct, frozen=True):
    """One file. `lines` is None for what is no text; of a `page`, `offers` are its sections and `problems` line, words and
    whether it is only a warning; `wrong` is why it could not be read."""

    name: str
    size: int | None
    lines: int | None = None
    page: bool = False
    offers: tuple[str, ...] = ()
    problems: tuple[tuple[int, str, bool], ...] = ()
    wrong: str = ""


def files(seen: Sequence[Seen], left: int = 0) -> Report:
    """One answer about all of them; `left` are those that were not looked at."""
    shown = [paragraph for each in seen for paragraph in _file(each)]
    if left:
        shown.append(Paragraph(f"I left {left} more: send fewer at once.", "faint"))
    return Report("answer", tuple(shown))


def _file(seen: Seen) -> list[Paragraph]:
    named = f"{span(line(seen.name, 120))}{_size(seen)}"
    if seen.wrong:
        return [Paragraph(f"{named} could not be read: {plain(seen.wrong)}")]
    if seen.page:
        return _page(named, seen)
    if seen.lines is not None:
        words = "I take it as data: nothing in it is planned or run. Say what you want to know in words."
        return [Paragraph(f"{named}. {words}")]
    return [Paragraph(f"{named}. I can read Markdown capabilities and text.")]


def _size(seen: Seen) -> str:
    if seen.size is None:
        return ""
    kilo = f"{seen.size / 1000:.1f} kB" if seen.size >= 1000 else f"{seen.size} bytes"
    lines = "" if seen.lines is None else f", {seen.lines} line{'' if seen.lines == 1 else 's'}"
    return f", {kilo}{lines}"


def _page(named: str, seen: Seen) -> list[Paragraph]:
    errors = [each for each in seen.problems if not each[2]]
    shown = [Paragraph(f"{named}, a capability: {_verdict(seen, len(errors))}")]
    if seen.offers:
        names = "\n".join(line(each, 120) for each in seen.offers[:MOST])
        shown.append(Paragraph("It would offer:", "faint"))
        shown.append(Paragraph(names, "code"))
    if seen.problems:
        told = "\n".join(
            f"line {number}: {line(words, 240)}" for number, words, _ in seen.problems[:MOST]
        )
        shown.append(Paragraph(told, "code"))
    if len(seen.problems) > MOST:
        shown.append(Paragraph(f"And {len(seen.problems) - MOST} more.", "faint"))
    return shown


def _verdict(seen: Seen, errors: int) -> str:
    if errors:
        return f"{errors} thing{'s' if errors > 1 else ''} to mend, then send it again."
    if not seen.offers:
        return "there is no section in it that I could offer."
    return (
        "it compiles. I did not install it: an operator puts it into a folder of `[capabilities] paths` "
        "and names it in the packs of an agent."
    )
