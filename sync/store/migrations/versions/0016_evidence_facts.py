"""Facts of code hosts that verdicts rest on: numbers and bases of runs, tips, equal contents."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and create the tables."""
    op.add_column("pipeline_run", sa.Column("number", sa.Integer(), nullable=True))
    op.add_column("pipeline_run", sa.Column("base_sha", sa.Text(), nullable=True))
    op.add_column("pipeline_run", sa.Column("base_known", sa.Text(), nullable=True))
    op.create_table(
        "branch_tip",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_branch_tip_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "scope_id", "branch", "known_from", name=op.f("pk_branch_tip")
        ),
    )
    op.create_table(
        "tree_comparison",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("other_sha", sa.Text(), nullable=False),
        sa.Column("is_equal", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_tree_comparison_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "scope_id", "sha", "other_sha", name=op.f("pk_tree_comparison")
        ),
    )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
