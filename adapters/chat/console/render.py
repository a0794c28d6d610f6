"""Reports laid out for a terminal: a bar in the colour of the state, code in its own. Used by `text` and `terminal`."""

import io

from msgspec import Struct, field
from msgspec.structs import replace
from rich.console import Console
from rich.text import Text

from adapters.chat.console.translate import reference
from bot.model.plans import ENDS
from bot.model.reports import Outgoing, Paragraph, Report

_COLOURS = {
    "grey": "bright_black",
    "blue": "blue",
    "green": "green",
    "amber": "yellow",
    "red": "red",
}
_STYLES = {
    "plain": "",
    "strong": "bold",
    "code": "",
    "faint": "dim",
    "struck": "strike dim",
    "heading": "bold",
}
_CODE = "cyan"
_OBEYED = dict.fromkeys([*range(10), *range(11, 32), *range(127, 160)])
"""Control characters that a terminal would obey; reports have none, and this is the last look."""

_MOVING = frozenset({"running", "rolling_back"})
_MOST_SEEN = 1000


class Change(Struct):
    """What of an edit is worth a new card, for a face that cannot change what it has printed."""

    progress: str = ""
    _seen: dict[str, str] = field(default_factory=dict)

    def of(self, outgoing: Outgoing) -> Report | None:
        """The report to print; None where it is only progress, or an answer that is still growing, which is kept in `progress`."""
        report = outgoing.report
        if report is None:
            self.progress = outgoing.emoji or ""
            return None
        if report.data.get("growing"):
            self.progress = report.text.replace("\n", "  ")
            return None
        plan = report.data.get("plan")
        if plan is None:
            self.progress = ""
            return report
        message, state = reference(outgoing), plan["state"]
        before = self._note(message, state)
        self.progress = report.text.replace("\n", "  ") if state in _MOVING else ""
        if state in _MOVING or (before == state and outgoing.kind == "edit"):
            return None
        return report if before is None or state in ENDS else _brief(report)

    def _note(self, message: str, state: str) -> str | None:
        before = self._seen.pop(message, None)
        self._seen[message] = state
        if len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return before


def _brief(report: Report) -> Report:
    """The headline and the last words: the steps have been shown."""
    head, *rest = report.paragraphs
    last = [each for each in rest if each.style == "plain" and each.text][-1:]
    return replace(report, paragraphs=(head, *last), attachments=())


def shown(report: Report, outgoing: Outgoing) -> str:
    """The report as plain text, with its files named and its reader where it is for one person alone."""
    alone = f"(to {outgoing.only_to.user} alone) " if outgoing.only_to else ""
    return f"{alone}{report.text}{_files(report)}".translate(_OBEYED)


def card(report: Report, outgoing: Outgoing, width: int) -> str:
    """The report with colours, at most `width` cells wide, a line end after each line."""
    console = Console(
        file=io.StringIO(),
        force_terminal=True,
        color_system="standard",
        width=width,
        legacy_windows=False,
    )
    bar = Text("┃ ", style=_COLOURS[report.tone])
    for paragraph in _laid_out(report, outgoing):
        text = _styled(paragraph)
        for line in text.wrap(console, max(20, width - 2)) if paragraph.text else [text]:
            console.print(Text.assemble(bar, line), soft_wrap=True)
    out = console.file
    assert isinstance(out, io.StringIO)
    return out.getvalue()


def _laid_out(report: Report, outgoing: Outgoing) -> list[Paragraph]:
    paragraphs = list(report.paragraphs)
    if outgoing.only_to:
        paragraphs.insert(0, Paragraph(f"to {outgoing.only_to.user} alone", "faint"))
    if report.controls:
        controls = "   ".join(f"{each.emoji} {each.label}" for each in report.controls)
        paragraphs.append(Paragraph(controls, "strong"))
    if report.attachments:
        paragraphs.append(Paragraph(_files(report).strip(), "faint"))
    return paragraphs


def _files(report: Report) -> str:
    names = ", ".join(each.name for each in report.attachments)
    return f"\n/show: {names}" if names else ""


def _styled(paragraph: Paragraph) -> Text:
    text = Text(style=_STYLES[paragraph.style])
    words = paragraph.text.translate(_OBEYED)
    if paragraph.style == "code":
        return text.append(words, _CODE)
    for number, part in enumerate(words.split("`")):
        text.append(part, _CODE if number % 2 else None)
    return text
