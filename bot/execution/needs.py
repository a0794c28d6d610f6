"""What the steps of a plan need of each other: outputs of done actions, wanted by steps that are not begun. Pure functions over the
plan and its journal, used by the claim, by `steps` and where something is in doubt."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from bot.model.plans import Plan, Step
from bot.model.ports import Redactor
from bot.model.runs import Attempt, Returned
from bot.model.sections import Action, Ask, Exec, Glance, Planned, Return, Section, Write
from bot.store.results import GOOD, latest

Known = Mapping[tuple[str, str], Returned]
"""By step and name."""


def number(plan: Plan, step: str) -> int:
    """The step's number on the card; 0 for none of the plan."""
    return next((n for n, each in enumerate(plan.steps, 1) if each.id == step), 0)


def fault(plan: Plan) -> str:
    """What is wrong with the outputs that its steps wait for; "" for nothing."""
    steps = {step.id: step for step in plan.steps}
    for step in plan.steps:
        for output in step.outputs.values():
            source = steps.get(output.step)
            if source is None or output.step not in step.needs:
                return f"step {step.id} takes {output.name} of {output.step}, which it does not wait for"
            if all(each.name != output.name for each in source.section.returns):
                return f"step {output.step} puts out no {output.name}"
    return ""


def known(plan: Plan, attempts: Sequence[Attempt]) -> Known:
    """What the done actions have put out; of several with the same name the first in the order of the section counts."""
    found: dict[tuple[str, str], Returned] = {}
    for step in plan.steps:
        for _, attempt in sorted(latest(attempts, step.id, "do").items()):
            for each in attempt.returned if attempt.state in GOOD else ():
                found.setdefault((step.id, each.name), each)
    return found


def wanted(plan: Plan, step: str) -> dict[str, int]:
    """The names of a step's outputs that others need, and the number of the first that does."""
    found: dict[str, int] = {}
    for n, each in enumerate(plan.steps, 1):
        for output in each.outputs.values():
            if output.step == step:
                found.setdefault(output.name, n)
    return found


def lacks(plan: Plan, step: Step, found: Known, *, last: bool) -> str:
    """What others need of this step and will not get, as a sentence; "" while it may still come. `last`: all its actions are made."""
    for name, n in wanted(plan, step.id).items():
        returned = found.get((step.id, name))
        if returned is None and last:
            return f"It put out no {name}, which step {n} needs."
        if returned is not None and returned.fault:
            return f"It put out no {name} that step {n} can use: {_ended(returned.fault)}"
    return ""


def missing(plan: Plan, step: Step, found: Known) -> str:
    """What this step needs and nobody has, as a sentence; "" when everything is there."""
    for output in step.outputs.values():
        returned = found.get((output.step, output.name))
        if returned is None or returned.fault:
            why = f": {_ended(returned.fault)}" if returned is not None else "."
            return f"Step {number(plan, output.step)} has put out no {output.name}{why}"
    return ""


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith(".") else f"{sentence}."


def unseen(plan: Plan, step: str, attempts: Sequence[Attempt]) -> bool:
    """Whether others need something of this step that nobody has seen yet."""
    found = known(plan, attempts)
    return any((step, name) not in found for name in wanted(plan, step))


def too_long(section: Section) -> tuple[Returned, ...]:
    """Where the middle was dropped, what is left may say something else than the whole."""
    why = "it said so much that its middle was left out"
    return tuple(Returned(each.name, each.type, fault=why) for each in section.returns)


def without_secrets(
    returned: Returned, declared: Return, redactor: Redactor, said: str, shown: str
) -> Returned:
    """A value that would have to be masked is none: it could neither be shown nor stored. It may be one by itself, by its name,
    or by the place where it stands: `said` is the whole output, `shown` what is left of that without secrets."""
    value, key = returned.value, declared.way.rpartition(".")[2]
    contexts = (value, f"{declared.name}={value}", f'"{key}": "{value}"')
    masked = any(redactor.redact(each) != each for each in contexts)
    if value and (masked or (value in said and value not in shown)):
        return replace(returned, value="", fault="it looks like a secret")
    return replace(returned, fault=redactor.redact(returned.fault))


def values(found: Known) -> dict[tuple[str, str], str]:
    """Those that can be used."""
    return {key: each.value for key, each in found.items() if not each.fault}


def actions(planned: Sequence[Planned]) -> tuple[Action, ...]:
    """What a target or a person can be given. Raises ValueError where something is still open."""
    made = tuple(each for each in planned if isinstance(each, Exec | Write | Ask))
    if len(made) < len(planned):
        raise ValueError("An action waits for an output: it cannot be made.")
    return made


def looks(planned: Sequence[Glance]) -> tuple[Exec, ...]:
    """The same for commands that only look."""
    made = tuple(each for each in planned if isinstance(each, Exec))
    if len(made) < len(planned):
        raise ValueError("A look waits for an output: it cannot be made.")
    return made
