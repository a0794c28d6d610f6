"""Attempts of which nobody knows whether they happened: found at the start, asked about, settled by a person's word.

`find` and `record` are called by the runner, `settle` by the flow inside the transaction of the answer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from bot.execution import needs, words
from bot.model.ids import new_id
from bot.model.plans import Plan, Step
from bot.model.questions import Question
from bot.model.runs import Attempt, AttemptState
from bot.model.sections import Ask, Exec, OpenAsk, Planned, Risk
from bot.store import audit, locks, plans, questions, runs

CHOICES = ("done", "not done", "retry", "roll back")
UNDOING = ("done", "not done", "retry")
HUMAN = ("done", "not done")


class Unknown(Struct, frozen=True):
    """One attempt in doubt, and what a look at its target showed, as a sentence or ""."""

    attempt: Attempt
    looked: str = ""


def repeatable(step: Step, attempt: Attempt) -> bool:
    """Whether it may be made again without asking: it changes nothing, or its section says that twice is as good as once."""
    if attempt.phase in {"preview", "verify"}:
        return True
    return step.section.risk is Risk.READ or step.section.idempotent


def record(
    connection: Connection,
    plan: Plan,
    run: str,
    unknown: Sequence[Unknown],
    at: datetime,
    *,
    restarted: bool,
) -> None:
    """The run is in doubt: one question an attempt, and its targets stay locked until they are answered."""
    for each in unknown:
        runs.settle_attempt(connection, each.attempt, "unknown")
    runs.advance(connection, run, "in_doubt", "I do not know whether a command happened.", at=at)
    data = {"run": run, "revision": plan.revision, "state": "in_doubt"}
    audit.record(connection, "run", at=at, subject=plan.id, data=data)
    made = runs.attempts(connection, run)
    for each in unknown:
        unseen = each.attempt.phase == "do" and needs.unseen(plan, each.attempt.step, made)
        question = _question(plan, each, at, restarted_at=at if restarted else None, unseen=unseen)
        questions.ask(connection, question, at)
        locks.keep(connection, run, question.id)


def _question(
    plan: Plan, unknown: Unknown, at: datetime, restarted_at: datetime | None, *, unseen: bool
) -> Question:
    attempt = unknown.attempt
    return Question(
        id=new_id(at),
        kind="in_doubt",
        conversation=plan.conversation,
        text=words.in_doubt(plan, attempt, restarted_at, unknown.looked, unseen=unseen),
        choices=UNDOING if attempt.phase == "rollback" else CHOICES,
        request=plan.request,
        requesters=plan.requesters,
        plan=plan.id,
        run=attempt.run,
        attempt=attempt.id,
        about={"step": attempt.step, "argv": _argv(attempt.action)},
    )


def _argv(action: Planned) -> list[Any]:
    if isinstance(action, Exec):
        stages = [list(stage) for stage in action.stages]
        return stages[0] if len(stages) == 1 else stages
    return [words.command(action)]


def ask_person(
    connection: Connection, plan: Plan, run: str, asking: tuple[Step, int, Ask], at: datetime
) -> None:
    """The run waits for somebody who does what the step says."""
    step, index, action = asking
    question = Question(
        id=new_id(at),
        kind="human",
        conversation=plan.conversation,
        text=words.human(plan, step, action.text),
        choices=HUMAN,
        request=plan.request,
        requesters=plan.requesters,
        plan=plan.id,
        run=run,
        about={"step": step.id, "argv": [words.command(action)], "index": index},
    )
    runs.reach(connection, run, "waiting", words.command(action), at=at)
    questions.ask(connection, question, at)
    locks.keep(connection, run, question.id)


def settle(
    connection: Connection, question: Question, answer: str, person: str, at: datetime
) -> bool:
    """Apply an answer, one of the question's choices. False when it no longer changes anything: the run went on or ended."""
    if answer not in question.choices:
        raise ValueError(f"{answer!r} is none of {', '.join(question.choices)}")
    if not questions.settle(connection, question.id, at):
        return False
    if question.kind == "human":
        return _settle_person(connection, question, answer, person, at)
    open_ones = [
        each for each in runs.attempts(connection, question.run) if each.state == "unknown"
    ]
    attempt = next((each for each in open_ones if each.id == question.attempt), None)
    if attempt is None or runs.row(connection, question.run).state != "in_doubt":
        return False
    rest = [each for each in open_ones if each is not attempt]
    said = f"{person} answered {answer}"
    if (
        answer == "roll back"
    ):  # all that may have happened counts as done, so that its Rollback undoes it
        for each in open_ones:
            _settle_attempt(connection, each, said, at, happened=True)
        questions.withdraw_of_run(connection, question.run, at)
        _go_on(connection, question.run, attempt, at, undoing=True)
        return True
    _settle_attempt(connection, attempt, said, at, happened=answer == "done")
    if not rest:
        _go_on(connection, question.run, attempt, at, undoing=attempt.phase == "rollback")
    return True


def _settle_attempt(
    connection: Connection, attempt: Attempt, said: str, at: datetime, *, happened: bool
) -> None:
    to: AttemptState = "settled_done" if happened else "settled_not_done"
    runs.settle_attempt(connection, replace(attempt, ended_at=at), to, said)


def _go_on(
    connection: Connection, run: str, attempt: Attempt, at: datetime, *, undoing: bool
) -> None:
    runs.advance(connection, run, "rolling_back" if undoing else "running", at=at)
    locks.keep(connection, run, "")


def _settle_person(
    connection: Connection, question: Question, answer: str, person: str, at: datetime
) -> bool:
    row = runs.row(connection, question.run)
    if row.state != "waiting":
        return False
    plan = plans.load(connection, row.plan, row.revision)
    step = next(each for each in plan.steps if each.id == question.about["step"])
    index = int(question.about["index"])
    action = step.actions[index]
    if isinstance(action, OpenAsk):  # what was asked, as it was asked
        action = Ask(str(question.about["argv"][0]))
    attempt = Attempt(new_id(at), question.run, step.id, "do", index, action, "open", at, at)
    runs.open_attempt(connection, attempt, "", words.command(attempt.action))
    good = answer == "done"
    runs.settle_attempt(
        connection, attempt, "done" if good else "failed", f"{person} answered {answer}"
    )
    runs.advance(connection, question.run, "running", at=at)
    locks.keep(connection, question.run, "")
    return True
