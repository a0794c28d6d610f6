"""One transaction of the writer: many calls, each in a savepoint of its own. Used by `bot.store.writer`, which hands over what waits."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection

from bot.model.errors import StoreError
from bot.store import fresh, sqlite


class Writing(Struct):
    """What one caller waits for: `results` has what each of `fns` returned or raised, `fault` what ended them all."""

    fns: Sequence[Callable[[Connection], Any]]
    future: asyncio.Future[list[Any]]
    results: list[Any]
    fault: StoreError | None = None


class Raised(Struct, frozen=True):
    """In the list that `write_all` returns: the error of a function, which undid what that function did."""

    error: Exception


def perform(connection: Connection, driver: Any, batch: list[Writing]) -> None:
    """All of them, in the transaction that was begun. Raises what ends it for all."""
    fresh.forget(connection)
    do = _first
    for call in batch:
        for fn in call.fns:
            call.results.append(do(connection, driver, fn))
            do = _one


def _first(connection: Connection, driver: Any, fn: Callable[[Connection], Any]) -> Any:
    """As `_one`, where there is nothing yet that a savepoint would keep."""
    try:
        return fn(connection)
    except Exception as error:
        if sqlite.fault(error) or not sqlite.in_transaction(driver):
            raise
        sqlite.rollback(connection, driver)
        fresh.forget(connection)
        sqlite.begin(driver)
        return Raised(error)


def _one(connection: Connection, driver: Any, fn: Callable[[Connection], Any]) -> Any:
    """In its own savepoint, straight on the driver: through SQLAlchemy a savepoint costs 17 times as much."""
    driver.execute("SAVEPOINT one")
    try:
        result = fn(connection)
    except Exception as error:
        if sqlite.fault(error) or not sqlite.in_transaction(driver):
            raise
        result = Raised(error)
        driver.execute("ROLLBACK TO one")
        fresh.forget(connection)  # their numbers are given out again
    driver.execute("RELEASE one")
    return result


def refuse(batch: list[Writing], error: Exception) -> None:
    """The transaction was taken back because of `error`."""
    fault = sqlite.named(error)
    for call in batch:
        call.fault = StoreError(fault.what, fault.mend)


def settle(batch: list[Writing]) -> None:
    """Tell everybody who waits for these. In the loop's own thread."""
    for call in batch:
        if call.future.done():
            continue
        if call.fault is not None:
            call.future.set_exception(call.fault)
        else:
            call.future.set_result(call.results)
