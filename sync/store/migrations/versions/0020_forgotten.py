"""People who are not to be known by name."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant, Json

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "forgotten",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("hashes", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_forgotten_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "account_id", name=op.f("pk_forgotten")),
    )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
