"""Who gets which report when, and what a person said beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep a mail that did not leave."""
    op.add_column("outbox", sa.Column("raw", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
