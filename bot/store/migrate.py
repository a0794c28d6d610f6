"""The database to this version. `parley run`, `parley chat` and `parley migrate` call `migrate` before they open a Store.

A look at one row decides; Alembic (0.3 s) is imported only for a database of an older version. A new one is made from
the metadata at once.
"""

import asyncio
from pathlib import Path

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import SQLAlchemyError

from bot.model.errors import StoreError
from bot.store import sqlite
from bot.store.schema import METADATA, VERSION

MIGRATIONS = Path(__file__).parent / "migrations"


async def migrate(url: str) -> bool:
    """`prepare`, in a thread."""
    return await asyncio.to_thread(prepare, url)


def prepare(url: str) -> bool:
    """Bring the database to `schema.VERSION`, making it and its folder when missing; whether anything was done.

    Raises StoreError when it cannot be used or was made by a newer Parley, ConfigurationError for a URL it cannot use.
    Nothing of a migration that fails is kept."""
    path = sqlite.path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and _looked(url) == VERSION:
            return False
        with sqlite.engine(url, write=True).connect() as connection, connection.begin():
            return bring(connection)
    except SQLAlchemyError as error:
        raise sqlite.named(error) from error
    except OSError as error:
        raise StoreError(
            f"The data folder {path.parent} cannot be used: {error.strerror}.",
            "Give the bot's user write access, or set [store] url.",
        ) from error


def version(connection: Connection) -> str | None:
    """The stored version; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql(
        "SELECT version_num FROM alembic_version"
    ).scalar()
    return found


def _looked(url: str) -> str | None:
    with sqlite.engine(url, write=False).connect() as connection:
        return version(connection)


def bring(connection: Connection) -> bool:
    """`prepare` in the caller's transaction, which is the lock: whoever waited for it may find everything done."""
    found = version(connection)
    if found == VERSION:
        return False
    if found is None:
        METADATA.create_all(connection)
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (VERSION,))
        return True
    if found > VERSION:
        raise StoreError(
            f"The database has version {found}, and this Parley knows up to {VERSION}.",
            "Install the newer Parley again, or restore a backup.",
        )
    upgrade(connection)
    return True


def upgrade(connection: Connection) -> None:
    """Run every migration that is missing, in the caller's transaction."""
    # Alembic is heavy, and hardly ever needed.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
