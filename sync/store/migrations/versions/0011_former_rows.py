"""Former rows of what is overwritten: what was known when stays readable."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant, Json

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and note since when rows are kept where something was read before."""
    op.create_table(
        "account_past",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("is_bot", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("known_to", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "source_id", "known_to", name=op.f("pk_account_past")
        ),
    )
    op.create_table(
        "change_request_past",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("raw_state", sa.Text(), nullable=False),
        sa.Column("is_draft", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("merged_at", Instant(), nullable=True),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("merged_by_id", sa.Text(), nullable=True),
        sa.Column("base_ref", sa.Text(), nullable=True),
        sa.Column("head_ref", sa.Text(), nullable=True),
        sa.Column("head_scope_id", sa.Text(), nullable=True),
        sa.Column("head_sha", sa.Text(), nullable=True),
        sa.Column("base_sha", sa.Text(), nullable=True),
        sa.Column("merge_sha", sa.Text(), nullable=True),
        sa.Column("landed_sha", sa.Text(), nullable=True),
        sa.Column("landed_tree", sa.Text(), nullable=True),
        sa.Column("head_tree", sa.Text(), nullable=True),
        sa.Column("base_sha_at_merge", sa.Text(), nullable=True),
        sa.Column("base_known", sa.Text(), nullable=True),
        sa.Column("merge_method", sa.Text(), nullable=False),
        sa.Column("additions", sa.Integer(), nullable=True),
        sa.Column("deletions", sa.Integer(), nullable=True),
        sa.Column("changed_files", sa.Integer(), nullable=True),
        sa.Column("labels", Json, nullable=False),
        sa.Column("milestones", Json, nullable=False),
        sa.Column("assignee_ids", Json, nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=True),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("known_to", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "source_id", "known_to", name=op.f("pk_change_request_past")
        ),
    )
    op.create_table(
        "connection_past",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("server_id", sa.Text(), nullable=True),
        sa.Column("server_name", sa.Text(), nullable=True),
        sa.Column("server_version", sa.Text(), nullable=True),
        sa.Column("deployment", sa.Text(), nullable=True),
        sa.Column("base_url", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("account_name", sa.Text(), nullable=True),
        sa.Column("account_time_zone", sa.Text(), nullable=True),
        sa.Column("mapping_version", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("lookups_hash", sa.Text(), nullable=True),
        sa.Column("budget_key", sa.Text(), nullable=True),
        sa.Column("token_expires_at", Instant(), nullable=True),
        sa.Column("known_to", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", "known_to", name=op.f("pk_connection_past")),
    )
    op.create_table(
        "data_issue_past",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("raw_value", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("known_to", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "kind", "subject", "field", "known_to", name=op.f("pk_data_issue_past")
        ),
    )
    op.create_table(
        "field_past",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("raw_type", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("known_to", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "source_id", "known_to", name=op.f("pk_field_past")
        ),
    )
    op.create_table(
        "milestone_past",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("raw_state", sa.Text(), nullable=True),
        sa.Column("scope_id", sa.Text(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("planned_start_at", Instant(), nullable=True),
        sa.Column("planned_end_at", Instant(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("known_to", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "kind", "source_id", "known_to", name=op.f("pk_milestone_past")
        ),
    )
    op.create_table(
        "scope_past",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("raw_type", sa.Text(), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("known_to", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "kind", "source_id", "known_to", name=op.f("pk_scope_past")
        ),
    )
    op.create_table(
        "status_past",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("raw_name", sa.Text(), nullable=False),
        sa.Column("raw_category", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("code_complete", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("known_to", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "source_id", "known_to", name=op.f("pk_status_past")
        ),
    )
    op.create_table(
        "work_item_past",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("item_type", sa.Text(), nullable=False),
        sa.Column("raw_type", sa.Text(), nullable=True),
        sa.Column("status_category", sa.Text(), nullable=False),
        sa.Column("raw_status", sa.Text(), nullable=True),
        sa.Column("raw_status_id", sa.Text(), nullable=True),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("code_complete", sa.Boolean(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("raw_priority", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("estimate_points", sa.Float(), nullable=True),
        sa.Column("estimate_seconds", sa.Integer(), nullable=True),
        sa.Column("estimate_field", sa.Text(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("assignee_id", sa.Text(), nullable=True),
        sa.Column("reporter_id", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("labels", Json, nullable=False),
        sa.Column("components", Json, nullable=False),
        sa.Column("milestones", Json, nullable=False),
        sa.Column("text_hash", sa.Text(), nullable=True),
        sa.Column("text_tokens", sa.Integer(), nullable=True),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=True),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.Column("history_state", sa.Text(), nullable=False),
        sa.Column("history_reason", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("gone_to", sa.Text(), nullable=True),
        sa.Column("raw_teams", Json, nullable=True),
        sa.Column("known_to", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "source_id", "known_to", name=op.f("pk_work_item_past")
        ),
    )
    op.create_table(
        "finding_past",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("connection_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("milestone_kind", sa.Text(), nullable=True),
        sa.Column("milestone_id", sa.Text(), nullable=True),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("magnitude", sa.Float(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("words", Json, nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.Column("evidence_hash", sa.Text(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.Column(
            "until_run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            autoincrement=False,
        ),
        sa.PrimaryKeyConstraint("fingerprint", "until_run_id", name=op.f("pk_finding_past")),
    )
    conn = op.get_bind()
    if conn.execute(sa.text("SELECT 1 FROM sync_run LIMIT 1")).scalar() is not None:
        # What was overwritten before is not known any more, and nobody may claim it is.
        conn.execute(
            sa.text("INSERT INTO store_info (name, value) VALUES ('rows_kept_since', :now)"),
            {"now": datetime.now(UTC).isoformat()},
        )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
