"""Rate budgets per server and token, with pauses; when tokens end."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Budgets hold for an hour at most: those of connections are dropped, not converted."""
    op.add_column("connection", sa.Column("budget_key", sa.Text(), nullable=True))
    op.add_column("connection", sa.Column("token_expires_at", Instant(), nullable=True))
    op.drop_table("rate_budget")
    op.create_table(
        "rate_budget",
        sa.Column("budget_key", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("limit_count", sa.Integer(), nullable=True),
        sa.Column("remaining", sa.Integer(), nullable=True),
        sa.Column("reset_at", Instant(), nullable=True),
        sa.Column("observed_at", Instant(), nullable=False),
        sa.Column("paused_until", Instant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("budget_key", "bucket", name=op.f("pk_rate_budget")),
    )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
