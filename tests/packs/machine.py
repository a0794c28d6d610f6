"""A pack on a real machine: compiled, rendered with an agent's vars, performed by the local target."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from pathlib import Path

from adapters.targets.local.target import Local
from bot.execution import judge, look
from bot.model.plans import Agent
from bot.model.runs import Limits, Outcome
from bot.model.sections import Action, Exec, Refusal, Rendered, Section, Value
from capabilities.filling import StepOutputs
from capabilities.guard import StepGuard
from capabilities.library import Library
from capabilities.render import SectionRenderer

PACKS = Path(__file__).parents[2] / "capabilities" / "packs"
SHIPPED = ("linux-facts", "nginx-sites", "demo-site")
STEP_SECONDS = 0.05


def shipped() -> Library:
    """The built-in packs of this checkout, as the bot loads them."""
    return Library(own=PACKS)


OUTPUTS = StepOutputs(StepGuard())


class Plain:
    """A redactor for a machine without secrets."""

    def redact(self, text: str) -> str:
        return text


class Ready:
    """One section with its slots filled, on one machine."""

    def __init__(self, machine: "Machine", section: Section, rendered: Rendered) -> None:
        self._machine = machine
        self.section = section
        self.rendered = rendered

    async def do(self) -> list[Outcome]:
        """The actions in order, up to the first that is not good."""
        outcomes: list[Outcome] = []
        for action in self.rendered.actions:
            outcomes.append(await self._machine.perform(action))
            if not judge.good(outcomes[-1], self.section.exits):
                break
        return outcomes

    async def works(self) -> bool:
        """Do everything; whether all of it was good."""
        outcomes = await self.do()
        whole = len(outcomes) == len(self.rendered.actions)
        return whole and judge.good(outcomes[-1], self.section.exits)

    async def answer(self) -> str:
        """Do everything, which must be good; its standard output."""
        outcomes = await self.do()
        assert len(outcomes) == len(self.rendered.actions), outcomes
        assert judge.good(outcomes[-1], self.section.exits), outcomes
        return "".join(outcome.output.decode() for outcome in outcomes)

    async def preview(self) -> str | None:
        """What of the Preview is compared."""
        assert self.section.preview is not None
        outcomes = [await self._machine.perform(action) for action in self.rendered.preview]
        text = look.text_of(outcomes, Plain())
        return await look.compared(self.section.preview, outcomes, text, OUTPUTS)

    async def verified(self) -> bool:
        """Whether Verify is content now."""
        assert self.section.verify is not None
        outcomes = [await self._machine.perform(action) for action in self.rendered.verify]
        proofs = [await judge.proves(outcome, self.section.verify, OUTPUTS) for outcome in outcomes]
        return all(proofs)

    async def verified_within(self) -> bool:
        """Whether Verify becomes content within its own time."""
        assert self.section.verify is not None
        last = time.monotonic() + self.section.verify.within
        while not await self.verified():
            if time.monotonic() > last:
                return False
            await asyncio.sleep(STEP_SECONDS)
        return True

    async def unverified_within(self) -> bool:
        """Whether Verify stops being content in that time: a reloading server may still answer for a moment."""
        assert self.section.verify is not None
        last = time.monotonic() + self.section.verify.within
        while await self.verified():
            if time.monotonic() > last:
                return False
            await asyncio.sleep(STEP_SECONDS)
        return True

    async def roll_back(self) -> bool:
        """Perform the whole Rollback; whether every part of it was good."""
        outcomes = [await self._machine.perform(action) for action in self.rendered.rollback]
        return all(judge.good(outcome, (0,)) for outcome in outcomes)


class Machine:
    """This machine as an agent's target. `data` is the bot's data folder; `url` as in an agent's `target`."""

    def __init__(self, data: Path, vars: dict[str, str] | None = None, url: str = "local:") -> None:
        data.mkdir(exist_ok=True)
        self.agent = Agent("web1", url, SHIPPED, level=3, vars=vars or {})
        self._target = Local()(url, data)
        self._numbers = itertools.count(1)
        self._library = shipped()

    async def perform(self, action: Action | Exec) -> Outcome:
        return await self._target.perform(
            action, Limits(timeout=60), f"attempt{next(self._numbers)}"
        )

    def ready(self, section_id: str, **slots: Value) -> Ready:
        """A section with these slots. Fails when it is refused."""
        section = self._library.section(section_id)
        assert section is not None, section_id
        answer = SectionRenderer().render(section, slots, self.agent)
        assert not isinstance(answer, Refusal), answer
        return Ready(self, section, answer[1])

    async def close(self) -> None:
        await self._target.close()


def tree(*folders: Path, without: Sequence[str] = ()) -> dict[str, object]:
    """Everything below some folders: mode and content of files, where links point."""
    found: dict[str, object] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder.parent))
            if any(part in without for part in path.parts):
                continue
            if path.is_symlink():
                found[name] = str(path.readlink())
            elif path.is_dir():
                found[name] = oct(path.stat().st_mode)
            else:
                found[name] = (oct(path.stat().st_mode), path.read_bytes())
    return found
