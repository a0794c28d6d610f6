"""Is the audit log whole? `parley audit verify` asks; `bot.store.seal` made what is looked at."""

import hmac
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, select

from bot.store.audit import AUDIT
from bot.store.seal import ROWS, SEAL_COLUMNS, SEALS, Head, head_of, leaf, sign, unpack
from bot.store.statements import Statement

Kind = Literal["changed", "deleted", "inserted", "seal", "truncated", "heads", "key"]


class Finding(Struct, frozen=True):
    """One thing wrong: `row` and `seal` are where (0: not one row, not one seal), `words` says it to people."""

    kind: Kind
    words: str
    row: int = 0
    seal: int = 0


class Verdict(Struct, frozen=True):
    """What was looked at and what was found. `unsealed` rows are too new to be proven."""

    rows: int
    seals: int
    unsealed: int
    findings: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        return not self.findings


class _Seal(Struct, frozen=True):
    number: int
    first: int
    last: int
    leaves: bytes
    previous: str
    head: str
    mac: str
    at: str


_seals = Statement(select(*(SEALS.c[name] for name in SEAL_COLUMNS)).order_by(SEALS.c.number))
_between = Statement(ROWS.where(AUDIT.c.id.between(bindparam("low"), bindparam("high"))))
_size = Statement(select(func.count(), func.coalesce(func.max(AUDIT.c.id), 0)).select_from(AUDIT))
_after = Statement(select(func.count()).select_from(AUDIT).where(AUDIT.c.id > bindparam("last")))


def verify(connection: Connection, key: bytes, heads: Sequence[Head]) -> Verdict:
    """Compare every row with its seal, every seal with the one before, with the key and with `heads`, the file's."""
    rows = _seals.all(connection)
    seals = [_Seal(*row) for row in rows if _sound(row)]
    findings = [
        Finding("seal", f"Seal {row[0]} is damaged.", seal=row[0])
        for row in rows
        if not _sound(row)
    ]
    findings += _signatures(seals, key)
    before: _Seal | None = None
    for seal in seals:
        findings += _link(seal, before)
        findings += _rows(connection, seal, before.last if before else 0)
        before = seal
    findings += _heads(seals, heads)
    size = _size.one(connection) or (0, 0)
    unsealed = _after.one(connection, last=before.last if before else 0) or (0,)
    return Verdict(size[0], len(seals), unsealed[0], tuple(findings))


def _sound(row: Sequence[Any]) -> bool:
    """SQLite stores any type in any column: only what we could have written is looked at further."""
    number, first, last, leaves, *texts = row
    whole = all(isinstance(each, int) for each in (number, first, last))
    return whole and isinstance(leaves, bytes) and all(isinstance(each, str) for each in texts)


def _signatures(seals: Sequence[_Seal], key: bytes) -> Iterator[Finding]:
    wrong = [seal for seal in seals if not _signed(seal, key)]
    if wrong and len(wrong) == len(seals):
        words = "No seal was made with this key: it is not the key of this log."
        yield Finding("key", words)
        return
    for seal in wrong:
        words = f"Seal {seal.number} was not signed with the key: somebody else made it."
        yield Finding("seal", words, seal=seal.number)


def _signed(seal: _Seal, key: bytes) -> bool:
    return hmac.compare_digest(seal.mac.encode(), sign(key, seal.head).encode())


def _link(seal: _Seal, before: _Seal | None) -> Iterator[Finding]:
    number, previous = (before.number + 1, before.head) if before else (1, "")
    if seal.number != number:
        words = f"Seal {number} is missing before seal {seal.number}."
        yield Finding("seal", words, seal=number)
    elif seal.previous != previous:
        words = f"Seal {seal.number} does not follow seal {number - 1}."
        yield Finding("seal", words, seal=seal.number)
    if seal.head != head_of(seal.previous, seal.number, seal.leaves):
        words = f"Seal {seal.number} was changed: its head does not fit its rows."
        yield Finding("seal", words, seal=seal.number)


def _rows(connection: Connection, seal: _Seal, after: int) -> Iterator[Finding]:
    """Rows from behind the seal before to this seal's end, against the seal's leaves."""
    try:
        leaves = unpack(seal.leaves)
    except ValueError:
        yield Finding("seal", f"Seal {seal.number} is damaged.", seal=seal.number)
        return
    if not leaves or (min(leaves), max(leaves)) != (seal.first, seal.last):
        words = f"Seal {seal.number} was changed: its range does not fit its rows."
        yield Finding("seal", words, seal=seal.number)
    stored = {row[0]: row for row in _between.all(connection, low=after + 1, high=seal.last)}
    for row in sorted(leaves.keys() | stored.keys()):
        finding = _row(row, leaves.get(row), stored.get(row), seal.number)
        if finding is not None:
            yield finding


def _row(
    id: int, sealed: bytes | None, stored: tuple[Any, ...] | None, seal: int
) -> Finding | None:
    if stored is None:
        return Finding("deleted", f"Row {id} was deleted (seal {seal}).", id, seal)
    if sealed is None:
        return Finding("inserted", f"Row {id} was inserted after seal {seal}.", id, seal)
    if leaf(stored) != sealed:
        return Finding("changed", f"Row {id} was changed (seal {seal}, {stored[1]}).", id, seal)
    return None


def _heads(seals: Sequence[_Seal], heads: Sequence[Head]) -> Iterator[Finding]:
    known = {seal.number: seal for seal in seals}
    written = {head.number: head for head in heads}
    last = max(known, default=0)
    beyond = max(written, default=0)
    if beyond > last:
        words = f"The log ends at seal {last}, but the heads file knows seal {beyond} (row {written[beyond].last})."
        yield Finding("truncated", words, seal=last + 1)
    if seals and not heads:
        yield Finding(
            "heads", "The heads file is empty or missing: nothing proves the end of the log."
        )
        return
    for number, seal in known.items():
        yield from _head(seal, written.get(number), beyond)


def _head(seal: _Seal, head: Head | None, beyond: int) -> Iterator[Finding]:
    """Seals behind the file's end are no fault: a crash can come between their commit and their line."""
    if head is None and seal.number < beyond:
        words = f"Seal {seal.number} is not in the heads file."
        yield Finding("heads", words, seal=seal.number)
    elif head is not None and (head.head, head.last) != (seal.head, seal.last):
        words = f"Seal {seal.number} is another than the heads file knows: the past was rewritten."
        yield Finding("heads", words, seal=seal.number)
