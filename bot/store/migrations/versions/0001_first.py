"""The first tables.

Made from the metadata, because no released Parley has a database: there is nothing older to describe. The change that
adds revision 0002 first writes these tables out here as they were (`alembic` renders them), so that 0002 finds what it expects.
"""

from alembic import op

from bot.store.schema import METADATA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    METADATA.create_all(op.get_bind())
