"""What people put on plans beside votes (`marks`: claims, holds, ratings), and which new plan grew out of which (`follows`)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables = sa.MetaData()
    words = (sa.Column(name, sa.String(), nullable=False) for name in _OF_MARKS)
    sa.Table(
        "marks",
        tables,
        _number(),
        sa.Column("plan", sa.String(), nullable=False),
        _revision(),
        *words,
        sa.Column("ended_at", sa.String()),
        sa.Index(
            *("marks_standing", "plan", "revision", "kind", "person"),
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
        ),
    )
    sa.Table(
        "follows",
        tables,
        _number(),
        sa.Column("plan", sa.String(), nullable=False, index=True),
        _revision(),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("next", sa.String(), nullable=False, unique=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
    )
    tables.create_all(op.get_bind(), checkfirst=False)


_OF_MARKS = ("kind", "person", "word", "way", "instance", "tenant", "user", "at")


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer(), primary_key=True, nullable=False)


def _revision() -> sa.Column[int]:
    return sa.Column("revision", sa.Integer(), nullable=False)
