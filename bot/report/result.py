"""The result: one new message at the end of a run, so that the requester is notified. Called by `bot.loops.publish`."""

from bot.model import runs
from bot.model.people import Account
from bot.model.reports import Paragraph, Report, Tone
from bot.report import undoing
from bot.report.data import run_data
from bot.report.opened import expected, legible
from bot.report.outcome import facts, failure, left, output_files, restored, so_far
from bot.report.safe import line, plain, verbatim
from bot.report.view import PlanView, approved, passed

_BAD = frozenset({"failed", "rolled_back"})
_TONES: dict[runs.State, Tone] = {"done": "green", "cancelled": "grey", "stale": "amber"}


def result(view: PlanView, mention: Account | None = None) -> Report:
    """How the run ended, in one or two sentences that begin with the requester's name; `data` has `run`."""
    run = view.run
    if run is None:
        raise ValueError("a plan without a run has no result")
    undone = bool(view.plan.undoes) and run.state == "rolled_back"
    view = legible(view)
    return Report(
        "result",
        (Paragraph(f"{view.requester}, {_words(view, run)}"), *_details(view, run)),
        "green" if undone else _TONES.get(run.state, "red"),
        mention=mention,
        attachments=output_files(view) if run.state in _BAD else (),
        data={"run": run_data(run)},
    )


def _words(view: PlanView, run: runs.Run) -> str:
    match run.state:
        case "rolled_back" | "failed" if view.plan.undoes:
            return _undone(view, run)
        case "done":
            how = ", ".join(part for part in (passed(view), approved(view, timed=False)) if part)
            return f"done: {facts(view)} ({how})."
        case "rolled_back":
            return f"failed: {_sentence(failure(view))} Rolled back: {restored(view)}"
        case "cancelled":
            return f"cancelled: {so_far(view)}"
        case "stale":
            return f"not run: {_sentence(plain(run.words or view.words) or 'it is stale')} Nothing was changed."
        case _:
            return f"failed: {_sentence(failure(view))} {left(view)}"


def _details(view: PlanView, run: runs.Run) -> list[Paragraph]:
    """What the steps have put out and is still true: addresses, names. Never a secret: what looks like one is not kept."""
    if view.plan.undoes or run.state not in {"done", "cancelled"}:
        return []
    lines = [
        f"{number}. {step.agent.name} · {' · '.join(_detail(each) for each in found)}"
        for number, step in enumerate(view.plan.steps, 1)
        if (found := expected(run, step))
    ]
    return [Paragraph("\n".join(lines), "code")] if lines else []


def _detail(returned: runs.Returned) -> str:
    if not returned.fault:
        return verbatim(f"{returned.name} {returned.value}")
    return f"no {verbatim(returned.name)}: {line(returned.fault)}"


def _undone(view: PlanView, run: runs.Run) -> str:
    how = ", ".join(part for part in (passed(view), approved(view, timed=False)) if part)
    if run.state == "rolled_back":
        return f"rolled back: {undoing.done(view)} ({how})."
    return f"the roll back failed: {_sentence(plain(run.words))} {undoing.left(view)}"


def _sentence(words: str) -> str:
    words = words.replace("   (output)", "")
    return words if words.endswith((".", "!", "?")) else f"{words}."
