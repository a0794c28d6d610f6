"""The writer: one commit for many, each call by itself, nobody told before it is on disk."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot.model.errors import ConfigurationError, StoreError
from bot.store import sqlite
from bot.store.transaction import Raised
from bot.store.writer import FEW, QUICK, Store
from tests.store.conftest import Clock

SWITCH = "INSERT INTO numbers (n) VALUES (?)"


@pytest.fixture(autouse=True)
def table(url: str, path: Path) -> None:
    with sqlite3.connect(path) as direct:
        direct.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY, filler BLOB)")
    direct.close()


def insert(*numbers: int):
    def write(connection: Connection) -> int:
        for number in numbers:
            connection.exec_driver_sql(SWITCH, (number,))
        return len(numbers)

    return write


def stored(path: Path) -> list[int]:
    direct = sqlite3.connect(path)
    try:
        return [row[0] for row in direct.execute("SELECT n FROM numbers ORDER BY n")]
    finally:
        direct.close()


async def test_a_write_is_on_disk_for_everybody_when_it_returns(store: Store, path: Path) -> None:
    assert await store.write(insert(1, 2)) == 2
    assert stored(path) == [1, 2]


async def test_many_calls_of_one_turn_become_one_transaction(store: Store, path: Path) -> None:
    await store.write(insert(0))
    before = store.transactions
    await asyncio.gather(*(store.write(insert(number)) for number in range(1, 301)))
    assert store.transactions == before + 1
    assert stored(path) == list(range(301))


async def test_a_call_that_raises_undoes_only_itself(store: Store, path: Path) -> None:
    def broken(connection: Connection) -> None:
        insert(10, 11)(connection)
        raise LookupError("mine")

    results = await asyncio.gather(
        store.write(insert(1)),
        store.write(broken),
        store.write(insert(2, 1)),
        store.write(insert(3)),
        return_exceptions=True,
    )
    assert results[0] == 1
    assert isinstance(results[1], LookupError)
    assert isinstance(results[2], IntegrityError)
    assert results[3] == 1
    assert stored(path) == [1, 3]
    assert store.healthy


def straight(connection: Connection) -> None:
    """As hot statements go: past SQLAlchemy."""
    driver = connection.connection.dbapi_connection
    assert driver is not None
    driver.execute(SWITCH, (10,))


@pytest.mark.parametrize("how", [straight, insert(10, 11)])
async def test_a_call_that_raises_with_nobody_beside_it_undoes_itself(
    store: Store, path: Path, how: Callable[[Connection], object]
) -> None:
    def broken(connection: Connection) -> None:
        how(connection)
        raise LookupError("mine")

    with pytest.raises(LookupError):
        await store.write(broken)
    assert stored(path) == []
    await store.write(insert(1))
    assert stored(path) == [1]
    assert store.healthy


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("at_once", [True, False])
async def test_the_good_ones_are_kept(store: Store, path: Path, place: int, at_once: bool) -> None:
    def broken(connection: Connection) -> int:
        insert(5)(connection)
        return next(iter(()))

    await store.write(insert(0))
    writes = [insert(1), insert(2)]
    writes.insert(place, broken)
    results = await (store.begin(writes, here=True).future if at_once else store.write_all(writes))
    failed = results.pop(place)
    assert isinstance(failed, Raised)
    assert isinstance(failed.error, StopIteration)
    assert results == [1, 1]
    assert stored(path) == [0, 1, 2]


async def test_a_little_that_comes_alone_is_committed_at_once(store: Store, path: Path) -> None:
    await store.write(insert(0))
    before = store.transactions
    writing = store.begin([insert(1), insert(2)], here=True)
    assert stored(path) == [0, 1, 2]
    assert await writing.future == [1, 1]
    assert store.transactions == before + 1


async def test_the_loop_stands_still_only_where_it_may(store: Store) -> None:
    await store.write(insert(0))
    writing = store.begin([insert(1)])
    assert not writing.future.done()
    assert await writing.future == [1]


async def test_the_loop_does_not_stand_still_for_much(store: Store) -> None:
    await store.write(insert(0))
    writing = store.begin([insert(number) for number in range(1, FEW + 2)], here=True)
    assert not writing.future.done()
    assert len(await writing.future) == FEW + 1


class Slow(Clock):
    """Between two looks at it so many seconds pass."""

    seconds = 0.0

    def monotonic(self) -> float:
        self.forward(self.seconds)
        return super().monotonic()


async def test_on_a_slow_disk_the_thread_writes_until_it_is_quick_again(url: str) -> None:
    clock = Slow()
    async with Store(url, clock) as store:
        await store.write(insert(0))
        clock.seconds = 2 * QUICK
        assert store.begin([insert(1)], here=True).future.done()
        clock.seconds = 0.0
        later = store.begin([insert(2)], here=True)
        assert not later.future.done()
        assert await later.future == [1]
        assert store.begin([insert(3)], here=True).future.done()


async def test_nothing_overtakes_what_is_being_written(store: Store, path: Path) -> None:
    here, go = threading.Event(), threading.Event()

    def held(connection: Connection) -> int:
        here.set()
        go.wait(20)
        return insert(1)(connection)

    def count(connection: Connection) -> int:
        return connection.exec_driver_sql("SELECT count(*) FROM numbers").scalar_one()

    await store.write(insert(0))
    first = asyncio.create_task(store.write(held))
    await asyncio.to_thread(here.wait, 20)
    second = store.begin([count], here=True)
    assert not second.future.done()
    go.set()
    assert await asyncio.gather(first, second.future) == [1, [2]]
    third = asyncio.create_task(store.write(insert(2)))
    await asyncio.sleep(0)
    fourth = store.begin([count], here=True)
    assert not fourth.future.done(), "the third is gathered in this turn, and not yet handed over"
    assert await asyncio.gather(third, fourth.future) == [1, [3]]
    assert stored(path) == [0, 1, 2]


async def test_a_full_disk_is_told_at_once_too_and_passes(store: Store, path: Path) -> None:
    def limit(pages: int):
        return lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar_one()

    def grow(connection: Connection) -> int:
        sql = "INSERT INTO numbers VALUES (3, zeroblob(400000))"
        return connection.exec_driver_sql(sql).rowcount

    await store.write(limit(60))
    refused = store.begin([insert(1), grow], here=True)
    assert refused.future.done()
    with pytest.raises(StoreError, match="disk is full"):
        await refused.future
    assert not store.healthy
    assert stored(path) == []
    next_one = store.begin([limit(100000)], here=True)
    assert not next_one.future.done(), "a disk in trouble may take its time"
    await next_one.future
    assert await store.begin([insert(1), grow], here=True).future == [1, 1]
    assert store.healthy
    assert stored(path) == [1, 3]


async def test_the_loop_does_not_wait_for_another_program_that_writes(
    store: Store, path: Path
) -> None:
    await store.write(insert(0))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = store.begin([insert(1)], here=True)
    assert not writing.future.done()
    await asyncio.sleep(0.1)  # the thread does wait
    assert not writing.future.done()
    other.execute("ROLLBACK")
    other.close()
    assert await writing.future == [1]
    assert stored(path) == [0, 1]


async def test_stop_iteration_reaches_its_caller_and_hangs_nobody(store: Store) -> None:
    def broken(_: Connection) -> None:
        raise StopIteration

    async with asyncio.timeout(20):
        with pytest.raises(RuntimeError):
            await store.write(broken)
        assert await store.write(insert(1)) == 1


async def test_a_later_call_sees_what_an_earlier_one_wrote(store: Store) -> None:
    def count(connection: Connection) -> int:
        return connection.exec_driver_sql("SELECT count(*) FROM numbers").scalar_one()

    _, seen = await asyncio.gather(store.write(insert(1)), store.write(count))
    assert seen == 1


async def test_a_cancelled_wait_does_not_undo_the_write(store: Store, path: Path) -> None:
    waiting = asyncio.create_task(store.write(insert(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await store.write(insert(2))
    assert stored(path) == [1, 2]


async def test_reads_see_one_snapshot_and_can_change_nothing(store: Store) -> None:
    with pytest.raises(StoreError, match="read-only"):
        await store.read(insert(1))
    await store.write(insert(1))
    rows = await store.read(lambda c: c.exec_driver_sql("SELECT n FROM numbers").fetchall())
    assert [row[0] for row in rows] == [1]


async def test_a_full_disk_is_told_to_all_of_the_batch_and_passes(store: Store, path: Path) -> None:
    def limit(pages: int):
        return lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar_one()

    def grow(number: int):
        return lambda c: (
            c.exec_driver_sql(
                "INSERT INTO numbers VALUES (?, zeroblob(100000))", (number,)
            ).rowcount
        )

    await store.write(insert(1))
    await store.write(limit(60))  # SQLite answers SQLITE_FULL beyond, as it does for ENOSPC
    results = await asyncio.gather(
        store.write(insert(2)),
        store.write(grow(3)),
        store.write(insert(4)),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [StoreError] * 3
    assert "disk is full" in str(results[0])
    assert not store.healthy
    assert stored(path) == [1]
    await store.write(limit(100000))
    assert await store.write(grow(3)) == 1
    assert store.healthy
    assert stored(path) == [1, 3]


async def test_a_lock_held_by_another_program_is_waited_for(store: Store, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.write(insert(1)))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    other.execute("ROLLBACK")
    other.close()
    assert await waiting == 1


async def test_a_lock_held_by_another_program_is_named(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        await store.write(insert(1))
    other.execute("ROLLBACK")
    other.close()
    assert await store.write(insert(1)) == 1


async def test_closing_waits_for_what_was_handed_in(url: str, clock, path: Path) -> None:
    async with Store(url, clock) as store:
        waiting = [asyncio.create_task(store.write(insert(number))) for number in range(50)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert stored(path) == list(range(50))
    with pytest.raises(StoreError):
        await store.write(insert(99))
    with pytest.raises(StoreError):
        await store.read(insert(99))


async def test_a_reading_command_makes_no_file_and_writes_nothing(tmp_path: Path, clock) -> None:
    missing = tmp_path / "none.db"
    async with Store(f"sqlite:///{missing}", clock, only_reads=True) as store:
        with pytest.raises(StoreError, match="parley migrate"):
            await store.read(insert(1))
        with pytest.raises(StoreError):
            await store.write(insert(1))
    assert not missing.exists()


async def test_a_file_that_is_no_database_is_named(tmp_path: Path, clock) -> None:
    (tmp_path / "x.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        async with Store(f"sqlite:///{tmp_path}/x.db", clock):
            pass


@pytest.mark.parametrize("address", ["sqlite://", "postgresql+psycopg://x/y"])
async def test_a_url_it_cannot_use_is_a_configuration_error(address: str, clock) -> None:
    with pytest.raises(ConfigurationError):
        async with Store(address, clock):
            pass


async def test_names_with_special_characters_are_just_names(tmp_path: Path, clock) -> None:
    odd = tmp_path / "a b%20#é?"
    odd.mkdir()
    async with Store(f"sqlite:///{odd}/x.db", clock) as store:
        await store.write(lambda c: c.exec_driver_sql("CREATE TABLE t (n)").rowcount)
    assert [each.name for each in odd.iterdir()] == ["x.db"]
