"""Absences told one by one, and the fence around what is read."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant, Json

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and a row for everything that is gone now."""
    op.create_table(
        "absence",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("entity_kind", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("to_key", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_absence_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "entity_kind", "entity_id", "known_from", name=op.f("pk_absence")
        ),
    )
    op.create_table(
        "scope_hold",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_kind", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("scope_key", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_scope_hold_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "scope_kind", "scope_id", "known_from", name=op.f("pk_scope_hold")
        ),
    )
    op.create_index(
        op.f("ix_scope_hold_connection_id_known_to"),
        "scope_hold",
        ["connection_id", "known_to"],
        unique=False,
    )
    op.create_table(
        "scope_fence",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("definition", Json, nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_scope_fence_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "known_from", name=op.f("pk_scope_fence")),
    )
    for kind, to_key in (("work_item", "gone_to"), ("change_request", "NULL")):
        op.execute(
            f"INSERT INTO absence (connection_id, entity_kind, entity_id, reason, to_key, "  # noqa: S608  # constants
            f"known_from) SELECT connection_id, '{kind}', source_id, gone_reason, {to_key}, "
            f"gone_at FROM {kind} WHERE gone_at IS NOT NULL"
        )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
