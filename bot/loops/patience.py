"""Writing what must not be lost. Every loop writes through here: a store that takes nothing (a full disk) is tried again
until it does, so that no loop ends over it."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from bot.house import House
from bot.model.errors import StoreError
from bot.store.transaction import Raised

T = TypeVar("T")

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two tries."""


async def write(house: House, fn: Callable[[Connection], T]) -> T:
    """`store.write`, until the store can take it. What `fn` itself raises is raised."""
    result: T | Raised = (await write_all(house, (fn,)))[0]
    if isinstance(result, Raised):
        raise result.error
    return result


async def write_all(house: House, fns: Sequence[Callable[[Connection], T]]) -> list[T | Raised]:
    """`store.write_all`, until the store can take it."""
    while True:
        try:
            return await house.store.write_all(fns)
        except StoreError as error:
            log.error("something accepted waits for the store: %s", error)  # noqa: TRY400 - a sentence with the mend, no traceback
            await house.clock.sleep(PAUSE)


async def read(house: House, fn: Callable[[Connection], T]) -> T:
    """`store.read`, until the store answers."""
    while True:
        try:
            return await house.store.read(fn)
        except StoreError as error:
            log.error("the store does not answer: %s", error)  # noqa: TRY400 - as above
            await house.clock.sleep(PAUSE)
