"""The runner's own sentences: commands as people read them, why a run waits or ended, what an in-doubt question says."""

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.model.ids import short
from bot.model.plans import Plan, Step
from bot.model.runs import Attempt
from bot.model.sections import (
    Ask,
    Exec,
    OpenAsk,
    OpenExec,
    OpenText,
    OpenWrite,
    Output,
    Planned,
    Write,
)

LONGEST = 300
LATER = "known only during the run"
"""What a Preview shows that needs what an earlier step puts out."""


def command(action: Planned) -> str:
    """One line for reading; control characters cannot be in an argv that the types let through, new lines could."""
    match action:
        case Exec(stages) | OpenExec(stages):
            text = " | ".join(" ".join(_quoted(word) for word in stage) for stage in stages)
        case Write(path, _) | OpenWrite(path, _):
            text = f"write {_quoted(path)}"
        case Ask(text):
            pass
        case OpenAsk(open_text):
            text = "".join(_bare(part) for part in open_text.parts)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _quoted(text: str | OpenText) -> str:
    """Quoted but for the outputs: what stands outside of quotes there is no text of anybody's."""
    if isinstance(text, str):
        return shlex.quote(text)
    return "".join(
        shlex.quote(each) if isinstance(each, str) else each.words for each in text.parts
    )


def _bare(part: str | Output) -> str:
    return part if isinstance(part, str) else part.words


def in_doubt(
    plan: Plan,
    attempt: Attempt,
    restarted_at: datetime | None,
    looked: str,
    *,
    unseen: bool = False,
) -> str:
    """The question about one attempt whose outcome nobody knows. `unseen`: nor what it has put out, which others need."""
    number = next(n for n, step in enumerate(plan.steps, 1) if step.id == attempt.step)
    undoing = attempt.phase == "rollback"
    where = f"the rollback of step {number}" if undoing else f"step {number}"
    restarted = f"; I was restarted at {_time(restarted_at)}" if restarted_at else ""
    rest = "" if undoing else _others(attempt.index + 1, len(plan.steps[number - 1].actions))
    lines = [
        f"Plan {short(plan.id)} stopped at {where}, command {attempt.index + 1}: I do not know whether it happened.",
        f"   {command(attempt.action)}",
        f"It was started at {_time(attempt.started_at)}{restarted}.{rest}",
    ]
    if unseen:
        lines.append(
            "Later steps need what it puts out, and nobody has seen that: `done` ends in a roll back."
        )
    return "\n".join([*lines, f"I looked: {looked}"] if looked else lines)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%H:%M:%S UTC")


def _others(number: int, count: int) -> str:
    """` Commands 1 and 2 are done, 4 and 5 were not started.`"""
    before, after = range(1, number), range(number + 1, count + 1)
    parts = []
    if before:
        parts.append(f"{_counted(before)} {'is' if len(before) == 1 else 'are'} done")
    if after:
        name = _counted(after) if not before else _list(after)
        parts.append(f"{name} {'was' if len(after) == 1 else 'were'} not started")
    return f" {', '.join(parts)}." if parts else ""


def _counted(numbers: Sequence[int]) -> str:
    return f"Command{'s' if len(numbers) > 1 else ''} {_list(numbers)}"


def _list(numbers: Sequence[int]) -> str:
    if len(numbers) > 2:
        return f"{numbers[0]} to {numbers[-1]}"
    return " and ".join(str(number) for number in numbers)


def not_begun(number: int, why: str) -> str:
    """Why a step could not begin."""
    return f"Step {number} was not begun: {why}"


def human(plan: Plan, step: Step, text: str) -> str:
    """The question about something that a person does."""
    return f"Plan {short(plan.id)} waits for a person on {step.agent.name}:\n   {' '.join(text.split())}\nAnswer done when it is done."


def failed(attempt: Attempt) -> str:
    """Why an attempt failed, as a sentence."""
    if isinstance(attempt.action, OpenExec | OpenWrite | OpenAsk):
        return attempt.words  # it was never made: its words say why
    if attempt.words:
        return f"`{command(attempt.action)}`: {attempt.words}"
    return f"`{command(attempt.action)}` ended with {attempt.exit}."


def stuck(names: Sequence[str]) -> str:
    return f"Could not be undone: {', '.join(names)}."


def so_far(finished: int, total: int) -> str:
    if not finished:
        return "Cancelled before anything was done."
    return f"Cancelled after {finished} of {total} commands; nothing was rolled back."
