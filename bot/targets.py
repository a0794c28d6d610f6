"""The targets in use, one for each URL, opened when first asked for. Made by `bot.app`, asked by cases and runner."""

from pathlib import Path

from bot.model.plans import Agent
from bot.model.ports import Target
from bot.plugins import find


class Targets:
    """`targets(agent)` is where that agent acts. Raises ConfigurationError for a URL that no adapter understands."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._open: dict[str, Target] = {}

    def __call__(self, agent: Agent) -> Target:
        if agent.target not in self._open:
            scheme = agent.target.partition(":")[0]
            self._open[agent.target] = find("targets", scheme).load()(agent.target, self._data)
        return self._open[agent.target]

    async def close(self) -> None:
        """Close every connection and helper process."""
        for target in self._open.values():
            await target.close()
