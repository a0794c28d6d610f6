"""`parley capabilities test ID --agent NAME`: the section's Preview, run twice on a real agent. Called by
`bot.commands.rendering`.

A Preview that differs by itself would make every plan stale; the page can be mended before anybody approves one.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence

from bot.clock import SystemClock
from bot.config import Configuration
from bot.execution import needs
from bot.execution.look import compared, text_of
from bot.model.errors import PermanentError
from bot.model.ids import new_id
from bot.model.plans import Agent
from bot.model.ports import Redactor
from bot.model.runs import Limits, Outcome
from bot.model.sections import Exec, Preview, Refusal, Section, Value
from bot.redact import SecretRedactor
from bot.targets import Targets
from capabilities.filling import StepOutputs
from capabilities.guard import StepGuard
from capabilities.render import SectionRenderer


def previewed(
    section: Section, slots: Mapping[str, Value], agent: Agent, configuration: Configuration
) -> int:
    """Say whether it is stable; 1 when it is not. Raises as `preview`."""
    stable = preview(section, slots, agent, configuration)
    words = {True: "the same twice", False: "differs by itself", None: "not compared"}[stable]
    sys.stdout.write(f"Preview on {agent.name}: {words}\n")
    return 1 if stable is False else 0


def preview(
    section: Section, slots: Mapping[str, Value], agent: Agent, configuration: Configuration
) -> bool | None:
    """Whether two looks show the same; None where nothing is compared. Raises PermanentError for what cannot be
    rendered, TemporaryError where the agent cannot be reached."""
    rendered = SectionRenderer().render(section, slots, agent)
    if isinstance(rendered, Refusal):
        raise PermanentError(rendered.why, "Give the agent the vars that the section needs.")
    if section.preview is None:
        return None
    looks = asyncio.run(_twice(needs.looks(rendered[1].preview), agent, configuration))
    redactor = SecretRedactor(configuration.secrets)
    first, second = (
        asyncio.run(_compared(section.preview, outcomes, redactor)) for outcomes in looks
    )
    return None if first is None else first == second


async def _compared(
    preview: Preview, outcomes: Sequence[Outcome], redactor: Redactor
) -> str | None:
    return await compared(preview, outcomes, text_of(outcomes, redactor), StepOutputs(StepGuard()))


async def _twice(
    actions: tuple[Exec, ...], agent: Agent, configuration: Configuration
) -> list[list[Outcome]]:
    targets, clock = Targets(configuration.data), SystemClock()
    limits = Limits(timeout=configuration.timeout.total_seconds())
    configuration.data.mkdir(parents=True, exist_ok=True)
    try:
        target = targets(agent)
        return [
            [await target.perform(action, limits, new_id(clock.now())) for action in actions]
            for _ in range(2)
        ]
    finally:
        await targets.close()
