"""Parts of program milestones on both clocks, rules of teams, and who came to a parent or left it."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant, Json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_PART = ("name", "connection_id", "milestone_kind", "milestone_id", "valid_from")


def upgrade() -> None:
    """Parts keep what was said of them; they were known since they were told."""
    held = sa.table(
        "milestone_part",
        *(sa.column(name) for name in _PART[:4]),
        sa.column("valid_from", Instant()),
        sa.column("valid_to", Instant()),
        sa.column("author"),
        sa.column("created_at", Instant()),
    )
    rows = [row._asdict() for row in op.get_bind().execute(sa.select(held))]
    op.drop_table("milestone_part")
    fresh = op.create_table(
        "milestone_part",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("milestone_kind", sa.Text(), nullable=False),
        sa.Column("milestone_id", sa.Text(), nullable=False),
        sa.Column("valid_from", Instant(), nullable=False),
        sa.Column("valid_to", Instant(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_milestone_part_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(*_PART, "known_from", name=op.f("pk_milestone_part")),
    )
    op.create_index(
        op.f("ix_milestone_part_connection_id_milestone_kind_milestone_id"),
        "milestone_part",
        ["connection_id", "milestone_kind", "milestone_id"],
        unique=False,
    )
    if rows:
        op.bulk_insert(fresh, [row for one in rows for row in _versions(one)])
    op.create_table(
        "team_rule",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("team_field", sa.Text(), nullable=True),
        sa.Column("project", sa.Text(), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_team_rule_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("connection_id", "place", "known_from", name=op.f("pk_team_rule")),
    )
    op.add_column("work_item", sa.Column("raw_teams", Json, nullable=True))
    for side in ("old", "new"):
        op.create_index(
            f"ix_field_event_parent_{side}",
            "field_event",
            ["connection_id", f"{side}_ids"],
            sqlite_where=sa.text("field = 'parent'"),
            postgresql_where=sa.text("field = 'parent'"),
        )


def _versions(row: dict[str, object]) -> list[dict[str, object]]:
    """A part that ended was known as one without end until then."""
    told, ended = row.pop("created_at"), row["valid_to"]
    if ended is None:
        return [{**row, "known_from": told, "known_to": None}]
    return [
        {**row, "valid_to": None, "known_from": told, "known_to": ended},
        {**row, "known_from": ended, "known_to": None},
    ]


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
