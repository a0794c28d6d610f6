"""A plan whose steps wait for each other's outputs, as people read it: steps by their numbers, what is known in the place of what
was not. Called first by everything that makes words of a plan; the plan itself stays as it was approved."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from bot.model.plans import Plan, Step
from bot.model.runs import Attempt, Returned, Run
from bot.model.sections import (
    Ask,
    Exec,
    Glance,
    OpenAsk,
    OpenExec,
    OpenText,
    OpenWrite,
    Output,
    Planned,
    Write,
)
from bot.report.view import PlanView
from bot.store.results import GOOD, latest

Part = str | Output
Show = Callable[[Output], Part]


def legible(view: PlanView) -> PlanView:
    """The view with every output that the run has brought as its value, and every other one with the number of its step."""
    if not any(step.outputs or step.needs for step in view.plan.steps):
        return view
    numbers = _numbers(view.plan)
    values = {
        (step.id, each.name): each.value
        for step in view.plan.steps
        for each in returned(view.run, step.id)
        if not each.fault
    }

    def show(output: Output) -> Part:
        known = values.get((output.step, output.name))
        return _numbered(output, numbers) if known is None else known

    run = view.run
    if run is not None:
        attempts = (_attempt(each, numbers) for each in run.attempts)
        run = replace(run, attempts=tuple(attempts))
    return replace(view, plan=_plan(view.plan, numbers, show), run=run)


def numbered(plan: Plan) -> Plan:
    """The plan with every output by the number of its step, known or not."""
    numbers = _numbers(plan)
    return _plan(plan, numbers, lambda output: _numbered(output, numbers))


def returned(run: Run | None, step: str) -> list[Returned]:
    """What the step has put out, each name once."""
    made = run.attempts if run else ()
    found: dict[str, Returned] = {}
    for _, attempt in sorted(latest(made, step, "do").items()):
        for each in attempt.returned if attempt.state in GOOD else ():
            found.setdefault(each.name, each)
    return list(found.values())


def expected(run: Run, step: Step) -> list[Returned]:
    """The same for a step of which everything is done, with what its section promises and nobody has seen."""
    found = {each.name: each for each in returned(run, step.id)}
    done = any(each.id == step.id and each.state == "done" for each in run.steps)
    for each in step.section.returns if done else ():
        found.setdefault(each.name, Returned(each.name, each.type, fault="it was not there"))
    return list(found.values())


def words(text: str | OpenText, quote: Callable[[str], str] = str) -> str:
    """One text for reading; only what is not an output is quoted, so that nothing else looks like one."""
    if isinstance(text, str):
        return quote(text)
    return "".join(quote(part) if isinstance(part, str) else part.words for part in text.parts)


def _numbers(plan: Plan) -> dict[str, str]:
    return {step.id: str(number) for number, step in enumerate(plan.steps, 1)}


def _order(number: str) -> tuple[int, str]:
    return (int(number), "") if number.isdecimal() else (0, number)


def _numbered(output: Output, numbers: Mapping[str, str]) -> Output:
    return replace(output, step=numbers.get(output.step, output.step))


def _attempt(attempt: Attempt, numbers: Mapping[str, str]) -> Attempt:
    action = _shown(attempt.action, lambda output: _numbered(output, numbers))
    return replace(attempt, action=action)


def _plan(plan: Plan, numbers: Mapping[str, str], show: Show) -> Plan:
    return replace(plan, steps=tuple(_step(step, numbers, show) for step in plan.steps))


def _step(step: Step, numbers: Mapping[str, str], show: Show) -> Step:
    shown = {name: show(output) for name, output in step.outputs.items()}
    return replace(
        step,
        slots={
            **step.slots,
            **{name: each for name, each in shown.items() if isinstance(each, str)},
        },
        outputs={name: each for name, each in shown.items() if isinstance(each, Output)},
        needs=tuple(sorted((numbers.get(each, each) for each in step.needs), key=_order)),
        actions=tuple(_shown(each, show) for each in step.actions),
        preview=tuple(_look(each, show) for each in step.preview),
        verify=tuple(_look(each, show) for each in step.verify),
        rollback=tuple(_shown(each, show) for each in step.rollback),
    )


def _shown(action: Planned, show: Show) -> Planned:
    match action:
        case OpenExec():
            return _look(action, show)
        case OpenWrite(path, content):
            place, text = _text(path, show), _text(content, show)
            if isinstance(place, str) and isinstance(text, str):
                return Write(place, text)
            return OpenWrite(place, text)
        case OpenAsk(text):
            asked = _text(text, show)
            return Ask(asked) if isinstance(asked, str) else OpenAsk(asked)
        case _:
            return action


def _look(action: Glance, show: Show) -> Glance:
    if isinstance(action, Exec):
        return action
    stages = tuple(tuple(_text(word, show) for word in stage) for stage in action.stages)
    whole = tuple(tuple(word for word in stage if isinstance(word, str)) for stage in stages)
    return Exec(whole) if whole == stages else OpenExec(stages)


def _text(text: str | OpenText, show: Show) -> str | OpenText:
    if isinstance(text, str):
        return text
    parts = tuple(part if isinstance(part, str) else show(part) for part in text.parts)
    whole = [part for part in parts if isinstance(part, str)]
    return "".join(whole) if len(whole) == len(parts) else OpenText(parts)
