"""Alembic's entry: `bot.store.migrate.upgrade` hands in a connection with its transaction already begun."""

from alembic import context

from bot.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite changes a table only by making it anew
    transactional_ddl=False,  # the caller's transaction is the only one
)
context.run_migrations()
