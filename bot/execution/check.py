"""Whether what was approved is still what there is: the guard, the target's identity, the Preview. Called by the runner."""

from collections.abc import Callable, Sequence

from bot.execution import look, words
from bot.execution.steps import Steps
from bot.model import runs as model
from bot.model.errors import ParleyError
from bot.model.plans import Agent, Plan, Step
from bot.model.ports import Guard, Outputs, Redactor, Target
from bot.model.sections import Exec


class Check:
    """Reads only; nothing here is in the journal."""

    def __init__(
        self,
        steps: Steps,
        target_of: Callable[[Agent], Target],
        guard: Guard,
        redactor: Redactor,
        outputs: Outputs,
    ) -> None:
        self._steps = steps
        self._outputs = outputs
        self._target_of = target_of
        self._guard = guard
        self._redactor = redactor

    async def look(self, steps: Sequence[Step]) -> dict[str, tuple[str, str | None]]:
        """Every step's Preview now: its whole text, redacted, and the part to compare."""
        return {step.id: await self._look(step) for step in steps}

    async def _look(self, step: Step) -> tuple[str, str | None]:
        preview = step.section.preview
        looks = [each for each in step.preview if isinstance(each, Exec)]
        if len(looks) < len(step.preview):
            return words.LATER, None
        outcomes = await self._steps.look(step, looks)
        text = await look.text_apart(outcomes, self._redactor)
        if preview is None:
            return text, None
        return text, await look.compared(preview, outcomes, text, self._outputs)

    async def before(self, plan: Plan, *, fresh: bool) -> tuple[model.State, str] | None:
        """How the run must end before anything is done, in words; None when it may go on. A run that was begun before is only
        guarded: its own effects are in what there is now."""
        for step in plan.steps:
            refusal = self._guard.check(step)
            if refusal is not None:
                return "failed", f"{refusal.why} (rule {refusal.rule})"
        if not fresh:
            return None
        try:
            changed = [await self._changed(step) for step in plan.steps]
        except ParleyError as error:
            return "failed", f"{error} Nothing was changed."
        return next((("stale", words) for words in changed if words), None)

    async def _changed(self, step: Step) -> str:
        identity = await self._target_of(step.agent).identity()
        if identity != step.identity:
            return f"{step.agent.name} was {step.identity} and is {identity}"
        if step.compared is None:
            return ""
        _, now = await self._look(step)
        if now == step.compared:
            return ""
        names = ", ".join(words.command(action) for action in step.preview)
        return f"{names} has changed since you approved: {look.changes(step.compared, now or '')}"
