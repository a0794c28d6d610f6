"""What a plan needs before it may run. `gate` asks it when a request is made and again at the claim.

`Policy` is the seam: the default policy is one implementation, a rule engine will be another.
"""

from datetime import timedelta
from typing import Protocol

from msgspec import Struct

from approvals.people import People
from bot.model.approvals import Need, Requirement
from bot.model.plans import Plan, Step
from bot.model.sections import Risk

OPERATOR = "operator"
EXPIRES = timedelta(hours=8)


class Policy(Protocol):
    """Rules in force. `version` changes whenever the same plan could come out differently; `expires` is how long
    a request stands."""

    @property
    def version(self) -> str: ...

    @property
    def expires(self) -> timedelta: ...

    def rule(self, step: Step) -> str:
        """The name of the first rule that matches a step, for `explain`."""
        ...

    def requirements(self, plan: Plan, people: People) -> tuple[Requirement, ...]:
        """Everything that must be met, each once; empty for an automatic approval."""
        ...


class DefaultPolicy(Struct, frozen=True):
    """`read` at once; `low` and `change` by one operator, a requester too; `destroy` by an operator who asked for
    none of it, or, where only one person is known, by that operator typing the plan's short id."""

    operator: str = OPERATOR
    expires: timedelta = EXPIRES

    @property
    def version(self) -> str:
        return f"default-1 operator={self.operator} expires={int(self.expires.total_seconds())}s"

    def rule(self, step: Step) -> str:
        match step.section.risk:
            case Risk.READ:
                return "default: read"
            case Risk.LOW | Risk.CHANGE:
                return "default: low and change"
            case Risk.DESTROY:
                return "default: destroy"

    def requirements(self, plan: Plan, people: People) -> tuple[Requirement, ...]:
        found = (self._requirement(step, people) for step in plan.steps)
        return tuple(dict.fromkeys(requirement for requirement in found if requirement))

    def _requirement(self, step: Step, people: People) -> Requirement | None:
        need = (Need(1, self.operator),)
        match step.section.risk:
            case Risk.READ:
                return None
            case Risk.LOW | Risk.CHANGE:
                return Requirement(self.rule(step), need, self_approval=True)
            case Risk.DESTROY:
                return Requirement(
                    self.rule(step), need, self_approval=people.alone, typed=people.alone
                )
