"""What another version stored, or a damaged disk: nothing goes on in silence beside a plan or a request that nobody can read."""

import asyncio
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot import app, config
from bot.model.errors import UnreadableError
from tests.acceptance.conftest import PARLEY, PATIENCE, Bot
from tests.loops.test_hearing import Heard, asked

CREATE = "@infra create a site called hello"


def starts(configuration: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PARLEY, "-c", configuration, "chat", "--json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(
    ("what", "damage"),
    [
        ("Plan", "UPDATE plans SET document = '{}'"),
        ("Question", "UPDATE questions SET document = '{}'"),
        ("Message", "UPDATE inbox SET event = '{}', state = 'waiting' WHERE id = 1"),
    ],
)
def test_a_start_that_cannot_read_what_is_open_ends_with_the_mend(
    configure: Callable[..., Path],
    bots: Callable[[Path], Bot],
    tmp_path: Path,
    what: str,
    damage: str,
) -> None:
    configuration = configure()
    bot = bots(configuration)
    bot.hears(CREATE)
    bot.says("plan")
    bot.hears("@infra create a site", thread="t2")
    bot.says("question")
    bot.end()
    with sqlite3.connect(tmp_path / "data" / "parley.db") as base:
        assert base.execute(damage).rowcount == 1
    base.close()
    ended = starts(configuration)
    assert ended.returncode == 1
    assert f"parley: A stored {what} cannot be read" in ended.stderr
    assert "Run the version that stored it" in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_no_chat_listens_beside_a_card_that_cannot_be_read(tmp_path: Path) -> None:
    """`parley run` shows no cards at its start: whoever listens looks for what was put on them meanwhile."""
    table: dict[str, Any] = {"bot": {"data": str(tmp_path / "data")}, "chat": {"console": {}}}
    configuration = config.build(table, None, tmp_path)
    async with app.open_house(configuration) as house, asyncio.timeout(PATIENCE):
        await house.store.write(_unreadable)
        chat = Heard([[asked("m1")]], wanted=1)
        with pytest.raises(ExceptionGroup) as ended:
            await app.serve(house, configuration, {"console": chat}, asyncio.Event())
    assert ended.group_contains(UnreadableError, match="A stored Plan cannot be read")
    assert chat.cursors == []


def _unreadable(connection: Any) -> None:
    columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(plans)")]
    given = dict.fromkeys(columns, "")
    given |= {"id": "p1", "revision": 1, "state": "pending", "document": b"{}", "request": b"{}"}
    given |= {"approval": "pending", "quiet": 0, "version": 1, "shown": 1, "superseded_by": None}
    names = ", ".join(f'"{name}"' for name in given)
    marks = ", ".join("?" * len(given))
    connection.exec_driver_sql(
        f"INSERT INTO plans ({names}) VALUES ({marks})", tuple(given.values())
    )
