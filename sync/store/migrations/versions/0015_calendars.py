"""Working calendars as they were configured when, and why a finding is held back."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of calendar rules; findings get the reason of their suppression."""
    op.create_table(
        "calendar_rule",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.Column("work_days", sa.Text(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("team", "place", "known_from", name=op.f("pk_calendar_rule")),
    )
    op.add_column("finding", sa.Column("suppressed_reason", sa.Text(), nullable=True))
    op.add_column("finding_past", sa.Column("suppressed_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
