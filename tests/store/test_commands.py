"""`parley audit` and `parley migrate` from the command line, on a real data folder."""

import asyncio
import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cli import main
from bot.store import audit
from bot.store.migrate import prepare
from bot.store.ownership import Ownership
from bot.store.schema import VERSION
from bot.store.seal import Sealer
from bot.store.writer import Store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with no configuration: data is in `var`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "var"


@pytest.fixture
def log(folder: Path, clock) -> Path:
    """Three rows, sealed."""
    url = f"sqlite:///{folder / 'parley.db'}"
    prepare(url)

    async def fill() -> None:
        async with Store(url, clock) as store:
            for number in range(3):
                at = clock.now() + timedelta(hours=number)
                await store.write(
                    lambda c, at=at, number=number: audit.record(
                        c, "answered", at=at, subject=f"m{number}", text="wörds"
                    )
                )
            await Sealer(store, folder / "keys", folder / "audit-heads.log").seal()

    asyncio.run(fill())
    return folder / "parley.db"


def change(log: Path, sql: str) -> None:
    direct = sqlite3.connect(log)
    with direct:
        direct.execute(sql)
    direct.close()


def test_verify_says_that_the_log_is_whole(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify"]) == 0
    assert capsys.readouterr().out == (
        "The audit log is whole: 3 rows, 1 seals, 0 rows not sealed yet.\n"
    )
    assert main(["audit", "verify", "--json"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert line == {"good": True, "rows": 3, "seals": 1, "unsealed": 0, "findings": []}


def test_verify_names_the_row(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(log, "UPDATE audit SET person = 'mallory' WHERE id = 2")
    assert main(["audit", "verify"]) == 1
    assert capsys.readouterr().out.startswith("Row 2 was changed (seal 1, 2026-11-20T09:00:00")
    assert main(["--json", "audit", "verify"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["kind"], finding["row"], finding["seal"]) == ("changed", 2, 1)


def test_verify_without_its_key_is_an_error(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (log.parent / "keys" / "audit.key").unlink()
    assert main(["audit", "verify"]) == 1
    assert "key" in capsys.readouterr().err


def test_export_writes_json_lines(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "export"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["subject"] for line in lines] == ["m0", "m1", "m2"]
    assert lines[0]["text"] == "wörds"
    assert main(["audit", "export", "--since", "2026-11-20T10:30+01:00"]) == 0
    assert [json.loads(line)["subject"] for line in capsys.readouterr().out.splitlines()] == ["m2"]


def test_a_time_that_is_none_is_bad_usage(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["audit", "export", "--since", "yesterday"])
    assert ended.value.code == 2
    assert "'yesterday' is not a time" in capsys.readouterr().err


def test_without_a_database_the_mend_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "verify"]) == 1
    assert "parley migrate" in capsys.readouterr().err
    assert not folder.exists()


def test_migrate_makes_the_database_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"]) == 0
    assert main(["migrate", "--json"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"The database has version {VERSION} now."
    assert json.loads(second) == {"version": VERSION, "changed": False}
    assert main(["audit", "verify"]) == 0


def test_migrate_leaves_an_owned_folder_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Ownership(folder):
        assert main(["migrate"]) == 1
    assert "belongs to process" in capsys.readouterr().err
    assert not (folder / "parley.db").exists()
