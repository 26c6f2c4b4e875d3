"""What flow and work are measured by."""

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
