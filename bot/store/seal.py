"""The chain over the audit rows. `bot.loops.tend` calls the `Sealer`, `parley audit verify` calls `verify`.

A seal holds the SHA-256 of each of its rows; its head is the SHA-256 of those and of the head before, signed with a key
that is not in the database. Heads also go to a file: whoever owns the database can neither change a row, nor cut off
the end, without that file or the key telling.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, insert, select
from sqlmodel import Field, SQLModel

from bot.model.errors import StoreError
from bot.store.audit import AUDIT, COLUMNS
from bot.store.statements import Statement
from bot.store.writer import Store

BATCH = 1000
"""Rows in one seal at most: the writer does nothing else meanwhile (3 ms)."""

KEY_BYTES = 32
TAIL = 4096
"""Bytes of the heads file that hold its last line for certain."""

_LEAF = struct.Struct(">q32s")
# One encoder for all: `json.dumps` with these options would build one for each row. `repr` for what no column of ours
# holds: a row that was tampered with is another row, not a crash.
_encode = json.JSONEncoder(separators=(",", ":"), default=repr).encode


class SealRow(SQLModel, table=True):
    """One link. `leaves` is, for each row, its id (8 bytes, big-endian) and its SHA-256 (32 bytes)."""

    __tablename__ = "audit_seals"
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    first: int
    last: int
    leaves: bytes
    previous: str
    head: str
    mac: str
    at: str


SEALS = SealRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it in its metaclass


class Head(Struct, frozen=True):
    """What goes to the file: seal `number` covers rows up to `last`."""

    number: int
    last: int
    head: str
    mac: str
    at: str

    def line(self) -> str:
        return f"{self.number} {self.last} {self.head} {self.mac} {self.at}"

    @classmethod
    def parse(cls, line: str) -> "Head":
        """Raises ValueError."""
        number, last, head, mac, at = line.split()
        return cls(int(number), int(last), head, mac, at)


SEAL_COLUMNS = ("number", "first", "last", "leaves", "previous", "head", "mac", "at")
ROWS = select(*(AUDIT.c[name] for name in COLUMNS)).order_by(AUDIT.c.id)
_newest = Statement(select(SEALS).order_by(SEALS.c.number.desc()).limit(1))
_unsealed = Statement(ROWS.where(AUDIT.c.id > bindparam("after")).limit(BATCH))
_add = Statement(insert(SEALS), *SEAL_COLUMNS)
_later = Statement(
    select(SEALS.c.number, SEALS.c.last, SEALS.c.head, SEALS.c.mac, SEALS.c.at)
    .where(SEALS.c.number > bindparam("than"))
    .order_by(SEALS.c.number)
)


def key(folder: Path) -> bytes:
    """The signing key in `folder`, made at the first call (mode 0600). Raises StoreError when it cannot be had."""
    path = folder / "audit.key"
    if path.exists():
        return read_key(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix="audit.key.") as file:  # mode 0600
            file.write(os.urandom(KEY_BYTES).hex().encode())
            file.flush()
            os.fsync(file.fileno())
            # A link is made whole or not at all, and never over a key that is there.
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    except OSError as error:
        raise StoreError(
            f"The audit key {path} cannot be made: {error.strerror}.",
            "Let the bot's user write there.",
        ) from error
    return read_key(folder)


def read_key(folder: Path) -> bytes:
    """The signing key, without making one. Raises StoreError."""
    path = folder / "audit.key"
    try:
        found = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"The audit key {path} cannot be read.", "Restore it from a backup."
        ) from error
    if len(found) != KEY_BYTES:
        raise StoreError(f"The audit key {path} is not a key.", "Restore it from a backup.")
    return found


def leaf(row: Sequence[Any]) -> bytes:
    """SHA-256 over a row as it is stored, in the order of `audit.COLUMNS`."""
    return hashlib.sha256(_encode(list(row)).encode()).digest()


def head_of(previous: str, number: int, leaves: bytes) -> str:
    return hashlib.sha256(f"{previous} {number} ".encode() + leaves).hexdigest()


def sign(key: bytes, head: str) -> str:
    return hmac.new(key, head.encode(), hashlib.sha256).hexdigest()


def unpack(leaves: bytes) -> dict[int, bytes]:
    """Row id → its SHA-256. Raises ValueError for bytes that are no leaves."""
    if len(leaves) % _LEAF.size:
        raise ValueError("not whole leaves")
    return dict(_LEAF.iter_unpack(leaves))


def seal(connection: Connection, key: bytes, at: str) -> Head | None:
    """Chain the next rows, at most `BATCH`; None when there are none. `at` is an ISO time."""
    newest = _newest.one(connection)
    number, last, previous = (newest[0] + 1, newest[2], newest[5]) if newest else (1, 0, "")
    rows = _unsealed.all(connection, after=last)
    if not rows:
        return None
    leaves = b"".join(_LEAF.pack(row[0], leaf(row)) for row in rows)
    head = head_of(previous, number, leaves)
    made = Head(number, rows[-1][0], head, sign(key, head), at)
    _add.run(
        connection,
        number=number,
        first=rows[0][0],
        last=made.last,
        leaves=leaves,
        previous=previous,
        head=head,
        mac=made.mac,
        at=at,
    )
    return made


def count(connection: Connection) -> int:
    """How many seals there are."""
    newest = _newest.one(connection)
    return int(newest[0]) if newest else 0


class Sealer:
    """Seals what is new and writes the heads down. One for a data folder; key and `heads` file are made when missing."""

    def __init__(self, store: Store, key_folder: Path, heads: Path) -> None:
        self._store = store
        self._key_folder = key_folder
        self._heads = heads

    async def seal(self) -> int:
        """Seal everything there is, write every head that the file misses. How many seals. Raises StoreError."""
        count = 0
        at = self._store.clock.now().isoformat()
        signing = await asyncio.to_thread(key, self._key_folder)
        while await self._store.write(lambda connection: seal(connection, signing, at)):
            count += 1
        after = await asyncio.to_thread(_last, self._heads)
        missing = await self._store.read(lambda connection: _later.all(connection, than=after))
        if missing:
            await asyncio.to_thread(_append, self._heads, [Head(*row) for row in missing])
        return count


def read_heads(path: Path) -> list[Head]:
    """The heads written down; none when there is no file. A last line cut off by a crash is left out.

    Raises StoreError for a file that holds something else."""
    try:
        lines = path.read_text(encoding="utf8").split("\n")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            f"The heads file {path} cannot be read.", "Restore it from a backup."
        ) from error
    try:
        return [Head.parse(line) for line in lines[:-1] if line]
    except ValueError as error:
        raise StoreError(
            f"The heads file {path} is damaged.", "Restore it from a backup."
        ) from error


def _last(path: Path) -> int:
    """The number of the last whole line; 0 when there is none."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            lines = file.read().split(b"\n")[:-1]
        return Head.parse(lines[-1].decode()).number if lines else 0
    except FileNotFoundError:
        return 0
    except (OSError, ValueError) as error:
        raise StoreError(
            f"The heads file {path} is damaged.", "Restore it from a backup."
        ) from error


def _append(path: Path, heads: list[Head]) -> None:
    try:
        with open(path, "a+b") as file:
            file.seek(0)
            whole = file.read().rfind(b"\n") + 1
            file.truncate(whole)  # a line cut off by a crash is written again below
            file.write("".join(f"{head.line()}\n" for head in heads).encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(
            f"The heads file {path} cannot be written: {error.strerror}.", "Free some space."
        ) from error
