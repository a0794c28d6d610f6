"""The schema: made once, the same by every way, never by two at a time."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select

from bot.model import plans as plan_model
from bot.model.approvals import Follow, Mark
from bot.model.errors import StoreError
from bot.model.people import Account
from bot.store import follows, marks, migrate, plan_rows, plans, runs, sqlite, votes
from bot.store.migrate import MIGRATIONS, bring, prepare, upgrade
from bot.store.plan_rows import Stored
from bot.store.schema import METADATA, MODULES, VERSION


def differences(url: str) -> list[object]:
    with sqlite.engine(url, write=True).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, METADATA))


def schema(url: str) -> set[tuple[str, str]]:
    with sqlite.engine(url, write=True).connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")
        return {(row[0], row[1]) for row in rows if not row[0].startswith("alembic")}


def test_a_new_database_is_what_the_tables_say(url: str) -> None:
    assert differences(url) == []


def test_the_migrations_lead_to_the_same(tmp_path: Path, url: str) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with sqlite.engine(other, write=True).connect() as connection:
        with connection.begin():
            upgrade(connection)
        with connection.begin():
            assert migrate.version(connection) == VERSION
    assert differences(other) == []
    assert schema(other) == schema(url)
    assert prepare(other) is False


def of_0001(path: Path) -> str:
    """A database as the first Parley left it, with a plan that waits, one that is done and a vote."""
    direct = sqlite3.connect(path)
    direct.executescript((Path(__file__).parent / "0001.sql").read_text(encoding="utf8"))
    direct.close()
    return f"sqlite:///{path}"


def test_the_first_database_is_brought_to_this_version_with_all_that_is_in_it(
    tmp_path: Path, url: str
) -> None:
    old = of_0001(tmp_path / "old.db")
    assert prepare(old) is True
    assert prepare(old) is False
    assert differences(old) == []
    assert schema(old) == schema(url)
    with sqlite.engine(old, write=True).connect() as connection, connection.begin():
        waiting, done = (plans.find_stored(connection, name)[0] for name in ("7f3a", "8c11"))
        assert (waiting.state, done.state) == ("pending", "done")
        assert plan_model.digest(document(connection, waiting)) == waiting.digest
        assert [vote.person for vote in votes.standing(connection, waiting.digest)] == ["bob"]
        run = runs.of_plan(connection, done.plan)
        assert run is not None
        assert run.state == "done"
        mark = Mark("hold", "bob", Account("console", "bob"), done.created_at, "click")
        assert marks.put(connection, waiting.plan.id, 1, mark)
        follow = Follow("undo", "another", "bob", done.created_at)
        follows.add(connection, done.plan.id, 1, follow)
        assert follows.newest(connection, done.plan.id, 1) == follow


def document(connection: Connection, stored: Stored) -> bytes:
    columns = plan_rows.TABLE.c
    found: bytes = connection.execute(
        select(columns.document).where(columns.id == stored.plan.id)
    ).scalar_one()
    return found


def test_0001_is_what_the_first_parley_made(tmp_path: Path) -> None:
    """The migration that is written out and the database that was really made agree to the letter."""
    url = f"sqlite:///{tmp_path / 'made.db'}"
    with sqlite.engine(url, write=True).connect() as connection, connection.begin():
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    assert schema(url) == schema(of_0001(tmp_path / "old.db"))


def test_a_migration_of_an_old_database_that_fails_leaves_it_as_it_was(tmp_path: Path) -> None:
    old = of_0001(tmp_path / "old.db")
    with sqlite.engine(old, write=True).connect() as connection, connection.begin():
        connection.exec_driver_sql("CREATE TABLE follows (n)")
    before = schema(old)
    with pytest.raises(StoreError):
        prepare(old)
    assert schema(old) == before
    with sqlite.engine(old, write=False).connect() as connection:
        assert migrate.version(connection) == "0001"


def test_the_version_is_the_newest_revision() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == VERSION


def test_every_module_with_a_table_is_known() -> None:
    folder = Path(migrate.__file__).parent
    tables = {each.stem for each in folder.glob("*.py") if "table=True" in each.read_text()}
    assert {module.__name__.rpartition(".")[2] for module in MODULES} == tables


def test_the_second_time_nothing_is_done_and_alembic_is_not_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from bot.store.migrate import prepare; "
        f"print([prepare('sqlite:///{tmp_path}/new/x.db') for _ in 'ab'], 'alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split("]")[0] == "[True, False"
    assert done.stdout.strip().endswith("False")


def test_a_newer_database_is_left_alone(url: str) -> None:
    engine = sqlite.engine(url, write=True)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="9999"):
        prepare(url)


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    with sqlite.engine(url, write=True).connect() as connection, connection.begin():
        connection.exec_driver_sql(
            "CREATE TABLE outbox_reference (n)"
        )  # an index of ours is called so
    before = schema(url)
    with pytest.raises(StoreError):
        prepare(url)
    assert schema(url) == before


def test_who_waited_for_the_lock_finds_everything_done(tmp_path: Path) -> None:
    engine = sqlite.engine(f"sqlite:///{tmp_path / 'x.db'}", write=True)
    answers = []
    for _ in range(2):
        with engine.connect() as connection, connection.begin():
            answers.append(bring(connection))
    assert answers == [True, False]


def test_two_at_once_make_one_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    code = f"from bot.store.migrate import prepare; print(prepare({url!r}))"
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=60)[0].strip() for process in both]
    assert sorted(answers) == ["False", "False", "True"]
    assert differences(url) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be used"):
        prepare(f"sqlite:///{tmp_path}/file/data/x.db")
