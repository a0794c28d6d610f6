"""Questions: a missing slot, several agents that fit, a run in doubt, a late request. Called by `bot.flow`
and the publisher; the text of a question about a run is the runner's."""

from collections.abc import Sequence
from datetime import datetime

from bot.model.ids import short
from bot.model.people import Account
from bot.model.questions import Question
from bot.model.reports import Paragraph, Report
from bot.report.data import question_data
from bot.report.safe import line, plain, span
from bot.report.times import duration

LATE_CHOICES = ("yes", "no")
_INDENT = "   "


def question(
    asked: Question, deciders: Sequence[str] = (), mention: Account | None = None
) -> Report:
    """One question, its choices as words to reply with. `deciders` are named behind the choices."""
    choices = " · ".join(line(choice) for choice in asked.choices)
    who = f"          ({line(either(deciders))})" if deciders and choices else ""
    shown = _paragraphs(plain(asked.text))
    if choices:
        shown.append(Paragraph(f"{choices}{who}", "strong"))
    if asked.note:
        shown.append(Paragraph(plain(asked.note), "faint"))
    return Report(
        "question",
        tuple(shown),
        "amber" if asked.kind in {"in_doubt", "human"} else "blue",
        mention=mention,
        data={"question": question_data(asked)},
    )


def answered(asked: Question, words: str, by: str) -> Report:
    """The question's last edit: what was answered, and by whom. `data` gains `answer`."""
    shown = [
        *_paragraphs(plain(asked.text)),
        Paragraph(f"{line(by)}: {line(words)}", "faint"),
    ]
    data = {"question": {**question_data(asked), "answer": plain(words)}}
    return Report("question", tuple(shown), "grey", data=data)


def _paragraphs(text: str) -> list[Paragraph]:
    """Indented lines are commands and stay as they are; the others are words."""
    return [
        Paragraph(each, "code" if each.startswith(_INDENT) else "plain")
        for each in text.split("\n")
        if each.strip()
    ]


def late(text: str, asked_at: datetime, now: datetime) -> str:
    """The text of the question about a request that was found long after it was written."""
    return f'You asked {duration(now - asked_at)} ago: "{line(text, 200)}". Still wanted?'


def which_plan(word: str, plans: Sequence[str]) -> Report:
    """A typed vote that could mean several cards, or one too young to have been read: asks for the short id."""
    forms = " or ".join(span(f"{word} {short(plan)}") for plan in plans)
    return Report("question", (Paragraph(f"Which plan? Write {forms}."),), "blue")


def either(names: Sequence[str], word: str = "or") -> str:
    """`alice`, `alice or bob`, `alice, bob or carol`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"
