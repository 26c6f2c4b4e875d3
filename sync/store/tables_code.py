"""The tables of code hosting: changes, reviews, commits, pipelines, checks, releases.

A set of children (the files of a change, the checks of a commit) is kept row by row with
`known_from` and `known_to`; whether the set was read is a row of `change_part` or `checks_state`.
No such row: never asked. What the sets rest on follows the rules of `schema`.
"""

from typing import Any

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table, Text, text

from sync.store.columns import connection_key, known, metadata, presence
from sync.store.types import Instant, Json


def _current(name: str, *columns: str) -> Index:
    """An index of what is known now."""
    return Index(
        name,
        "connection_id",
        *columns,
        sqlite_where=text("known_to IS NULL"),
        postgresql_where=text("known_to IS NULL"),
    )


def _tests() -> list[Column[Any]]:
    """How many tests ran, where that is told; coverage in percent."""
    return [
        Column("tests_total", Integer),
        Column("tests_failed", Integer),
        Column("tests_skipped", Integer),
        Column("coverage", Float),
    ]


change_request = Table(
    "change_request",
    metadata,
    connection_key(),
    Column("source_id", Text, primary_key=True),
    #: source id of the repository or project that it asks to change.
    Column("scope_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    #: one of `ChangeState`.
    Column("state", Text, nullable=False),
    Column("raw_state", Text, nullable=False),
    Column("is_draft", Boolean, nullable=False),
    Column("created_at", Instant),
    Column("updated_at", Instant),
    Column("closed_at", Instant),
    Column("merged_at", Instant),
    Column("author_id", Text),
    Column("merged_by_id", Text),
    Column("base_ref", Text),
    Column("head_ref", Text),
    Column("head_scope_id", Text),
    Column("head_sha", Text),
    #: tip of the base branch as the vendor names it now; not the base at merge.
    Column("base_sha", Text),
    Column("merge_sha", Text),
    #: what landed on the base branch.
    Column("landed_sha", Text),
    Column("landed_tree", Text),
    Column("head_tree", Text),
    #: first parent of what landed, and how it is known (`Origin`).
    Column("base_sha_at_merge", Text),
    Column("base_known", Text),
    Column("merge_method", Text, nullable=False),
    Column("additions", Integer),
    Column("deletions", Integer),
    Column("changed_files", Integer),
    Column("labels", Json, nullable=False),
    #: current memberships as the change states them: [[kind, milestone id], …].
    Column("milestones", Json, nullable=False),
    Column("assignee_ids", Json, nullable=False),
    Column("text_hash", Text),
    Column("restricted", Boolean, nullable=False),
    Column("url", Text),
    *presence(),
    Index(None, "connection_id", "scope_id", "state"),
    Index(None, "connection_id", "landed_sha"),
    Index(None, "connection_id", "head_sha"),
    Index(None, "key"),
)

#: Every key a change has or had; a former key stays an alias.
change_request_key = Table(
    "change_request_key",
    metadata,
    connection_key(),
    Column("key", Text, primary_key=True),
    Column("change_request_id", Text, primary_key=True),
    Column("first_seen_at", Instant, nullable=False),
)

#: Whether a set of children of a change was read: `files`, `reviews`, `commits`, `pushes`.
change_part = Table(
    "change_part",
    metadata,
    connection_key(),
    Column("change_request_id", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    #: one of `HistoryState`; `not_fetched`: the head moved and the set was not read since.
    Column("state", Text, nullable=False),
    Column("reason", Text),
    *known(),
)

change_file = Table(
    "change_file",
    metadata,
    connection_key(),
    Column("change_request_id", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    #: one of `FileChange`.
    Column("change", Text, nullable=False),
    Column("additions", Integer),
    Column("deletions", Integer),
    Column("old_path", Text),
    *known(),
)

review = Table(
    "review",
    metadata,
    connection_key(),
    Column("change_request_id", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("reviewer_id", Text),
    #: one of `ReviewVerdict`.
    Column("verdict", Text, nullable=False),
    Column("raw_verdict", Text, nullable=False),
    #: the commit it saw, where the vendor tells.
    Column("commit_sha", Text),
    Column("at", Instant),
    Column("url", Text),
    *known(),
)

#: A commit holds what it holds: nothing told is ever taken back, unknown columns may be filled.
code_commit = Table(
    "code_commit",
    metadata,
    connection_key(),
    Column("scope_id", Text, primary_key=True),
    Column("sha", Text, primary_key=True),
    Column("tree", Text),
    #: list of shas; NULL where nobody told.
    Column("parents", Json),
    Column("author_id", Text),
    #: first line of the message.
    Column("subject", Text),
    Column("authored_at", Instant),
    Column("committed_at", Instant),
    Column("first_seen_at", Instant, nullable=False),
    Index(None, "connection_id", "sha"),
    Index(None, "connection_id", "scope_id", "tree"),
)

change_commit = Table(
    "change_commit",
    metadata,
    connection_key(),
    Column("change_request_id", Text, primary_key=True),
    Column("sha", Text, primary_key=True),
    #: 0 for the oldest.
    Column("position", Integer, nullable=False),
    *known(),
    Index(None, "connection_id", "sha"),
)

push_event = Table(
    "push_event",
    metadata,
    connection_key(),
    Column("change_request_id", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("is_force", Boolean, nullable=False),
    Column("before_sha", Text),
    Column("after_sha", Text),
    Column("actor_id", Text),
    *known(),
)

#: What texts, branches and the vendor say that a change belongs to, as written.
reference = Table(
    "reference",
    metadata,
    connection_key(),
    Column("change_request_id", Text, primary_key=True),
    #: one of `RefSource`.
    Column("source", Text, primary_key=True),
    #: one of `RefKind`.
    Column("kind", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("scope_id", Text, nullable=False),
    #: immutable id of what it names, where the vendor declares it.
    Column("target_id", Text),
    #: a few words of the text around it.
    Column("span", Text, nullable=False),
    *known(),
)

pipeline_run = Table(
    "pipeline_run",
    metadata,
    connection_key(),
    Column("source_id", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("scope_id", Text, nullable=False),
    #: one of `PipelineKind`.
    Column("kind", Text, nullable=False),
    Column("raw_event", Text),
    Column("name", Text),
    Column("sha", Text),
    Column("ref", Text),
    #: one of `Conclusion`.
    Column("conclusion", Text, nullable=False),
    Column("raw_status", Text),
    Column("raw_conclusion", Text),
    Column("created_at", Instant),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("updated_at", Instant),
    #: numbers of the changes that the vendor says it belongs to.
    Column("change_numbers", Json, nullable=False),
    Column("parent_id", Text),
    *_tests(),
    Column("url", Text),
    *presence(),
    #: place in the vendor's count of the runs of this workflow (GitHub) or project (GitLab).
    Column("number", Integer),
    #: tip of the base branch that it was built with, and how it is known (`Origin`).
    Column("base_sha", Text),
    Column("base_known", Text),
    Index(None, "connection_id", "scope_id", "sha"),
)

check_result = Table(
    "check_result",
    metadata,
    connection_key(),
    #: one of `CheckSource`; ids are unique within it.
    Column("source", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("scope_id", Text, nullable=False),
    Column("sha", Text, nullable=False),
    Column("name", Text, nullable=False),
    #: one of `Conclusion`.
    Column("conclusion", Text, nullable=False),
    Column("raw_status", Text),
    Column("raw_conclusion", Text),
    Column("app", Text),
    Column("stage", Text),
    Column("run_id", Text),
    Column("attempt", Integer, nullable=False),
    Column("allow_failure", Boolean, nullable=False),
    Column("is_superseded", Boolean, nullable=False),
    #: whether the vendor says that merging requires it; NULL = not told.
    Column("is_required", Boolean),
    Column("created_at", Instant),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    *_tests(),
    Column("url", Text),
    *known(),
    _current("ix_check_result_sha", "sha"),
    _current("ix_check_result_run", "run_id"),
    _current("ix_check_result_name", "scope_id", "name"),
)

#: Whether a set of checks was read.
checks_state = Table(
    "checks_state",
    metadata,
    connection_key(),
    Column("scope_id", Text, primary_key=True),
    #: `commit`, `run` (its jobs) or `branch` (what merging into it requires).
    Column("subject_kind", Text, primary_key=True),
    #: sha, id of the run, or name of the branch.
    Column("subject_id", Text, primary_key=True),
    #: one of `CheckSource`; `required` for a branch.
    Column("source", Text, primary_key=True),
    #: one of `HistoryState`; `complete` without a result: asked, and there is none.
    Column("state", Text, nullable=False),
    Column("reason", Text),
    *known(),
    _current("ix_checks_state_subject", "subject_id"),
)

#: The branch that a repository shows first: nobody tells since when, so it is known since seen.
default_branch = Table(
    "default_branch",
    metadata,
    connection_key(),
    Column("scope_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    *known(),
)

#: Where a branch stands: its commits are `code_commit` rows, from one first parent to the next.
branch_tip = Table(
    "branch_tip",
    metadata,
    connection_key(),
    Column("scope_id", Text, primary_key=True),
    Column("branch", Text, primary_key=True),
    Column("sha", Text, nullable=False),
    *known(),
)

#: Whether two commits hold the same content, where the vendor tells no trees. Commits never change,
#: so what was once told stands.
tree_comparison = Table(
    "tree_comparison",
    metadata,
    connection_key(),
    Column("scope_id", Text, primary_key=True),
    Column("sha", Text, primary_key=True),
    Column("other_sha", Text, primary_key=True),
    #: NULL: the vendor could not say.
    Column("is_equal", Boolean),
    Column("reason", Text),
    Column("first_seen_at", Instant, nullable=False),
)

release = Table(
    "release",
    metadata,
    connection_key(),
    #: names of tags repeat from repository to repository.
    Column("scope_id", Text, primary_key=True),
    #: `tag:<name>`.
    Column("source_id", Text, primary_key=True),
    Column("tag", Text, nullable=False),
    Column("sha", Text),
    Column("name", Text),
    Column("release_id", Text),
    Column("is_draft", Boolean, nullable=False),
    Column("is_prerelease", Boolean, nullable=False),
    Column("created_at", Instant),
    Column("published_at", Instant),
    Column("url", Text),
    *presence(),
)

deployment = Table(
    "deployment",
    metadata,
    connection_key(),
    Column("source_id", Text, primary_key=True),
    Column("scope_id", Text, nullable=False),
    Column("sha", Text),
    Column("ref", Text),
    Column("environment", Text),
    #: one of `DeploymentState`.
    Column("state", Text, nullable=False),
    Column("raw_state", Text),
    Column("created_at", Instant),
    Column("finished_at", Instant),
    Column("url", Text),
    *presence(),
    Index(None, "connection_id", "scope_id", "sha"),
)

#: A check without which a branch takes no merge.
required_check = Table(
    "required_check",
    metadata,
    connection_key(),
    Column("scope_id", Text, primary_key=True),
    Column("branch", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    *known(),
)
