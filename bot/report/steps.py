"""A plan's steps as the approver sees them: agent, capability, slots, every command, what follows. Used by `plan`."""

import shlex

from bot.model.plans import Step
from bot.model.reports import Attachment, Paragraph
from bot.model.sections import OpenWrite, Risk, Value, Write
from bot.report import opened
from bot.report.actions import capability, labelled, lost, then, undo
from bot.report.safe import plain, verbatim
from bot.report.undoing import commands
from bot.report.view import PlanView

WIDTH = 78
WHOLE = 3
"""Plans of at most so many steps are shown whole."""

_SHORT_LOOK = 6
_LOOK_LINES = 10


def paragraphs(view: PlanView) -> list[Paragraph]:
    """Every step as a block; of more than `WHOLE` steps a line each, but every step that destroys in full."""
    whole = len(view.plan.steps) <= WHOLE
    shown = []
    for number, step in _numbered(view):
        full = whole or step.section.risk is Risk.DESTROY or bool(view.plan.undoes)
        lines = _block(view, number, step) if full else [headline(number, step, brief=True)]
        shown.append(Paragraph("\n".join(lines), "code"))
    if view.plan.undoes:
        return shown
    if not whole:
        shown.append(Paragraph("show all: every command is in the attached file", "faint"))
    return shown


def _numbered(view: PlanView) -> list[tuple[int, Step]]:
    """In the order of doing: a roll back begins with the last step."""
    steps = list(enumerate(view.plan.steps, 1))
    return steps[::-1] if view.plan.undoes else steps


def _block(view: PlanView, number: int, step: Step) -> list[str]:
    return undoing_block(number, step) if view.plan.undoes else block(number, step)


def attachments(view: PlanView) -> tuple[Attachment, ...]:
    """What the card had no room for: the files to be written, long Previews, and the whole plan where steps were shortened."""
    files = [
        Attachment(_file(opened.words(action.path)), plain(opened.words(action.content)))
        for step in view.plan.steps
        for action in commands(view.plan, step)
        if isinstance(action, Write | OpenWrite)
    ]
    files += [
        Attachment(f"preview-{number}.txt", text)
        for number, step in enumerate(view.plan.steps, 1)
        if len((text := _look(view, step)).splitlines()) > _LOOK_LINES
    ]
    if len(view.plan.steps) > WHOLE and not view.plan.undoes:
        whole = [block(number, step) for number, step in enumerate(view.plan.steps, 1)]
        text = "\n\n".join("\n".join(lines) for lines in whole)
        files.append(Attachment(f"{view.name.lower().replace(' ', '-')}.txt", text))
    return tuple(files)


def _file(path: str) -> str:
    return verbatim(path).rpartition("/")[2] or "file"


def looks(view: PlanView) -> list[Paragraph]:
    """What each Preview showed: `Now there: a, b`, or a block of at most ten lines."""
    shown = []
    for number, step in enumerate(view.plan.steps, 1):
        label = "Now there:" if len(view.plan.steps) == 1 else f"Now there for step {number}:"
        if step.preview and step.id in view.looks:
            shown.append(Paragraph(_now_there(label, _look(view, step)), "code"))
    return shown


def _look(view: PlanView, step: Step) -> str:
    return plain(view.looks.get(step.id, "")).strip("\n")


def _now_there(label: str, text: str) -> str:
    lines = text.splitlines()
    words = [each.strip() for each in lines if each.strip()]
    if not words:
        return f"{label} nothing"
    if len(words) <= _SHORT_LOOK and all(len(each.split()) == 1 for each in words):
        return f"{label} {', '.join(words)}"
    more = len(lines) - _LOOK_LINES
    rest = [f"… {more} more in the attached file"] if more > 0 else []
    return "\n".join([label, *(f"   {each}" for each in lines[:_LOOK_LINES]), *rest])


def headline(number: int, step: Step, *, undone: bool = False, brief: bool = False) -> str:
    """`1. web1 · nginx-sites: add a reverse proxy          change`, the risk at the right edge. `brief`: it is all that is shown of
    the step, and says what it waits for."""
    what = f"undo {capability(step.section)}" if undone else capability(step.section)
    after = f" · after {', '.join(step.needs)}" if step.needs and brief else ""
    left = f"{number}. {step.agent.name} · {what}{after}"
    risk = str(step.section.risk)
    return f"{left}{' ' * max(2, WIDTH - len(left) - len(risk))}{risk}"


def block(number: int, step: Step) -> list[str]:
    """One step in full, a line each."""
    lines = [_slots(step), *([f"after  {', '.join(step.needs)}"] if step.needs else [])]
    lines += [labelled(action) for action in step.actions]
    lines += then(step)
    if step.section.risk is Risk.DESTROY:
        lines.append(f"lost   {lost(step)}")
    if step.section.risk is not Risk.READ:
        lines.append(f"else   {_otherwise(step)}")
    return [headline(number, step), *(f"   {line}" for line in lines if line)]


def undoing_block(number: int, step: Step) -> list[str]:
    """What rolling one step back runs, a line each."""
    slots = _slots(step)
    lines = [slots] if slots else []
    lines += [labelled(action) for action in step.rollback]
    lines.append("else   nothing: a command that fails is named, and the others are run")
    return [headline(number, step, undone=True), *(f"   {line}" for line in lines)]


def _otherwise(step: Step) -> str:
    if step.rollback:
        return undo(step)
    if step.section.irreversible:
        return "nothing: it cannot be undone"
    return "nothing: it has no rollback"


def _slots(step: Step) -> str:
    declared = sorted(step.section.slots, key=lambda slot: slot.from_agent)
    known = [slot.name for slot in declared if slot.name in step.slots or slot.name in step.outputs]
    names = known + [name for name in step.slots if name not in known]
    return " · ".join(
        f"{name} {step.outputs[name].words}"
        if name in step.outputs
        else _slot(step, name, step.slots[name])
        for name in names
    )


def _slot(step: Step, name: str, value: Value) -> str:
    words = value if isinstance(value, str) else shlex.join(value)
    slot = step.section.slot(name)
    origin = f" (from {step.agent.name})" if slot and slot.from_agent else ""
    return verbatim(f"{name} {words}{origin}")
