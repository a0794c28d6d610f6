"""What was said in a thread (`turns`), what models have cost (`spending`), and what is being looked into (`investigations`)."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    tables = sa.MetaData()
    sa.Table(
        "turns",
        tables,
        _number(),
        *(_text(name) for name in ("instance", "room", "thread", "role", "person", "text")),
        sa.Column("at", sa.String(), nullable=False, index=True),
        sa.Index("turns_thread", "instance", "room", "thread"),
    )
    sa.Table(
        "spending",
        tables,
        _number(),
        *(_text(name) for name in ("at", "person", "instance", "room")),
        sa.Column("plan", sa.String(), nullable=False, index=True),
        *(_text(name) for name in ("provider", "model")),
        *(_count(name) for name in ("questions", "tokens")),
        sa.Column("micros", sa.Integer()),
        _count("milliseconds"),
        _text("note"),
        sa.Index("spending_day", "at", "person"),
    )
    sa.Table(
        "investigations",
        tables,
        sa.Column("id", sa.String(), primary_key=True, nullable=False),
        sa.Column("state", sa.String(), nullable=False, index=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.String(), nullable=False),
        sa.Column("ended_at", sa.String()),
    )
    tables.create_all(op.get_bind(), checkfirst=False)


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer(), primary_key=True, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)
