"""Tables of code hosting."""

import sqlalchemy as sa
from alembic import op

from sync.store.types import Instant, Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them; no row that is there changes."""
    op.add_column("connection", sa.Column("lookups_hash", sa.Text(), nullable=True))
    op.create_table(
        "change_commit",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("change_request_id", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_change_commit_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "change_request_id", "sha", "known_from", name=op.f("pk_change_commit")
        ),
    )
    op.create_index(
        op.f("ix_change_commit_connection_id_sha"),
        "change_commit",
        ["connection_id", "sha"],
        unique=False,
    )

    op.create_table(
        "change_file",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("change_request_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("additions", sa.Integer(), nullable=True),
        sa.Column("deletions", sa.Integer(), nullable=True),
        sa.Column("old_path", sa.Text(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_change_file_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "change_request_id", "path", "known_from", name=op.f("pk_change_file")
        ),
    )
    op.create_table(
        "change_link",
        sa.Column("from_connection_id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Text(), nullable=False),
        sa.Column("to_connection_id", sa.Integer(), nullable=False),
        sa.Column("to_kind", sa.Text(), nullable=False),
        sa.Column("to_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("ambiguous", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_connection_id"],
            ["connection.id"],
            name=op.f("fk_change_link_from_connection_id_connection"),
        ),
        sa.ForeignKeyConstraint(
            ["to_connection_id"],
            ["connection.id"],
            name=op.f("fk_change_link_to_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "from_connection_id",
            "from_id",
            "to_connection_id",
            "to_kind",
            "to_id",
            "kind",
            "method",
            "first_seen_at",
            name=op.f("pk_change_link"),
        ),
    )
    op.create_index(
        op.f("ix_change_link_to_connection_id_to_kind_to_id"),
        "change_link",
        ["to_connection_id", "to_kind", "to_id"],
        unique=False,
    )

    op.create_table(
        "change_part",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("change_request_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_change_part_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "change_request_id", "part", "known_from", name=op.f("pk_change_part")
        ),
    )
    op.create_table(
        "change_request",
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
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_change_request_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "source_id", name=op.f("pk_change_request")),
    )
    op.create_index(
        op.f("ix_change_request_connection_id_head_sha"),
        "change_request",
        ["connection_id", "head_sha"],
        unique=False,
    )
    op.create_index(
        op.f("ix_change_request_connection_id_landed_sha"),
        "change_request",
        ["connection_id", "landed_sha"],
        unique=False,
    )
    op.create_index(
        op.f("ix_change_request_connection_id_scope_id_state"),
        "change_request",
        ["connection_id", "scope_id", "state"],
        unique=False,
    )
    op.create_index(op.f("ix_change_request_key"), "change_request", ["key"], unique=False)

    op.create_table(
        "change_request_key",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("change_request_id", sa.Text(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_change_request_key_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "key", "change_request_id", name=op.f("pk_change_request_key")
        ),
    )
    op.create_table(
        "check_result",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("raw_status", sa.Text(), nullable=True),
        sa.Column("raw_conclusion", sa.Text(), nullable=True),
        sa.Column("app", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("allow_failure", sa.Boolean(), nullable=False),
        sa.Column("is_superseded", sa.Boolean(), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=True),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("tests_total", sa.Integer(), nullable=True),
        sa.Column("tests_failed", sa.Integer(), nullable=True),
        sa.Column("tests_skipped", sa.Integer(), nullable=True),
        sa.Column("coverage", sa.Float(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_check_result_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "source", "source_id", "known_from", name=op.f("pk_check_result")
        ),
    )
    op.create_index(
        "ix_check_result_name",
        "check_result",
        ["connection_id", "scope_id", "name"],
        unique=False,
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )
    op.create_index(
        "ix_check_result_run",
        "check_result",
        ["connection_id", "run_id"],
        unique=False,
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )
    op.create_index(
        "ix_check_result_sha",
        "check_result",
        ["connection_id", "sha"],
        unique=False,
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )

    op.create_table(
        "checks_state",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_checks_state_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "scope_id",
            "subject_kind",
            "subject_id",
            "source",
            "known_from",
            name=op.f("pk_checks_state"),
        ),
    )
    op.create_index(
        "ix_checks_state_subject",
        "checks_state",
        ["connection_id", "subject_id"],
        unique=False,
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )

    op.create_table(
        "code_commit",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=False),
        sa.Column("tree", sa.Text(), nullable=True),
        sa.Column("parents", Json, nullable=True),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("authored_at", Instant(), nullable=True),
        sa.Column("committed_at", Instant(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_code_commit_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "scope_id", "sha", name=op.f("pk_code_commit")),
    )
    op.create_index(
        op.f("ix_code_commit_connection_id_scope_id_tree"),
        "code_commit",
        ["connection_id", "scope_id", "tree"],
        unique=False,
    )
    op.create_index(
        op.f("ix_code_commit_connection_id_sha"),
        "code_commit",
        ["connection_id", "sha"],
        unique=False,
    )

    op.create_table(
        "deployment",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("raw_state", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_deployment_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "source_id", name=op.f("pk_deployment")),
    )
    op.create_index(
        op.f("ix_deployment_connection_id_scope_id_sha"),
        "deployment",
        ["connection_id", "scope_id", "sha"],
        unique=False,
    )

    op.create_table(
        "milestone_part",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("milestone_kind", sa.Text(), nullable=False),
        sa.Column("milestone_id", sa.Text(), nullable=False),
        sa.Column("valid_from", Instant(), nullable=False),
        sa.Column("valid_to", Instant(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_milestone_part_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "name",
            "connection_id",
            "milestone_kind",
            "milestone_id",
            "valid_from",
            name=op.f("pk_milestone_part"),
        ),
    )
    op.create_index(
        op.f("ix_milestone_part_connection_id_milestone_kind_milestone_id"),
        "milestone_part",
        ["connection_id", "milestone_kind", "milestone_id"],
        unique=False,
    )

    op.create_table(
        "pipeline_run",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("raw_event", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("sha", sa.Text(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("raw_status", sa.Text(), nullable=True),
        sa.Column("raw_conclusion", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=True),
        sa.Column("change_numbers", Json, nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("tests_total", sa.Integer(), nullable=True),
        sa.Column("tests_failed", sa.Integer(), nullable=True),
        sa.Column("tests_skipped", sa.Integer(), nullable=True),
        sa.Column("coverage", sa.Float(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_pipeline_run_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "source_id", "attempt", name=op.f("pk_pipeline_run")
        ),
    )
    op.create_index(
        op.f("ix_pipeline_run_connection_id_scope_id_sha"),
        "pipeline_run",
        ["connection_id", "scope_id", "sha"],
        unique=False,
    )

    op.create_table(
        "push_event",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("change_request_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("is_force", sa.Boolean(), nullable=False),
        sa.Column("before_sha", sa.Text(), nullable=True),
        sa.Column("after_sha", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_push_event_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "change_request_id",
            "source_id",
            "known_from",
            name=op.f("pk_push_event"),
        ),
    )
    op.create_table(
        "reference",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("change_request_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=True),
        sa.Column("span", sa.Text(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_reference_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "change_request_id",
            "source",
            "kind",
            "target",
            "known_from",
            name=op.f("pk_reference"),
        ),
    )
    op.create_table(
        "release",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("sha", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("release_id", sa.Text(), nullable=True),
        sa.Column("is_draft", sa.Boolean(), nullable=False),
        sa.Column("is_prerelease", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("gone_reason", sa.Text(), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_release_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint("connection_id", "scope_id", "source_id", name=op.f("pk_release")),
    )
    op.create_table(
        "required_check",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_required_check_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "scope_id",
            "branch",
            "name",
            "known_from",
            name=op.f("pk_required_check"),
        ),
    )
    op.create_table(
        "review",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("change_request_id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("reviewer_id", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("raw_verdict", sa.Text(), nullable=False),
        sa.Column("commit_sha", sa.Text(), nullable=True),
        sa.Column("at", Instant(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_review_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "change_request_id", "source_id", "known_from", name=op.f("pk_review")
        ),
    )
    op.create_table(
        "test_check",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_test_check_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "scope_id", "name", "known_from", name=op.f("pk_test_check")
        ),
    )
    op.create_table(
        "verdict",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("change_request_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("landed_sha", sa.Text(), nullable=True),
        sa.Column("grades", Json, nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("marks", Json, nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_verdict_connection_id_connection")
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "change_request_id", "known_from", name=op.f("pk_verdict")
        ),
    )
    op.create_table(
        "person_account",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("known_from", Instant(), nullable=False),
        sa.Column("known_to", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_person_account_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "account_id", "known_from", name=op.f("pk_person_account")
        ),
    )
    op.create_table(
        "raw_dictionary",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("dictionary_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("dictionary", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_raw_dictionary_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "stream", "dictionary_id", name=op.f("pk_raw_dictionary")
        ),
    )


def downgrade() -> None:
    """Not offered: a store is restored from its backup."""
    raise NotImplementedError
