"""What came of a run, in words: what proves it, what failed, what was undone. Used by `plan`, `result` and `answer`."""

import re

from bot.model.plans import Step
from bot.model.reports import Attachment
from bot.model.runs import UNRETURNED, Attempt
from bot.model.sections import Ask, Exec, OpenAsk, OpenExec, OpenWrite, Risk, Verify
from bot.report.actions import bare, capability, command, place, undo, url, wanted
from bot.report.safe import line, plain, span
from bot.report.times import clock
from bot.report.view import PlanView, attempts, result_of

_TELLING = re.compile(
    r"(?i)error|emerg|fail|denied|cannot|could not|unknown|not found|refused|no such"
)


def proofs(view: PlanView) -> list[str]:
    """One sentence a step: what Verify saw, else that its commands ended well."""
    return [_proof(view, step) for step in view.plan.steps]


def _proof(view: PlanView, step: Step) -> str:
    looks = attempts(view, "verify", step)
    if not looks or step.section.verify is None:
        return f"{step.agent.name} · {capability(step.section)}"
    look = looks[-1]
    seen = line(look.output, 80)
    if address := url(look.action):
        return f"{bare(address)} answers{' ' + seen if seen else ''}"
    return (
        f"{span(command(look.action))} says {span(seen)}"
        if seen
        else f"{span(command(look.action))} ended well"
    )


def facts(view: PlanView) -> str:
    """The result in a few words: `shop.example.org answers on web1`, or what was done where."""
    return "; ".join(_fact(step) for step in view.plan.steps)


def _fact(step: Step) -> str:
    addresses = [place(address) for look in step.verify if (address := url(look))]
    if addresses:
        return f"{addresses[-1]} answers on {step.agent.name}"
    return f"{capability(step.section)} on {step.agent.name}"


def failed_attempt(view: PlanView) -> Attempt | None:
    """The attempt that ended the run, a Verify's last look included."""
    if view.run is None:
        return None
    bad = [a for a in view.run.attempts if a.state == "failed" and a.phase in {"do", "verify"}]
    return bad[-1] if bad else None


def failure(view: PlanView) -> str:
    """What went wrong: the command and what it said."""
    attempt = failed_attempt(view)
    if attempt is None:
        said = view.run.words if view.run else ""
        return plain(said or view.words) or "It did not end well, and nothing says why."
    if isinstance(attempt.action, OpenExec | OpenWrite | OpenAsk):
        return line(attempt.words)  # it was never made: its words say why
    step = next((each for each in view.plan.steps if each.id == attempt.step), None)
    verify = step.section.verify if step else None
    if attempt.phase == "verify" and verify is not None:
        return _unproven(attempt, verify)
    return f"{_name(attempt)} {_said(attempt)}{_more(attempt)}"


def _unproven(attempt: Attempt, verify: Verify) -> str:
    seen = wanted(verify)
    within = f" within {verify.within:g} s" if verify.within else ""
    said = line(attempt.words or _without_name(telling(attempt.output), attempt), 200) or "nothing"
    if address := url(attempt.action):
        return f"{bare(address)} did not answer{' ' + seen if seen else ''}{within}: {said}"
    missed = f"did not say {seen}" if seen else "did not end well"
    return f"{_name(attempt)} {missed}{within}: {said}"


def _name(attempt: Attempt) -> str:
    return (
        line(attempt.action.text, 80)
        if isinstance(attempt.action, Ask)
        else span(command(attempt.action))
    )


def _said(attempt: Attempt) -> str:
    if attempt.words:
        return f"failed: {line(attempt.words)}"
    if said := line(_without_name(telling(attempt.output), attempt)):
        return f"said: {said}"
    return (
        f"ended with {attempt.exit} and said nothing"
        if attempt.exit is not None
        else "did not end by itself"
    )


def _without_name(said: str, attempt: Attempt) -> str:
    """Programs put their name before what they say; the reader has just read it."""
    if not isinstance(attempt.action, Exec):
        return said
    program = attempt.action.stages[-1][0].rpartition("/")[2]
    return re.sub(rf"^{re.escape(program)}: (?:\[\w+\] )?(?=.)", "", said)


def _more(attempt: Attempt) -> str:
    return "   (output)" if len(attempt.output.strip().splitlines()) > 1 else ""


def telling(output: str) -> str:
    """The line of an output that says most: the first that names an error, else the last one."""
    lines = [each for each in plain(output).splitlines() if each.strip()]
    return next((each for each in lines if _TELLING.search(each)), lines[-1] if lines else "")


def restored(view: PlanView) -> str:
    """What was undone, and since when the targets are as they were."""
    steps = [
        step for step in reversed(view.plan.steps) if step.rollback and _was_undone(view, step)
    ]
    what = "; ".join(undo(step, past=True) for step in steps) or "there was nothing to undo"
    since = view.run.started_at if view.run else None
    agents = ", ".join(sorted({step.agent.name for step in steps} or view.plan.agents))
    at = f" at {clock(since, view.now)}" if since else " before"
    return (
        f"{what}. {agents} is as it was{at}."
        if "," not in agents
        else f"{what}. {agents} are as they were{at}."
    )


def _was_undone(view: PlanView, step: Step) -> bool:
    result = result_of(view, step)
    return bool(attempts(view, "rollback", step)) or (
        result is not None and result.state == "rolled_back"
    )


def output_files(view: PlanView) -> tuple[Attachment, ...]:
    """The whole output of what failed, where it is more than the one line that is shown."""
    attempt = failed_attempt(view)
    if attempt is None or not _more(attempt):
        return ()
    return (Attachment("output.txt", plain(attempt.output)),)


def left(view: PlanView) -> str:
    """What is true after a failure that was not wholly undone. What could not be undone is named."""
    agents = ", ".join(view.plan.agents)
    touched = [step for step in view.plan.steps if was_touched(view, step)]
    if view.plan.risk is Risk.READ or not touched:
        return "Nothing was changed."
    if stuck := [name for step in reversed(touched) for name in _stuck(view, step)]:
        return f"Could not be undone: {', '.join(stuck)}. Look at {agents}."
    return f"Nothing was rolled back: look at {agents} before you ask again."


def was_touched(view: PlanView, step: Step) -> bool:
    """Whether the step may have had an effect: a command is done, in doubt, or was ended in its middle."""
    return any(
        each.state not in {"failed", "settled_not_done"}
        or each.fault in {"timeout", "cancelled", UNRETURNED}
        for each in attempts(view, "do", step)
    )


def _stuck(view: PlanView, step: Step) -> list[str]:
    if not step.rollback and step.section.risk is not Risk.READ:
        return [f"{capability(step.section)} on {step.agent.name}"]
    failed = [_name(each) for each in attempts(view, "rollback", step) if each.state == "failed"]
    people = [f"a person must: {command(each)}" for each in step.rollback if isinstance(each, Ask)]
    return failed + people


def so_far(view: PlanView) -> str:
    """What a cancelled plan has done: `2 of 5 commands were done; nothing was rolled back.`"""
    run = view.run
    if run is None:
        return plain(view.words) or "Nothing was changed."
    broken = [_name(each) for each in attempts(view, "do") if each.fault == "cancelled"]
    if not (run.finished or broken):
        return "Nothing was changed."
    middle = f" {', '.join(broken)} was ended in its middle." if broken else ""
    return f"{run.finished} of {run.total} commands were done; nothing was rolled back.{middle}"
