"""Answers to `read` requests: the fact first, then where it comes from; or what went wrong. Called by `bot.flow`."""

from datetime import datetime

from bot.model.people import Account
from bot.model.reports import Attachment, Paragraph, Report
from bot.model.runs import Attempt
from bot.model.sections import Exec
from bot.report.data import run_data
from bot.report.opened import legible
from bot.report.outcome import failure, output_files
from bot.report.safe import line, plain
from bot.report.times import clock
from bot.report.view import PlanView, attempts

MOST_LINES = 10
MOST_WIDTH = 400
_NEWEST_LAST = frozenset({"journalctl", "tail", "dmesg"})


def answer(view: PlanView, mention: Account | None = None) -> Report:
    """What a finished `read` run found: at most ten lines, all of it in a file where there are more. A run that
    failed, or never was, makes a report of kind `error`. `data` has `run`."""
    view = legible(view)
    run = view.run
    if run is None or run.state != "done":
        return _failed(view, mention)
    output = _output(view).strip("\n")
    lines = output.splitlines()
    shown = [
        each if len(each) <= MOST_WIDTH else f"{each[:MOST_WIDTH]}…" for each in _some(view, lines)
    ]
    cut = len(lines) > MOST_LINES or len(output) > MOST_LINES * MOST_WIDTH
    fact = Paragraph("\n".join(shown), "code") if output.strip() else Paragraph("There is nothing.")
    return Report(
        "answer",
        (fact, Paragraph(_origin(view, len(lines) - len(shown)), "faint")),
        "green",
        mention=mention,
        attachments=(Attachment("output.txt", output),) if cut else (),
        data={"run": run_data(run)},
    )


def _some(view: PlanView, lines: list[str]) -> list[str]:
    """Ten lines: the last ones of a log, the first ones of anything else."""
    last = any(program in _NEWEST_LAST for program in _programs(view))
    return lines[-MOST_LINES:] if last else lines[:MOST_LINES]


def _output(view: PlanView) -> str:
    done = attempts(view, "do")
    if done:
        return "\n".join(_said(each) for each in done if each.output)
    steps = view.run.steps if view.run else ()
    return "\n".join(plain(step.output_tail).rstrip("\n") for step in steps)


def _said(attempt: Attempt) -> str:
    dropped = f"\n({attempt.dropped} bytes left out of the middle)" if attempt.dropped else ""
    return plain(attempt.output).rstrip("\n") + dropped


def _origin(view: PlanView, hidden: int) -> str:
    more = f"{hidden} more lines in output.txt. " if hidden > 0 else ""
    agents = ", ".join(view.plan.agents)
    return f"{more}({', '.join(_programs(view))} on {agents}; {clock(_ended(view), view.now)})"


def _ended(view: PlanView) -> datetime:
    return (view.run.ended_at if view.run else None) or view.now


def _programs(view: PlanView) -> list[str]:
    names = [
        line(stage[0].rpartition("/")[2])
        for step in view.plan.steps
        for action in step.actions
        if isinstance(action, Exec)
        for stage in action.stages
    ]
    return list(dict.fromkeys(names))


def _failed(view: PlanView, mention: Account | None) -> Report:
    agents = ", ".join(view.plan.agents)
    what = failure(view).replace("   (output)", "").rstrip(".")
    return Report(
        "error",
        (
            Paragraph(f"{agents}: {what}."),
            Paragraph(f"Nothing was changed. Look at {agents}, then ask again."),
        ),
        "red",
        mention=mention,
        attachments=output_files(view),
        data={"run": run_data(view.run)} if view.run else {},
    )
