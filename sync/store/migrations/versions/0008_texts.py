"""What descriptions said: hashes and counts, version by version."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant, Json

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "item_text",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("work_item_id", sa.Text(), nullable=False),
        sa.Column("valid_from", Instant(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=True),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("acceptance", Json, nullable=True),
        sa.Column("lines", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_item_text_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "work_item_id",
            "valid_from",
            "known_from",
            name=op.f("pk_item_text"),
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
