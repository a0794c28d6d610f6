"""The machine-readable half of reports, key by key as in interface.md. Used by `plan`, `result`, `answer`, `question`.

A step's `argv` has one list per command, a pipeline one per stage; `pipes` holds the positions of stages that are
piped together and `writes` the files written, just as `parley capabilities render` prints them.
"""

from typing import Any

from bot.model.approvals import Vote
from bot.model.plans import Step
from bot.model.questions import Question
from bot.model.runs import Run, StepResult
from bot.model.sections import Action, Exec, Write
from bot.report.safe import plain
from bot.report.times import iso
from bot.report.undoing import commands
from bot.report.view import PlanView, marked, result_of


def plan_data(view: PlanView) -> dict[str, Any]:
    """`plan` of interface.md."""
    return {
        "id": view.plan.id,
        "revision": view.plan.revision,
        "digest": view.digest,
        "state": view.state,
        "risk": str(view.plan.risk),
        "requesters": list(view.plan.requesters),
        "steps": [_step(view, step) for step in view.plan.steps],
        "approval": {
            "state": view.approval_state,
            "needed": list(view.needed),
            "votes": [_vote(vote) for vote in view.votes],
            "expires_at": iso(view.expires_at),
        },
        "undoes": view.plan.undoes or None,
        "claimed_by": [each.person for each in marked(view, "claim")],
        "held_by": [each.person for each in marked(view, "hold")],
        "ratings": {each.person: each.word for each in marked(view, "rating")},
    }


def run_data(run: Run) -> dict[str, Any]:
    """`run` of interface.md."""
    return {
        "id": run.id,
        "plan": run.plan,
        "state": run.state,
        "steps": [_result(step) for step in run.steps],
    }


def question_data(question: Question) -> dict[str, Any]:
    """`question` of interface.md."""
    return {
        "id": question.id,
        "choices": list(question.choices),
        "about": dict(question.about),
    }


def _argv(actions: tuple[Action, ...]) -> list[list[str]]:
    """Every command that will be run, in order, one list of words each."""
    return [list(stage) for each in actions if isinstance(each, Exec) for stage in each.stages]


def _pipes(actions: tuple[Action, ...]) -> list[list[int]]:
    pipes, position = [], 0
    for action in actions:
        if not isinstance(action, Exec):
            continue
        end = position + len(action.stages)
        pipes += [[first, first + 1] for first in range(position, end - 1)]
        position = end
    return pipes


def _step(view: PlanView, step: Step) -> dict[str, Any]:
    result, actions = result_of(view, step), commands(view.plan, step)
    return {
        "id": step.id,
        "agent": step.agent.name,
        "capability": step.section.id,
        "risk": str(step.section.risk),
        "slots": {
            name: value if isinstance(value, str) else list(value)
            for name, value in step.slots.items()
        },
        "argv": _argv(actions),
        "pipes": _pipes(actions),
        "writes": [
            {"path": each.path, "content": each.content}
            for each in actions
            if isinstance(each, Write)
        ],
        "needs": list(step.needs),
        "state": result.state if result else "waiting",
    }


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "person": vote.person,
        "verdict": vote.verdict,
        "at": iso(vote.at),
        "way": vote.way,
        "reason": plain(vote.reason),
    }


def _result(step: StepResult) -> dict[str, Any]:
    return {
        "id": step.id,
        "state": step.state,
        "exit": step.exit,
        "started_at": iso(step.started_at),
        "ended_at": iso(step.ended_at),
        "output_tail": plain(step.output_tail),
    }
