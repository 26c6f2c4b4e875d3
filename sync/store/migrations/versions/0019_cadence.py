"""Who gets which report when, and what a person said beside it."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep what a person said to a report, and a mail that did not leave."""
    op.add_column("outbox", sa.Column("raw", sa.LargeBinary(), nullable=True))
    op.create_table(
        "report_approval",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "reconcile_run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["reconcile_run_id"],
            ["reconcile_run.id"],
            name=op.f("fk_report_approval_reconcile_run_id_reconcile_run"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_approval")),
    )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
