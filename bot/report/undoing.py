"""The words of a plan that rolls another one back: what it will undo, what it is undoing, what it has undone. Used by `plan`,
`steps`, `result` and `data`."""

from bot.model.plans import Plan, Step
from bot.model.reports import Paragraph
from bot.model.sections import Planned
from bot.report.actions import undo
from bot.report.outcome import was_touched
from bot.report.safe import plain
from bot.report.view import PlanView, attempts


def commands(plan: Plan, step: Step) -> tuple[Planned, ...]:
    """What approving the plan makes happen for that step."""
    return step.rollback if plan.undoes else step.actions


def done(view: PlanView) -> str:
    """`removed the two files, reloaded on web1`, last step first."""
    return "; ".join(f"{undo(step, past=True)} on {step.agent.name}" for step in _last_first(view))


def _last_first(view: PlanView) -> list[Step]:
    return [step for step in reversed(view.plan.steps) if step.rollback]


def failure(view: PlanView) -> list[Paragraph]:
    """Why the roll back came to nothing, and what is true now."""
    why = plain((view.run.words if view.run else "") or view.words)
    words = [f"✗ {why or 'It did not end well, and nothing says why.'}", left(view)]
    return [Paragraph(each) for each in words]


def left(view: PlanView) -> str:
    """What is true after a roll back that failed."""
    if not attempts(view, "rollback"):
        return "Nothing was changed."
    return f"Look at {', '.join(view.plan.agents)}; the rest was undone."


def undone_later(view: PlanView) -> list[Paragraph]:
    """What another plan has undone of this one, and which."""
    steps = [step for step in _last_first(view) if was_touched(view, step)]
    what = "; ".join(f"{undo(step, past=True)} on {step.agent.name}" for step in steps)
    words = plain(view.words)
    return [Paragraph(each) for each in (f"↩ {what}" if what else "", words) if each]
