"""Which model is asked, and whether one is. Used by `bot.planner.model`; made by `bot.llm`.

What is private goes to models at home only. A provider that fails is left alone for a while, longer each time.
"""

from collections import deque
from collections.abc import Sequence
from math import inf
from statistics import median
from typing import Literal

from msgspec import Struct, field

from bot.model.errors import ParleyError, TemporaryError
from bot.model.llm import Model
from bot.model.ports import Clock

Preference = Literal["order", "cost", "latency"]

TRIPS = 3
"""Failures in a row after which a provider is left alone."""
PAUSE, LONGEST_PAUSE = 30.0, 900.0
"""Seconds that it is left alone: at first, and at most."""
_OF_THE_QUESTION = frozenset(("too long", "schema"))
"""Why one question was refused, which says nothing of the next."""
REMEMBERED = 50
"""Answers of which the time is known."""


class Provider(Struct):
    """One model at one provider. `local`: nothing said to it leaves the house. `seconds` and `dollars` are those of its newest
    ideas, as far as prices are known."""

    name: str
    model: Model
    local: bool = False
    failures: int = 0
    shut_until: float = 0.0
    trouble: str = ""
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    dollars: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    @property
    def p50(self) -> float:
        """Seconds that an idea of it takes; 0 before the first, so that everybody is tried once."""
        return median(self.seconds) if self.seconds else 0.0

    @property
    def cost(self) -> float:
        """Dollars of an idea; 0 before the first."""
        if not self.dollars:
            return inf if self.seconds else 0.0
        return median(self.dollars)


class Router:
    """All providers, in the team's order."""

    def __init__(
        self, providers: Sequence[Provider], clock: Clock, prefer: Preference = "order"
    ) -> None:
        self.providers = tuple(providers)
        self._clock = clock
        self._prefer = prefer

    def allowed(self, *, private: bool) -> list[Provider]:
        """Who may be asked now, the first choice first. With `private`, nobody outside, whatever the others do."""
        now = self._clock.monotonic()
        fit = [each for each in self.providers if each.local or not private]
        ready = [each for each in fit if each.shut_until <= now]
        match self._prefer:
            case "cost":
                return sorted(ready, key=lambda each: each.cost)
            case "latency":
                return sorted(ready, key=lambda each: each.p50)
            case "order":
                return ready

    def trouble(self, *, private: bool) -> str:
        """Why nobody is ready who may be asked; "" where nobody may."""
        fit = (each for each in self.providers if each.trouble and (each.local or not private))
        return next((f"{each.name} is left alone for a while: {each.trouble}" for each in fit), "")

    def answered(self, provider: Provider, seconds: float, dollars: float | None) -> None:
        """It works. What an idea took and cost."""
        provider.failures, provider.shut_until, provider.trouble = 0, 0.0, ""
        provider.seconds.append(seconds)
        if dollars is not None:
            provider.dollars.append(dollars)

    def failed(self, provider: Provider, error: ParleyError) -> None:
        """It did not: after a few times, or where asking again is of no use, it is left alone."""
        if error.reason in _OF_THE_QUESTION:
            return
        provider.failures += 1
        provider.trouble = str(error)
        pause = min(LONGEST_PAUSE, PAUSE * 2.0 ** min(5, max(0, provider.failures - TRIPS)))
        wait = error.after if isinstance(error, TemporaryError) else pause
        if provider.failures >= TRIPS or wait:
            provider.shut_until = self._clock.monotonic() + max(
                wait or 0.0, pause if provider.failures >= TRIPS else 0.0
            )
