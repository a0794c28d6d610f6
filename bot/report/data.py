"""The machine-readable half of reports, key by key as in interface.md. Used by `plan`, `result`, `answer`, `question`.

A step's `argv` has one list per command, a pipeline one per stage; `pipes` holds the positions of stages that are
piped together and `writes` the files written, just as `parley capabilities render` prints them.
"""

from typing import Any

from bot.model.approvals import Vote
from bot.model.plans import Step
from bot.model.questions import Question
from bot.model.runs import Run, StepResult
from bot.model.sections import Exec, OpenExec, OpenWrite, Output, Planned, Write
from bot.report.opened import numbered, returned, words
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
        "steps": [
            _step(view, step, commands(view.plan, shown))
            for step, shown in zip(view.plan.steps, numbered(view.plan).steps, strict=True)
        ],
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
        "steps": [_result(run, step) for step in run.steps],
    }


def question_data(question: Question) -> dict[str, Any]:
    """`question` of interface.md."""
    return {
        "id": question.id,
        "choices": list(question.choices),
        "about": dict(question.about),
    }


def _argv(actions: tuple[Planned, ...]) -> list[list[str]]:
    """Every command that will be run, in order, one list of words each; what a step puts out as `‹ip of step 1›`."""
    return [
        [words(word) for word in stage]
        for each in actions
        if isinstance(each, Exec | OpenExec)
        for stage in each.stages
    ]


def _pipes(actions: tuple[Planned, ...]) -> list[list[int]]:
    pipes, position = [], 0
    for action in actions:
        if not isinstance(action, Exec | OpenExec):
            continue
        end = position + len(action.stages)
        pipes += [[first, first + 1] for first in range(position, end - 1)]
        position = end
    return pipes


def _output(output: Output) -> dict[str, Any]:
    return {"output": {"step": output.step, "name": output.name, "type": output.type}}


def _step(view: PlanView, step: Step, actions: tuple[Planned, ...]) -> dict[str, Any]:
    result = result_of(view, step)
    return {
        "id": step.id,
        "agent": step.agent.name,
        "capability": step.section.id,
        "risk": str(step.section.risk),
        "slots": {
            **{
                name: value if isinstance(value, str) else list(value)
                for name, value in step.slots.items()
            },
            **{name: _output(output) for name, output in step.outputs.items()},
        },
        "argv": _argv(actions),
        "pipes": _pipes(actions),
        "writes": [
            {"path": words(each.path), "content": words(each.content)}
            for each in actions
            if isinstance(each, Write | OpenWrite)
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


def _result(run: Run, step: StepResult) -> dict[str, Any]:
    """`outputs` is there for a step that has put something out of its type."""
    outputs = {each.name: each.value for each in returned(run, step.id) if not each.fault}
    return {
        "id": step.id,
        "state": step.state,
        "exit": step.exit,
        "started_at": iso(step.started_at),
        "ended_at": iso(step.ended_at),
        "output_tail": plain(step.output_tail),
        **({"outputs": outputs} if outputs else {}),
    }
