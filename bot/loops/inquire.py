"""Investigations are carried out. Started by `bot.app`: each is a task; those that an earlier process left are said to be over."""

import asyncio
import logging

from bot.cases import investigate
from bot.house import House
from bot.loops import patience
from bot.model.errors import ParleyError
from bot.model.investigations import Investigation
from bot.store import investigations

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds after which the loop looks without being woken."""
AT_ONCE = 4
"""Investigations side by side."""


class Inquirer:
    """Those of this process."""

    def __init__(self, house: House, group: asyncio.TaskGroup) -> None:
        self._house = house
        self._group = group
        self._going: set[str] = set()
        self._turns = asyncio.Semaphore(AT_ONCE)

    @property
    def busy(self) -> bool:
        return bool(self._going)

    async def inquire(self) -> None:
        """For ever: whatever was begun is looked into. Nothing is ever begun without a model."""
        while self._house.models is not None:
            before = frozenset(self._going)  # one of these may end while it is looked for
            for each in await patience.read(self._house, investigations.running):
                if each.id not in before | self._going:
                    self._going.add(each.id)
                    self._group.create_task(self._one(each))
            await self._house.bus.wait("settled", LOOK)

    async def _one(self, asked: Investigation) -> None:
        try:
            with self._house.leaving.may():
                # lazy: it brings all that speaks with models, and most bots have none
                from bot.cases.looking import look_into

                async with self._turns:
                    await look_into(self._house, asked)
        except ParleyError as error:
            await self._fail(asked, error)
        except Exception:
            log.exception("investigation %s broke", asked.id)
            what = "Something in me broke while I looked into this."
            await self._fail(asked, ParleyError(what, "Ask again; the log has the details."))
        finally:
            self._going.discard(asked.id)
        for topic in (f"outbox {asked.conversation.instance}", "settled"):
            self._house.bus.wake(topic)

    async def _fail(self, asked: Investigation, error: ParleyError) -> None:
        await patience.write(
            self._house, lambda c: investigate.gave_up(c, self._house, asked, error)
        )
