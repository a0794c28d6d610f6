"""The audit log: what it holds, and that no change of it goes unseen."""

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.model.errors import StoreError
from bot.model.people import Account
from bot.store import audit, seal
from bot.store.seal import Head, Sealer, read_heads
from bot.store.verdict import Verdict, verify
from bot.store.writer import Store

AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
KEY = bytes(range(32))
ALICE = Account("matrix", "@alice", "acme")


def fill(connection: Connection, count: int) -> None:
    for number in range(count):
        audit.record(
            connection,
            "plan approved",
            at=AT + timedelta(seconds=number),
            person="alice",
            account=ALICE,
            subject=f"plan {number}",
            digest="ab" * 32,
            data={"revision": number},
            text=f"approve {number}",
        )


def chain(connection: Connection, seals: int = 4, rows: int = 5) -> list[Head]:
    heads = []
    for _ in range(seals):
        fill(connection, rows)
        made = seal.seal(connection, KEY, AT.isoformat())
        assert made is not None
        heads.append(made)
    return heads


def run(connection: Connection, sql: str, *values: object) -> int:
    return connection.exec_driver_sql(sql, values).rowcount


def places(verdict: Verdict) -> list[tuple[str, int, int]]:
    return [(finding.kind, finding.row, finding.seal) for finding in verdict.findings]


def test_an_untouched_log_is_whole(connection: Connection) -> None:
    heads = chain(connection)
    fill(connection, 3)
    verdict = verify(connection, KEY, heads)
    assert verdict.good
    assert (verdict.rows, verdict.seals, verdict.unsealed) == (23, 4, 3)
    assert verify(connection, KEY, heads[:3]).good  # a crash between commit and the file's line


def test_an_empty_log_is_whole(connection: Connection) -> None:
    assert seal.seal(connection, KEY, AT.isoformat()) is None
    assert verify(connection, KEY, []) == Verdict(0, 0, 0, ())


@pytest.mark.parametrize("column", [name for name in audit.COLUMNS if name != "id"])
def test_a_change_of_any_column_is_found(connection: Connection, column: str) -> None:
    heads = chain(connection)
    for value in ("x", b"\x00\xff", 7):
        run(connection, f'UPDATE audit SET "{column}" = ? WHERE id = 7', value)
        assert places(verify(connection, KEY, heads)) == [("changed", 7, 2)]


@given(seals=st.integers(1, 4), rows=st.integers(1, 6), data=st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_changed_is_found_where_it_is(
    connection: Connection, seals: int, rows: int, data: st.DataObject
) -> None:
    inner = connection.begin_nested()
    try:
        before = connection.exec_driver_sql("SELECT coalesce(max(id), 0) FROM audit").scalar_one()
        heads = chain(connection, seals, rows)
        row = before + data.draw(st.integers(1, seals * rows))
        number = (row - before - 1) // rows + 1
        what = data.draw(st.sampled_from(["changed", "deleted", "inserted"]))
        if what == "changed":
            run(connection, "UPDATE audit SET what = what || ? WHERE id = ?", "!", row)
        else:
            run(connection, "DELETE FROM audit WHERE id = ?", row)
        if what == "inserted":  # another row in a place that was always empty
            connection.exec_driver_sql("DELETE FROM audit_seals")
            heads = [h for _ in range(2) if (h := seal.seal(connection, KEY, AT.isoformat()))]
            number = 1
            last = connection.exec_driver_sql("SELECT max(id) FROM audit").scalar() or 0
            if row > last:
                return
            columns = "at, person, instance, tenant, user, what, subject, digest, data, text_hash"
            run(
                connection,
                f"INSERT INTO audit (id, {columns}) SELECT ?, {columns} FROM audit LIMIT 1",
                row,
            )
        assert places(verify(connection, KEY, heads)) == [(what, row, number)]
    finally:
        inner.rollback()


def test_a_cut_off_end_is_found(connection: Connection) -> None:
    heads = chain(connection)
    run(connection, "DELETE FROM audit WHERE id > 10")
    run(connection, "DELETE FROM audit_seals WHERE number > 2")
    assert places(verify(connection, KEY, heads)) == [("truncated", 0, 3)]


def test_a_whole_log_sealed_anew_with_another_key_is_found(connection: Connection) -> None:
    heads = chain(connection)
    run(connection, "UPDATE audit SET what = 'nothing' WHERE id = 7")
    run(connection, "DELETE FROM audit_seals")
    forged = seal.seal(connection, bytes(32), AT.isoformat())
    assert forged is not None
    kinds = {finding.kind for finding in verify(connection, KEY, heads).findings}
    assert kinds == {"key", "heads", "truncated"}
    assert [f.kind for f in verify(connection, KEY, [forged]).findings] == ["key"]


def test_a_log_sealed_anew_with_the_right_key_is_found_by_the_file(connection: Connection) -> None:
    heads = chain(connection, seals=1)
    run(connection, "UPDATE audit SET what = 'nothing' WHERE id = 3")
    run(connection, "DELETE FROM audit_seals")
    seal.seal(connection, KEY, AT.isoformat())
    assert places(verify(connection, KEY, heads)) == [("heads", 0, 1)]
    assert places(verify(connection, KEY, [])) == [("heads", 0, 0)]


def test_one_forged_seal_is_found(connection: Connection) -> None:
    heads = chain(connection)
    run(connection, "UPDATE audit_seals SET mac = 'é' WHERE number = 3")
    assert places(verify(connection, KEY, heads)) == [("seal", 0, 3)]


@pytest.mark.parametrize("column", ["first", "last", "leaves", "previous", "head", "mac"])
@pytest.mark.parametrize("value", ["x", b"\x00", 3])
def test_a_damaged_seal_is_found_and_breaks_nothing(
    connection: Connection, column: str, value: object
) -> None:
    heads = chain(connection)
    run(connection, f"UPDATE audit_seals SET {column} = ? WHERE number = 2", value)
    verdict = verify(connection, KEY, heads)
    assert any(finding.seal in {2, 3} for finding in verdict.findings)


def test_a_missing_seal_is_found(connection: Connection) -> None:
    heads = chain(connection)
    run(connection, "DELETE FROM audit_seals WHERE number = 2")
    found = verify(connection, KEY, heads).findings
    assert ("seal", 2) in {(finding.kind, finding.seal) for finding in found}


def test_words_can_be_deleted_and_the_chain_still_holds(connection: Connection) -> None:
    heads = chain(connection)
    lines = [json.loads(line) for line in audit.export(connection)]
    assert lines[0]["text"] == "approve 0"
    assert lines[0]["data"] == {"revision": 0}
    assert (lines[0]["person"], lines[0]["tenant"], lines[0]["user"]) == ("alice", "acme", "@alice")
    assert audit.forget_words(connection, AT + timedelta(days=1)) == 20
    assert all(json.loads(line)["text"] is None for line in audit.export(connection))
    assert verify(connection, KEY, heads).good
    stored = b"".join(
        repr(tuple(row)).encode() for row in connection.exec_driver_sql("SELECT * FROM audit")
    )
    assert b"approve 0" not in stored


def test_the_same_words_have_different_hashes(connection: Connection) -> None:
    audit.record(connection, "message", at=AT, text="yes \ud800")
    audit.record(connection, "message", at=AT, text="yes \ud800", data={"odd": "\ud800"})
    one, two = (json.loads(line) for line in audit.export(connection))
    assert one["text"] == two["text"] == "yes \ufffd"
    assert one["text_hash"] != two["text_hash"]


def test_export_begins_where_it_is_told(connection: Connection) -> None:
    fill(connection, 5)
    lines = list(audit.export(connection, AT + timedelta(seconds=3)))
    assert [json.loads(line)["subject"] for line in lines] == ["plan 3", "plan 4"]


async def test_the_sealer_seals_in_batches_and_writes_the_heads_down(
    store: Store, tmp_path: Path
) -> None:
    keys, heads = tmp_path / "keys", tmp_path / "heads.log"
    sealer = Sealer(store, keys, heads)
    assert await sealer.seal() == 0
    await store.write(lambda c: fill(c, seal.BATCH + 5))
    assert await sealer.seal() == 2
    assert await sealer.seal() == 0
    assert [head.number for head in read_heads(heads)] == [1, 2]
    key = seal.read_key(keys)
    assert (await store.read(lambda c: verify(c, key, read_heads(heads)))).good
    heads.write_text(heads.read_text()[:-10])  # a crash in the middle of the last line
    assert [head.number for head in read_heads(heads)] == [1]
    await store.write(lambda c: fill(c, 1))
    assert await sealer.seal() == 1
    assert [head.number for head in read_heads(heads)] == [1, 2, 3]
    assert (await store.read(lambda c: verify(c, key, read_heads(heads)))).good


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "keys"
    key = seal.key(folder)
    assert len(key) == 32
    assert seal.key(folder) == seal.read_key(folder) == key
    assert [each.name for each in folder.iterdir()] == ["audit.key"]
    assert stat.S_IMODE((folder / "audit.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"abcd", b"\xff" * 64, None])
def test_a_broken_key_is_named_and_not_replaced(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "audit.key").write_bytes(content)
        with pytest.raises(StoreError, match="backup"):
            seal.key(tmp_path)
    with pytest.raises(StoreError, match="backup"):
        seal.read_key(tmp_path)


@pytest.mark.parametrize("content", [b"nonsense\n", b"\xff\n", b"1 2 3\n"])
async def test_a_damaged_heads_file_is_named(store: Store, tmp_path: Path, content: bytes) -> None:
    heads = tmp_path / "heads.log"
    heads.write_bytes(content)
    with pytest.raises(StoreError, match="heads file"):
        read_heads(heads)
    await store.write(lambda c: fill(c, 1))
    with pytest.raises(StoreError, match="heads file"):
        await Sealer(store, tmp_path / "keys", heads).seal()
    assert heads.read_bytes() == content
    assert os.listdir(tmp_path / "keys") == ["audit.key"]
