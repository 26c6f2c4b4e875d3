"""Who gets which report when, and what a person said beside it."""

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
