"""What people answer to findings."""

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
