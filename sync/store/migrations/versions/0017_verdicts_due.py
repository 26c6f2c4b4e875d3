"""Verdicts are brought up to date by what arrived, not from the start."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the queue of what arrived, and the list of what was judged."""
    op.create_table(
        "verdict_due",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_verdict_due_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict_due")),
    )
    op.create_table(
        "verdict_refresh",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("tests", sa.Text(), nullable=False),
        sa.Column("oldest", Instant(), nullable=True),
        sa.Column("whole_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_verdict_refresh_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "scope_id", name=op.f("pk_verdict_refresh")),
    )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
