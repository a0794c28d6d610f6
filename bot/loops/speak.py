"""Results of spoken requests, spoken. `bot.loops.publish` hands over what it has just posted; the words stand whatever becomes of
the sound, which is tried for once."""

import asyncio
import logging

from sqlalchemy import Connection

from bot.house import House
from bot.loops import patience
from bot.model import plans as plan_model
from bot.model.errors import ParleyError
from bot.report import heard
from bot.store import heard as kept
from bot.store import outbox, runs
from bot.store.plan_rows import Stored

log = logging.getLogger(__name__)


class Speaker:
    """Tasks start in `group`."""

    def __init__(self, house: House, group: asyncio.TaskGroup) -> None:
        self._house = house
        self._group = group
        self._begun: set[str] = set()
        self._going = 0

    @property
    def busy(self) -> bool:
        return self._going > 0

    def wants(self, stored: Stored) -> bool:
        """Whether its result is to be spoken, and was not begun before."""
        ears = self._house.ears
        if ears is None or not ears.replies or not stored.plan.spoken:
            return False
        return stored.state in plan_model.ENDS and _key(stored) not in self._begun

    def say(self, stored: Stored) -> None:
        """Once its words are posted. Returns at once."""
        self._begun.add(_key(stored))
        self._going += 1
        self._group.create_task(self._say(stored))

    async def _say(self, stored: Stored) -> None:
        try:
            with self._house.leaving.may():
                await self._spoken(stored)
        except ParleyError as error:
            log.warning("the result of plan %s is not spoken: %s", stored.plan.id, error)
        except Exception:  # it must not end the others; the words are posted
            log.exception("the result of plan %s is not spoken", stored.plan.id)
        finally:
            self._going -= 1
            self._house.bus.wake("settled")

    async def _spoken(self, stored: Stored) -> None:
        ears, key = self._house.ears, _key(stored)
        text = await patience.read(self._house, lambda connection: _words(connection, stored))
        if ears is None or not text:
            return
        report = heard.sound(await ears.speech.speak(text))
        where, at = stored.plan.conversation, self._house.clock.now()
        await patience.write(self._house, lambda c: outbox.post(c, key, where, report, at=at))
        self._house.bus.wake(f"outbox {where.instance}")


def _key(stored: Stored) -> str:
    return f"spoken/{stored.plan.id}/{stored.plan.revision}"


def _words(connection: Connection, stored: Stored) -> str:
    """What was posted as its result; "" where nothing was, or where it was spoken before."""
    if outbox.known(connection, _key(stored)):
        return ""
    plan = stored.plan
    run = runs.newest(connection, plan.id, plan.revision)
    key = f"result/{run.id}" if run and not stored.quiet else f"answer/{plan.id}/{plan.revision}"
    report = kept.report(connection, key)
    return heard.aloud(report) if report else ""
