"""What verdicts and exemptions rest on."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant, Json

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns beside each verdict, and the rules that exempt changes."""
    op.add_column(
        "verdict", sa.Column("subject", sa.Text(), nullable=False, server_default="change")
    )
    op.add_column("verdict", sa.Column("scope_id", sa.Text(), nullable=True))
    op.add_column("verdict", sa.Column("landed_at", Instant(), nullable=True))
    op.add_column("verdict", sa.Column("checks", Json, nullable=True))
    for name in ("weakest", "weakest_grade", "proof_url"):
        op.add_column("verdict", sa.Column(name, sa.Text(), nullable=True))
    for name in ("gated", "reviewed", "depth", "exempt_rule"):
        op.add_column("verdict", sa.Column(name, sa.Text(), nullable=True))
    op.create_index(
        op.f("ix_verdict_connection_id_scope_id"), "verdict", ["connection_id", "scope_id"]
    )
    op.create_table(
        "exemption_rule",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("name", "known_from", name=op.f("pk_exemption_rule")),
    )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
