"""Everything that is true of SQLite alone. `bot.store.writer` asks; a second database is a second module like this one."""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bot.model.errors import ConfigurationError, StoreError

PREFIX = "sqlite:///"
BUSY_SECONDS = 5.0
CHECKPOINT = 4000
"""Pages of the write-ahead log (16 MB) before they are copied into the database: a page written often is copied once."""

_FATAL = {
    sqlite3.SQLITE_FULL: (
        "The disk is full, so nothing could be stored.",
        "Free some space; Parley then goes on by itself.",
    ),
    sqlite3.SQLITE_READONLY: (
        "The database cannot be written: it is read-only.",
        "Give the bot's user write access to the file and its folder.",
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk reported an error while storing.",
        "Look at the disk's health and free space.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The database file cannot be opened.",
        "Check that the data folder exists and belongs to the bot's user, and run `parley migrate`.",
    ),
    sqlite3.SQLITE_BUSY: (
        f"The database was locked by another process for more than {BUSY_SECONDS:.0f} s.",
        "End the other program that writes to it.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The database file is damaged.",
        "Restore the data folder from a backup.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "The database file is not a database.",
        "Restore the data folder from a backup, or set [store] url.",
    ),
    sqlite3.SQLITE_NOMEM: ("The database ran out of memory.", "Give the bot more memory."),
}


def path(url: str) -> Path:
    """The file of `sqlite:///PATH`, taken as it stands: nothing in it is decoded. Raises ConfigurationError for another URL."""
    name = url.removeprefix(PREFIX)
    if name == url or name in {"", ":memory:"}:
        raise ConfigurationError(
            f"The store cannot use {url.split(':')[0]!r} so.", "Set [store] url to sqlite:///PATH."
        )
    return Path(name)


def engine(url: str, *, write: bool) -> Engine:
    """An engine whose connections are opened for one side: the writer's make the file, a reader's can change nothing.

    Raises ConfigurationError for a URL of another database."""
    address = f"file:{quote(str(path(url)))}?mode={'rwc' if write else 'rw'}"
    made = create_engine("sqlite://", poolclass=NullPool, creator=lambda: _connect(address))
    event.listen(made, "connect", _writing if write else _reading)
    event.listen(made, "begin", _begin_immediate if write else _begin)
    return made


def _connect(address: str) -> sqlite3.Connection:
    # No transaction control by the driver: the events below begin, SQLAlchemy ends.
    return sqlite3.connect(
        address,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
        uri=True,
    )


def _writing(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT}")


def _reading(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA query_only=ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> None:
    # Immediate: a transaction that turns from reader to writer later can fail without waiting.
    if not in_transaction(connection.connection.driver_connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def begin(driver: Any, *, patient: bool = True) -> bool:
    """A transaction of the writer, who asked `wait_for_nobody`. Straight on the driver: SQLAlchemy's own begin and commit cost
    60 µs more, and it joins in as soon as one of its statements is run. False when another program writes and nobody is to wait
    for it."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return patient and _begin_behind(driver)
    return True


def _begin_behind(driver: Any) -> bool:
    """Once that program has ended its transaction. Only here: to say how long costs more than to begin."""
    driver.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000:.0f}")
    try:
        driver.execute("BEGIN IMMEDIATE")
    finally:
        wait_for_nobody(driver)
    return True


def wait_for_nobody(driver: Any) -> None:
    """A statement of this connection that meets another program's lock fails at once."""
    driver.execute("PRAGMA busy_timeout=0")


def commit(connection: Connection, driver: Any) -> None:
    """What `begin` began."""
    if connection.in_transaction():
        connection.commit()
    else:
        driver.execute("COMMIT")  # unlike `driver.commit()` an error when the transaction is gone


def rollback(connection: Connection, driver: Any) -> None:
    """What `begin` began, if it is still there. SQLAlchemy's half of one whose commit failed is not `in_transaction`, and yet it
    lets nothing more be done until it is rolled back."""
    connection.rollback()
    driver.rollback()


def in_transaction(driver: Any) -> bool:
    """Whether the transaction is still there. SQLite ends it by itself on a full disk and its like."""
    return bool(driver.in_transaction)


def fault(error: BaseException) -> StoreError | None:
    """The sentence for people when the database itself failed; None when it was the statement's own mistake."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        return None
    code = getattr(cause, "sqlite_errorcode", None)
    words = _FATAL.get(code & 0xFF) if code is not None else None
    if words is None and str(cause).startswith("no such table"):
        words = ("The database has no tables of this version.", "Run `parley migrate`.")
    return StoreError(*words) if words else None


def named(error: BaseException) -> StoreError:
    """As `fault`, with words for whatever else went wrong."""
    return fault(error) or StoreError(
        f"The database failed: {error}.", "Look at the log and the data folder."
    )
