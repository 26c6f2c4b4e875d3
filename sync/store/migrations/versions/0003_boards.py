"""Tables of boards whose fields say more of an issue than the issue does."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them; no row that is there changes."""
    op.create_table(
        "board_item",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("board_id", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_id", sa.Text(), nullable=True),
        sa.Column("content_scope_id", sa.Text(), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_board_item_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "source_id", name=op.f("pk_board_item")),
    )
    op.create_index(
        op.f("ix_board_item_connection_id_board_id"), "board_item", ["connection_id", "board_id"]
    )
    op.create_table(
        "board_value",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("board_item_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("valid_from", Instant(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.Column("valid_to", Instant(), nullable=True),
        sa.Column("from_exact", sa.Boolean(), nullable=False),
        sa.Column("board_id", sa.Text(), nullable=False),
        sa.Column("work_item_id", sa.Text(), nullable=False),
        sa.Column("field_id", sa.Text(), nullable=False),
        sa.Column("value_id", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("points", sa.Float(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_board_value_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "board_item_id",
            "field",
            "valid_from",
            "known_from",
            name=op.f("pk_board_value"),
        ),
    )
    op.create_index(
        op.f("ix_board_value_connection_id_board_id"), "board_value", ["connection_id", "board_id"]
    )
    op.create_index(
        op.f("ix_board_value_connection_id_work_item_id"),
        "board_value",
        ["connection_id", "work_item_id"],
    )
    op.create_table(
        "board_overlay",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("work_item_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("board_item_id", sa.Text(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.Column("board_id", sa.Text(), nullable=False),
        sa.Column("field_id", sa.Text(), nullable=False),
        sa.Column("value_id", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("original", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_board_overlay_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "work_item_id",
            "field",
            "board_item_id",
            "known_from",
            name=op.f("pk_board_overlay"),
        ),
    )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
