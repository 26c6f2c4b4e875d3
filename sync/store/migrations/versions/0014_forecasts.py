"""Forecasts, and what came of them."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant, Json

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "forecast",
        sa.Column("connection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("milestone_kind", sa.Text(), nullable=False),
        sa.Column("milestone_id", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("inputs", Json, nullable=False),
        sa.Column("parameters", Json, nullable=False),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("open_items", sa.Integer(), nullable=False),
        sa.Column("p50", sa.Date(), nullable=True),
        sa.Column("p70", sa.Date(), nullable=True),
        sa.Column("p85", sa.Date(), nullable=True),
        sa.Column("p95", sa.Date(), nullable=True),
        sa.Column("p_on_time", sa.Float(), nullable=True),
        sa.Column("abstained", sa.Text(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("leftovers", sa.Integer(), nullable=True),
        sa.Column("on_time", sa.Boolean(), nullable=True),
        sa.Column("actual_days", sa.Integer(), nullable=True),
        sa.Column("brier", sa.Float(), nullable=True),
        sa.Column("pinball_50", sa.Float(), nullable=True),
        sa.Column("pinball_85", sa.Float(), nullable=True),
        sa.Column("scored_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "milestone_kind",
            "milestone_id",
            "as_of",
            "known_from",
            name=op.f("pk_forecast"),
        ),
    )
    op.create_table(
        "backtest_result",
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("model_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("dates_proven", sa.Boolean(), nullable=False),
        sa.Column("probability_proven", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.PrimaryKeyConstraint("made_at", name=op.f("pk_backtest_result")),
    )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
