"""The one way into the database. Every room calls `write` and `read`; the modules beside this one are what they pass.

All writes of one turn of the event loop are handed to one thread together, and everything that waits there becomes one
transaction with a savepoint a call: a burst costs one fsync, and nobody is told "done" before it. A little that comes alone
may be written where it is asked for, as long as the disk is quick.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.model.errors import StoreError
from bot.model.ports import Clock
from bot.store import sqlite
from bot.store.transaction import Raised, Writing, perform, refuse, settle

T = TypeVar("T")

READERS = 3
LARGEST = 2000
"""Calls in one transaction at most: the first of them waits for the last."""
FEW, QUICK = 4, 0.002
"""Functions, and seconds of the COMMIT before: up to there the loop itself makes the next transaction, and stands still as long.
That two threads wake each other takes longer."""


class Store:
    """One database. Used as `async with Store(url, clock) as store`; its tables are made by `bot.store.migrate` before.

    `only_reads` opens it for commands that look: nothing is created or changed, and `write` raises StoreError.
    `healthy` is false from a write that the database could not take until one succeeds again."""

    def __init__(self, url: str, clock: Clock, *, only_reads: bool = False) -> None:
        self.url = url
        self.clock = clock
        self.healthy = True
        self.transactions = 0
        self._only_reads = only_reads
        self._gathered: list[Writing] = []
        self._queue: SimpleQueue[list[Writing] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._writer: Connection | None = None
        self._under_way = 0
        self._quick = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open = False
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._own = threading.local()
        self._read_connections: list[Connection] = []

    async def __aenter__(self) -> Self:
        """Raises StoreError when the file cannot be opened, ConfigurationError for a URL it cannot use."""
        self._loop = asyncio.get_running_loop()
        self._read_engine = sqlite.engine(self.url, write=False)
        self._open = True
        if not self._only_reads:
            engine = sqlite.engine(self.url, write=True)
            try:
                self._writer = await asyncio.to_thread(engine.connect)
            except SQLAlchemyError as error:
                self._open = False
                raise sqlite.named(error) from error
            sqlite.wait_for_nobody(self._writer.connection.driver_connection)
            self._thread = threading.Thread(
                target=self._work, args=(self._writer,), name="store-write"
            )
            self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Waits for every write handed in; later ones raise StoreError."""
        self._open = False
        self._hand_over()
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._read_connections:
            connection.close()

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a savepoint of the next transaction and return its value after COMMIT.

        `fn` is synchronous and does no other I/O. What it raises undoes it alone and is raised here. StoreError: the
        database could not take it, and nothing of it was kept. Being cancelled while waiting does not undo the write."""
        result: T | Raised = (await self.write_all((fn,)))[0]
        if isinstance(result, Raised):
            raise result.error
        return result

    async def write_all(self, fns: Sequence[Callable[[Connection], T]]) -> list[T | Raised]:
        """`write` for many, each in its own savepoint, all in one transaction: a sixth of the cost in a burst."""
        writing = self._writing(fns)
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._gathered.append(writing)
        return await writing.future

    def begin(self, fns: Sequence[Callable[[Connection], T]], *, here: bool = False) -> Writing:
        """`write_all` at once, to be awaited by its `future`. `here` lets the loop stand still for a little, which is committed when
        this returns; where many come one by one the thread is better, since they meet in its commits. Raises StoreError when the
        store is not open."""
        writing = self._writing(fns)
        little = here and self._quick and len(fns) <= FEW
        alone = not (self._under_way or self._gathered)
        writer = self._writer if little and alone else None
        if writer is not None and self._commit(writer, [writing], patient=False):
            settle([writing])
        else:
            self._gathered.append(writing)
            self._hand_over()
        return writing

    async def finish(self, writing: Writing) -> list[Any]:
        """The results of a writing whose wait was cancelled. Raises StoreError."""
        with contextlib.suppress(StoreError):
            await self.write(_nothing)  # writings end in their order
        if writing.fault is not None:
            raise writing.fault
        return writing.results

    def _writing(self, fns: Sequence[Callable[[Connection], T]]) -> Writing:
        if not self._open or self._only_reads:
            raise StoreError("The store is not open for writing.", "Start the bot again.")
        return Writing(fns, asyncio.get_running_loop().create_future(), [])

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on a connection of its own, in one snapshot of what was committed. StoreError as for `write`."""
        if not self._open:
            raise StoreError("The store is not open.", "Start the bot again.")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, fn)

    def _hand_over(self) -> None:
        if self._gathered:
            self._under_way += len(self._gathered)
            self._queue.put(self._gathered)
            self._gathered = []

    def _read(self, fn: Callable[[Connection], T]) -> T:
        try:
            connection = getattr(self._own, "connection", None) or self._connect()
            with connection.begin():
                return fn(connection)
        except Exception as error:
            fault = sqlite.fault(error)
            if fault is None:
                raise
            raise fault from error

    def _connect(self) -> Connection:
        connection = self._own.connection = self._read_engine.connect()
        self._read_connections.append(connection)
        return connection

    def _work(self, connection: Connection) -> None:
        """The writer thread: takes everything that waits, commits it, tells all of them at once."""
        with connection:
            last = False
            while not last:
                calls, last = self._waiting()
                while calls:
                    batch, calls = calls[:LARGEST], calls[LARGEST:]
                    self._commit(connection, batch)
                    self._tell(batch)

    def _waiting(self) -> tuple[list[Writing], bool]:
        taken = self._queue.get()
        calls: list[Writing] = []
        while taken is not None:
            calls += taken
            if self._queue.empty():
                return calls, False
            taken = self._queue.get()
        return calls, True

    def _commit(
        self, connection: Connection, batch: list[Writing], *, patient: bool = True
    ) -> bool:
        """Whether it was tried. For another program that writes only a patient one waits."""
        driver: Any = connection.connection.driver_connection
        try:
            if not sqlite.begin(driver, patient=patient):
                return False
            perform(connection, driver, batch)
            begun = self.clock.monotonic()
            sqlite.commit(connection, driver)
            self._quick = self.clock.monotonic() - begun < QUICK
            self.healthy = True
            self.transactions += 1
        except Exception as error:  # noqa: BLE001 - whatever ended the transaction ends every call of it
            refuse(batch, error)
            self.healthy = self._quick = False
            sqlite.rollback(connection, driver)
        return True

    def _tell(self, batch: list[Writing]) -> None:
        if self._loop is not None:
            # The loop may be closed when a test or a crash tore it down: nobody is left to tell.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._settle, batch)

    def _settle(self, batch: list[Writing]) -> None:
        self._under_way -= len(batch)
        settle(batch)


def _nothing(_connection: Connection) -> None:
    """Nothing to write."""
