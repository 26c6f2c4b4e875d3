"""Growth that was agreed to, and changes of many items that were confirmed."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "scope_agreement",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("milestone_kind", sa.Text(), nullable=False),
        sa.Column("milestone_id", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("agreed_at", Instant(), nullable=False),
        sa.Column("agreed_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_scope_agreement_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "milestone_kind",
            "milestone_id",
            "subject_kind",
            "subject",
            "recorded_at",
            name=op.f("pk_scope_agreement"),
        ),
    )
    op.create_table(
        "mass_edit_confirmation",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("milestone_kind", sa.Text(), nullable=False),
        sa.Column("milestone_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_mass_edit_confirmation_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "milestone_kind",
            "milestone_id",
            "field",
            "first_at",
            "last_at",
            name=op.f("pk_mass_edit_confirmation"),
        ),
    )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
