"""Statements for hot rows: built with SQLAlchemy Core, compiled once, run on the driver's own connection.

For what stands between a message and its answer, and between a vote and its command. Measured: a Core insert costs 38 µs, the
same text on the driver 3 µs; cold, as most are, ten times as much. What goes in and comes out are strings, bytes, integers and
None: no column type converts anything here.
"""

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Any

from msgspec import Struct
from sqlalchemy import ClauseElement, Connection, Dialect

_PLAIN = (str, int, bool, bytes)


class _Ready(Struct, frozen=True):
    """A statement in one database's own words; `values` picks what it needs out of a dictionary, in its order."""

    text: str
    values: Callable[[dict[str, Any]], Any]


class Statement:
    """One statement whose values are `bindparam`s (for an insert: the named `columns`). A value left out is a KeyError."""

    def __init__(self, element: ClauseElement, *columns: str) -> None:
        self._element = element
        self._columns = list(columns) or None
        self._ready: dict[str, _Ready] = {}

    def one(self, connection: Connection, **values: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        row: tuple[Any, ...] | None = self._execute(connection, values).fetchone()
        return row

    def all(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._execute(connection, values).fetchall()
        return rows

    def each(self, connection: Connection, **values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows one by one, read only as far as the caller goes."""
        return iter(self._execute(connection, values))

    def run(self, connection: Connection, **values: Any) -> int:
        """How many rows it changed."""
        count: int = self._execute(connection, values).rowcount
        return count

    def insert(self, connection: Connection, **values: Any) -> int | None:
        """The new row's integer key; None when ON CONFLICT left it out. (RETURNING costs 4 µs more in SQLite.)"""
        cursor = self._execute(connection, values)
        new: int | None = cursor.lastrowid if cursor.rowcount else None
        return new

    def many(self, connection: Connection, rows: Iterable[dict[str, Any]]) -> int:
        """Once for each of `rows`; how many it changed in all."""
        ready = self._prepared(connection)
        values = [ready.values(row) for row in rows]
        cursor = _driver(connection).executemany(ready.text, values)
        count: int = cursor.rowcount
        return count

    def _execute(self, connection: Connection, values: dict[str, Any]) -> Any:
        ready = self._prepared(connection)
        return _driver(connection).execute(ready.text, ready.values(values))

    def _prepared(self, connection: Connection) -> _Ready:
        name = connection.dialect.name
        ready = self._ready.get(name)
        if ready is None:
            ready = self._ready[name] = self._compile(connection.dialect)
        return ready

    def _compile(self, dialect: Dialect) -> _Ready:
        compiled: Any = self._element.compile(dialect=dialect, column_keys=self._columns)
        # What has no value yet is None here, or SQLAlchemy's own mark, an integer of another class.
        fixed = {name: value for name, value in compiled.params.items() if type(value) in _PLAIN}
        if not compiled.positional:
            return _Ready(str(compiled), lambda given: fixed | given)
        return _Ready(str(compiled), _taker(compiled.positiontup, fixed))


def _taker(names: list[str], fixed: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """For values by position: those of `names`, of which some are `fixed` unless they are given."""
    if len(names) < 2:
        return lambda given: tuple((fixed | given)[name] for name in names)
    take = itemgetter(*names)
    return (lambda given: take(fixed | given)) if fixed else take


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection
