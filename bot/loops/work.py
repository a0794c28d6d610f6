"""Runs are worked on. Started by `bot.app`: recovers what a dead process left, then takes every run that is queued or
answered. Each run is a task; the runner claims, and whoever is too late finds it claimed."""

import asyncio
import logging

from bot.cases import renew, repair
from bot.house import House
from bot.loops import patience
from bot.model.errors import ParleyError
from bot.store import plans, runs
from bot.store.plan_rows import Stored

log = logging.getLogger(__name__)

LOOK = 30.0
"""Seconds after which the loop looks without being woken: a missed wake-up costs at most this."""


class Work:
    """The runs under way in this process."""

    def __init__(self, house: House, group: asyncio.TaskGroup) -> None:
        self._house = house
        self._group = group
        self.going: set[str] = set()
        self._renewed: set[str] = set()
        self._tried: set[tuple[str, int]] = set()
        self._mending: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether something runs, or is thought about after it failed."""
        return bool(self.going or self._mending)

    async def work(self) -> None:
        """For ever: everything runnable is begun; plans that went stale get their new revision."""
        while True:
            for run in await patience.read(self._house, runs.resumable):
                if run not in self.going:
                    self.going.add(run)
                    self._group.create_task(self._one(run))
            await self._house.bus.wait("runs", LOOK)

    async def _one(self, run: str) -> None:
        try:
            await self._house.runner.run(run)
        except ParleyError as error:
            log.error("run %s: %s", run, error)  # noqa: TRY400 - a sentence with the mend, no traceback
        except (
            Exception
        ):  # one run that surprises us must not end the others; the next start asks about it
            log.exception("run %s broke", run)
        finally:
            self.going.discard(run)
        await self._renew()
        await self._mend()
        for topic in ("cards", "settled"):
            self._house.bus.wake(topic)

    async def _renew(self) -> None:
        """A plan whose Preview differs from what people saw gets a new revision, pending again."""
        for stored in await patience.read(
            self._house, lambda connection: plans.in_state(connection, "stale")
        ):
            if stored.superseded_by is None and stored.plan.id not in self._renewed:
                self._renewed.add(
                    stored.plan.id
                )  # what cannot be made again now is asked for again by a person
                await renew.revise(self._house, stored)

    async def _mend(self) -> None:
        """A model may know how to mend what has failed; each failure is thought about once."""
        for stored in await repair.wanted(self._house):
            which = (stored.plan.id, stored.plan.revision)
            if which not in self._tried:
                self._tried.add(which)
                self._mending.add(stored.plan.id)
                self._group.create_task(self._proposed(stored))

    async def _proposed(self, stored: Stored) -> None:
        try:
            await repair.propose(self._house, stored)
        except ParleyError as error:
            log.warning("plan %s: no repair: %s", stored.plan.id, error)
        except Exception:  # a proposal that surprises us must not end the runs
            log.exception("plan %s: no repair", stored.plan.id)
        finally:
            self._mending.discard(stored.plan.id)
        for topic in ("cards", "settled"):
            self._house.bus.wake(topic)
