"""What the steps of a run have put out (`outputs`), for the steps that need it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables = sa.MetaData()
    sa.Table(
        "outputs",
        tables,
        sa.Column("number", sa.Integer(), primary_key=True, nullable=False),
        sa.Column("run", sa.String(), nullable=False, index=True),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("attempt", "name", "type", "value", "fault")
        ),
    )
    tables.create_all(op.get_bind(), checkfirst=False)
