"""The last look before anything runs. Called by the runner for every step, just before its first attempt.

It trusts nothing but the section and the slots the plan stores: it renders them again and compares.
"""

from collections.abc import Iterator
from pathlib import Path

from bot.model.plans import Step
from bot.model.sections import Action, Output, Planned, Refusal, Rendered
from capabilities.floor import Floor
from capabilities.outputs import closed
from capabilities.render import SectionRenderer
from capabilities.seal import seal


class StepGuard:
    """Implements the `Guard` port. `floor` are the folders no plan may touch: configuration, data, keys, packs."""

    def __init__(self, floor: tuple[Path, ...] = ()) -> None:
        resolved = {path.absolute() for path in floor} | {path.resolve() for path in floor}
        self._floor = Floor(tuple(sorted(str(path) for path in resolved if path != Path("/"))))
        self._renderer = SectionRenderer()

    def check(self, step: Step) -> Refusal | None:
        """None when the step is exactly what its section and slots say and stays within its agent's bounds."""
        return self._section(step) or self._same(step) or self._level(step) or self._places(step)

    def _section(self, step: Step) -> Refusal | None:
        if seal(step.section) == step.section.hash:
            return None
        return Refusal(
            "section hash", f"{step.section.id} is not what was compiled; plan it again."
        )

    def _same(self, step: Step) -> Refusal | None:
        given = {
            name: value for name, value in step.slots.items() if not self._from_agent(step, name)
        }
        result = self._renderer.render(step.section, given, step.agent, step.outputs)
        if isinstance(result, Refusal):
            return result
        values, rendered = result
        if values != dict(step.slots):
            return Refusal(
                "slots",
                f"The slots of {step.section.id} are not those of its agent; plan it again.",
            )
        stored = Rendered(step.actions, step.preview, step.verify, step.rollback)
        if rendered != stored:
            return Refusal(
                "rendering",
                f"{step.section.id} renders to something else than was approved; plan it again.",
            )
        return None

    def _from_agent(self, step: Step, name: str) -> bool:
        slot = step.section.slot(name)
        return slot is not None and slot.from_agent

    def _level(self, step: Step) -> Refusal | None:
        agent, section = step.agent, step.section
        if section.pack not in agent.packs:
            return Refusal(
                "pack", f"{agent.name} may not use {section.pack}; add it to the agent's packs."
            )
        needed = max(section.level, section.risk.rank)
        if needed <= agent.level:
            return None
        return Refusal(
            "level", f"{section.id} needs level {needed}; {agent.name} has {agent.level}."
        )

    def _places(self, step: Step) -> Refusal | None:
        kind, _, root = step.agent.target.partition(":")
        local = kind == "local"
        base = (root or None) if local else "/"
        return self._floor.check(_all(step), base=base, local=local)


_STANDS_IN = {
    **{"ip": "192.0.2.1", "cidr": "192.0.2.0/24", "int": "1", "port": "1", "size": "1"},
    **{"duration": "1s", "path": "/parley", "email": "a@a.example", "fqdn": "a.example"},
    **{"url": "http://a.example/"},
}


def _all(step: Step) -> Iterator[Action]:
    """Everything that would run. What is known only during the run is looked at then; until that, anything of its type will do."""
    planned: tuple[Planned, ...] = (*step.actions, *step.preview, *step.verify, *step.rollback)
    return (closed(each, _stand_in) for each in planned)


def _stand_in(output: Output) -> str:
    return _STANDS_IN.get(output.type, "a")
