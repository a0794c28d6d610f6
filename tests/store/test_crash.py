"""kill -9 in the middle of many writes, a disk that is full, a file that may not be written: real processes, real files."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bot.store.migrate import prepare

PREAMBLE = """
import asyncio, os, resource, sys
from datetime import UTC, datetime
from bot.clock import SystemClock
from bot.model.errors import StoreError
from bot.model.events import Message
from bot.model.people import Account, Conversation
from bot.model.reports import Paragraph, Report
from bot.store import audit, inbox, outbox
from bot.store.writer import Store

AT = datetime(2026, 11, 20, tzinfo=UTC)
TALK = Conversation("console", "room", "t1")
ALICE = Account("console", "alice")

def work(name):
    def write(connection):
        message = Message(name, TALK, ALICE, "words " * 50, AT)
        received = inbox.accept(connection, "console", [message], name, AT)
        for each in received:
            inbox.begin(connection, each.id)
            audit.record(connection, "answered", at=AT, subject=name, text="words")
            outbox.post(connection, name, TALK, Report("answer", (Paragraph(name),)), at=AT)
            inbox.done(connection, each.id)
    return write
"""

MANY = """
lanes = int(sys.argv[2])

async def one(store, lane):
    for number in range(100000):
        name = f"{lane}/{number}"
        await (store.write(work(name)) if lanes > 1 else store.begin([work(name)], here=True).future)
        print(name, flush=True)

async def main():
    async with Store(sys.argv[1], SystemClock()) as store:
        async with asyncio.TaskGroup() as group:
            for lane in range(lanes):
                group.create_task(one(store, lane))

asyncio.run(main())
"""


def names(direct: sqlite3.Connection, sql: str) -> set[str]:
    return {row[0] for row in direct.execute(sql)}


@pytest.mark.parametrize(("lanes", "seed"), [*((20, each) for each in range(5)), (1, 5), (1, 6)])
def test_what_was_acknowledged_is_there_and_nothing_is_half(
    url: str, path: Path, lanes: int, seed: int
) -> None:
    """Written by many together, or by one alone, at once."""
    enough = random.Random(seed).randint(1, 700)
    process = subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + MANY, url, str(lanes)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    acknowledged = [process.stdout.readline().strip() for _ in range(enough)]
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read().split("\n")
    acknowledged += rest[:-1]  # the last may be cut off
    process.wait()
    process.stdout.close()
    assert prepare(url) is False
    direct = sqlite3.connect(path)
    stored = names(direct, "SELECT platform_id FROM inbox WHERE state = 'done'")
    assert set(acknowledged) <= stored
    assert len(acknowledged) >= enough
    for sql in (
        "SELECT platform_id FROM inbox",
        "SELECT subject FROM audit JOIN audit_texts USING (id)",
        'SELECT "key" FROM outbox',
    ):
        assert names(direct, sql) == stored
    assert direct.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    cursor = direct.execute("SELECT position FROM cursors").fetchone()[0]
    assert cursor in stored
    direct.close()


FULL = """
async def main():
    async with Store(sys.argv[1], SystemClock()) as store:
        await store.write(work("before"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
        told = 0
        for number in range(10000):
            try:
                await store.write(work(f"during {number}"))
            except StoreError as error:
                assert not store.healthy
                print("refused", error)
                break
            told += 1
        assert told, "the limit was lower than what there was"
        names = await store.read(lambda c: [r[0] for r in c.exec_driver_sql("SELECT platform_id FROM inbox ORDER BY id")])
        assert names == ["before", *(f"during {number}" for number in range(told))], names
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await store.write(work("after"))
        assert store.healthy
        print("again")

asyncio.run(main())
"""


def test_a_file_that_cannot_grow_refuses_loses_nothing_and_goes_on(url: str, path: Path) -> None:
    limit = str(path.stat().st_size + 400_000)
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + FULL, url, limit],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.stdout.splitlines()[-1:] == ["again"], done.stderr
    assert done.stdout.startswith("refused The disk")
    direct = sqlite3.connect(path)
    assert direct.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    stored = names(direct, "SELECT platform_id FROM inbox")
    assert {"before", "after"} <= stored
    direct.close()


READ_ONLY = """
async def main():
    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    try:
        async with Store(sys.argv[1], SystemClock()) as store:
            await store.write(work("during"))
    except StoreError as error:
        print(error)

asyncio.run(main())
"""


def test_a_file_that_may_not_be_written_is_named(url: str, path: Path) -> None:
    folders = [path.parent, *path.parent.parents]
    path.chmod(0o444)
    path.parent.chmod(0o555)
    opened = [each for each in folders if each.stat().st_uid == os.geteuid() and each != Path("/")]
    before = {each: each.stat().st_mode for each in opened}
    for each in opened[1:]:
        if each.is_relative_to("/tmp") and each != Path("/tmp"):
            each.chmod(0o755)
    try:
        done = subprocess.run(
            [sys.executable, "-c", PREAMBLE + READ_ONLY, url],
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        for each, mode in before.items():
            each.chmod(mode)
        path.parent.chmod(0o755)
        path.chmod(0o644)
    assert "read-only" in done.stdout or "cannot be opened" in done.stdout, done.stderr
    direct = sqlite3.connect(path)
    assert names(direct, "SELECT platform_id FROM inbox") == set()
    direct.close()
