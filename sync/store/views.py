"""The promise to analysts: views with a version, the same on SQLite and PostgreSQL.

Tables may change by migration; a view changes only together with `VIEWS_VERSION`.
"""

import hashlib

import sqlalchemy as sa

from sync.store import schema
from sync.store.view import CONNECTION, PRESENCE, View
from sync.store.views_agreed import AGREED_VIEWS
from sync.store.views_answers import ANSWER_VIEWS
from sync.store.views_boards import BOARD_VIEWS
from sync.store.views_code import CODE_VIEWS
from sync.store.views_evidence import EVIDENCE_VIEWS
from sync.store.views_flow import FLOW_VIEWS
from sync.store.views_forecast import FORECAST_VIEWS
from sync.store.views_presence import PRESENCE_VIEWS

#: Grows when a column of a view changes its meaning or goes away.
VIEWS_VERSION = 1


VIEWS: tuple[View, ...] = (
    View(
        "v_work_item",
        "One row per work item as it stands now.",
        {
            **CONNECTION,
            "work_item_id": "immutable id at the source",
            "key": "key a person knows it by",
            "project_key": "key of its project",
            "item_type": "epic, feature, task, defect, subtask, incident, unknown",
            "raw_type": "type in the source's words",
            "status_category": "todo, in_progress, in_review, done, cancelled, unknown",
            "raw_status": "status in the source's words",
            "waits_for": "review, qa, release, customer, other, or empty",
            "code_complete": "whether this status means that the code is finished",
            "resolution": "resolution in the source's words",
            "resolved_at": "when it was resolved (UTC)",
            "priority": "expedite, high, medium, low, unknown",
            "title": "title; empty for restricted items",
            "estimate_points": "size in points; empty when not estimated",
            "estimate_seconds": "original time estimate in seconds",
            "due_date": "due date; means the end of that day in the configured zone",
            "assignee": "name of the account it is assigned to",
            "parent_key": "key of its parent",
            "team": "team by the configured rules",
            "created_at": "when it was created (UTC)",
            "updated_at": "when it last changed at the source (UTC)",
            "started_at": "first entry into work (UTC), from its history",
            "done_at": "last entry into done while it is done (UTC)",
            "history_state": "complete, partial, not_fetched, unavailable",
            "restricted": "whether only some people may see it",
            "url": "address of its page",
            **PRESENCE,
        },
        """
        SELECT c.name AS connection, w.source_id AS work_item_id, w.key AS key,
               s.key AS project_key, w.item_type, w.raw_type, w.status_category, w.raw_status,
               w.waits_for, w.code_complete, w.resolution, w.resolved_at, w.priority,
               CASE WHEN w.restricted THEN '' ELSE w.title END AS title,
               w.estimate_points, w.estimate_seconds, w.due_date, a.name AS assignee,
               CASE WHEN substr(w.parent_id, 1, 4) = 'key:' THEN substr(w.parent_id, 5)
                    ELSE p.key END AS parent_key,
               w.team, w.created_at, w.updated_at, w.started_at, w.done_at,
               w.history_state, w.restricted, w.url, w.first_seen_at, w.gone_at, w.gone_reason
          FROM work_item w
          JOIN connection c ON c.id = w.connection_id
          LEFT JOIN scope s ON s.connection_id = w.connection_id AND s.source_id = w.scope_id
                           AND s.kind IN ('project', 'repository')
          LEFT JOIN account a ON a.connection_id = w.connection_id AND a.source_id = w.assignee_id
          LEFT JOIN work_item p ON p.connection_id = w.connection_id AND p.source_id = w.parent_id
        """,
    ),
    View(
        "v_scope",
        "One row per project, repository or board.",
        {
            **CONNECTION,
            "kind": "project, board, repository, group",
            "scope_id": "immutable id at the source",
            "key": "key a person knows it by",
            "name": "name",
            "raw_type": "type in the source's words",
            "archived": "whether it is archived",
            "url": "address of its page",
            **PRESENCE,
        },
        """
        SELECT c.name AS connection, s.kind, s.source_id AS scope_id, s.key AS key, s.name AS name,
               s.raw_type, s.archived, s.url, s.first_seen_at, s.gone_at, s.gone_reason
          FROM scope s JOIN connection c ON c.id = s.connection_id
        """,
    ),
    View(
        "v_milestone",
        "One row per version, milestone, sprint or iteration as it stands now.",
        {
            **CONNECTION,
            "kind": "version, sprint, milestone, iteration, epic, program",
            "milestone_id": "immutable id at the source",
            "name": "name",
            "project_key": "key of its project; empty for sprints",
            "state": "future, active, closed, released, archived, unknown",
            "start_date": "start date; means the beginning of that day",
            "due_date": "due date; means the end of that day",
            "started_at": "when it really began (UTC), where the source tells",
            "finished_at": "when it really ended (UTC), where the source tells",
            "url": "address of its page",
            **PRESENCE,
        },
        """
        SELECT c.name AS connection, m.kind, m.source_id AS milestone_id, m.name AS name,
               s.key AS project_key, m.state, m.start_date, m.due_date, m.started_at, m.finished_at,
               m.url, m.first_seen_at, m.gone_at, m.gone_reason
          FROM milestone m
          JOIN connection c ON c.id = m.connection_id
          LEFT JOIN scope s ON s.connection_id = m.connection_id AND s.source_id = m.scope_id
                           AND s.kind IN ('project', 'repository') AND m.kind <> 'sprint'
        """,
    ),
    View(
        "v_milestone_date",
        "One row per observed change of a milestone's date, state or name.",
        {
            **CONNECTION,
            "kind": "kind of the milestone",
            "milestone_id": "immutable id at the source",
            "field": "name, state, start_date, due_date, started_at, finished_at, planned_…",
            "old": "value before (ISO text)",
            "new": "value after (ISO text)",
            "is_first": "first observation: nothing changed, it was there when we came",
            "observed_after": "the reading before (UTC): it changed after that",
            "observed_at": "the reading that saw it (UTC)",
        },
        """
        SELECT c.name AS connection, e.milestone_kind AS kind, e.milestone_id, e.field, e.old,
               e.new, e.is_first, e.observed_after, e.observed_at
          FROM milestone_date_event e JOIN connection c ON c.id = e.connection_id
         WHERE e.known_to IS NULL
        """,
    ),
    View(
        "v_membership",
        "One row per interval of a work item in a milestone, as known now.",
        {
            **CONNECTION,
            "milestone_kind": "kind of the milestone",
            "milestone_id": "immutable id of the milestone",
            "milestone": "name of the milestone",
            "work_item_id": "immutable id of the item",
            "key": "key of the item",
            "valid_from": "since when (UTC)",
            "valid_to": "until when (UTC); empty while it is a member",
            "from_exact": "false: it held at valid_from, and since when is not known",
            "cause": "created, event, observed, inferred",
            "end_cause": "event, inferred, or why the item is gone",
        },
        """
        SELECT c.name AS connection, x.milestone_kind, x.milestone_id, m.name AS milestone,
               x.member_id AS work_item_id, w.key AS key, x.valid_from, x.valid_to, x.from_exact,
               x.cause, x.end_cause
          FROM scope_membership x
          JOIN connection c ON c.id = x.connection_id
          LEFT JOIN milestone m ON m.connection_id = x.connection_id AND m.kind = x.milestone_kind
                               AND m.source_id = x.milestone_id
          LEFT JOIN work_item w ON w.connection_id = x.connection_id AND w.source_id = x.member_id
         WHERE x.known_to IS NULL AND x.member_kind = 'work_item'
        """,
    ),
    View(
        "v_field_event",
        "One row per change of a field of a work item, as known now.",
        {
            **CONNECTION,
            "work_item_id": "immutable id of the item",
            "key": "key of the item",
            "field": "status, version, sprint, points, parent, assignee, …, other",
            "raw_field": "field in the source's words",
            "at": "when (UTC)",
            "old_ids": "ids before, joined by a comma",
            "new_ids": "ids after",
            "old_text": "text before; texts of descriptions are kept as hash and count only",
            "new_text": "text after",
            "origin": "source, observed, inferred",
            "source_event_id": "id of the change at the source",
        },
        """
        SELECT c.name AS connection, e.work_item_id, w.key AS key, e.field, e.raw_field, e.at,
               e.old_ids, e.new_ids,
               CASE WHEN w.restricted THEN '' ELSE e.old_text END AS old_text,
               CASE WHEN w.restricted THEN '' ELSE e.new_text END AS new_text,
               e.origin, e.source_event_id
          FROM field_event e
          JOIN connection c ON c.id = e.connection_id
          LEFT JOIN work_item w ON w.connection_id = e.connection_id
                               AND w.source_id = e.work_item_id
         WHERE e.known_to IS NULL
        """,
    ),
    View(
        "v_link",
        "One row per relation between two work items, whichever of them declares it.",
        {
            **CONNECTION,
            "from_key": "key of the item the relation is read from",
            "to_key": "key of the other item",
            "kind": "blocks, relates, duplicates, clones, splits, depends_on, unknown",
            "raw_kind": "relation in the source's words",
            "method": "how it is known",
            "confidence": "0 to 1",
            "first_seen_at": "when driftline first saw it (UTC)",
            "withdrawn_at": "since when no item declares it any more (UTC); empty while one does",
        },
        """
        SELECT c.name AS connection, f.key AS from_key, COALESCE(t.key, MIN(l.to_key)) AS to_key,
               l.kind, l.raw_kind, l.method, l.confidence, MIN(l.first_seen_at) AS first_seen_at,
               CASE WHEN COUNT(l.withdrawn_at) = COUNT(*) THEN MAX(l.withdrawn_at) END
                   AS withdrawn_at
          FROM link l
          JOIN connection c ON c.id = l.connection_id
          LEFT JOIN work_item f ON f.connection_id = l.connection_id AND f.source_id = l.from_id
          LEFT JOIN work_item t ON t.connection_id = l.connection_id AND t.source_id = l.to_id
         GROUP BY c.name, f.key, t.key, l.from_id, l.to_id, l.kind, l.raw_kind, l.method,
                  l.confidence
        """,
    ),
    *CODE_VIEWS,
    *EVIDENCE_VIEWS,
    *BOARD_VIEWS,
    *PRESENCE_VIEWS,
    *AGREED_VIEWS,
    *ANSWER_VIEWS,
    *FORECAST_VIEWS,
    *FLOW_VIEWS,
    View(
        "v_status",
        "One row per workflow status and what it means.",
        {
            **CONNECTION,
            "status_id": "immutable id at the source",
            "name": "status in the source's words",
            "category": "todo, in_progress, in_review, done, cancelled, unknown",
            "waits_for": "review, qa, release, customer, other, or empty",
            "code_complete": "whether this status means that the code is finished",
        },
        """
        SELECT c.name AS connection, s.source_id AS status_id, s.raw_name AS name, s.category,
               s.waits_for, s.code_complete
          FROM status s JOIN connection c ON c.id = s.connection_id
         WHERE s.gone_at IS NULL
        """,
    ),
    View(
        "v_finding",
        "One row per finding with its present state.",
        {
            "fingerprint": "identity: the same as long as detector and subject are the same",
            "detector": "family.name of the detector",
            "rule": "rule inside the detector, where it has several",
            "connection": "name of the connection",
            "subject": "what it is about: kind and immutable id",
            "severity": "low, medium, high, critical",
            "state": "already_there, new, ongoing, worsened, improved, resolved, regressed, …",
            "channel": "mailed, digest",
            "magnitude": "one number that grows when it gets worse",
            "title": "one line in plain words",
            "first_seen_at": "when it was first seen (UTC)",
            "last_seen_at": "when it was last seen (UTC)",
            "resolved_at": "since when it is no longer there (UTC)",
            "suppressed_reason": "why it is held back, while its state is suppressed",
        },
        """
        SELECT f.fingerprint, f.detector, f.rule, c.name AS connection, f.subject, f.severity,
               f.state, f.channel, f.magnitude, f.title, f.first_seen_at, f.last_seen_at,
               f.resolved_at,
               CASE WHEN f.state = 'suppressed' THEN f.suppressed_reason END AS suppressed_reason
          FROM finding f LEFT JOIN connection c ON c.id = f.connection_id
        """,
    ),
    View(
        "v_sync_run",
        "One row per sync run.",
        {
            "run_id": "number of the run",
            "started_at": "when it began (UTC)",
            "finished_at": "when it ended (UTC)",
            "outcome": "running, complete, partial, failed",
            "reason": "what went wrong, if anything",
            "requests": "requests made to the sources",
            "rows_written": "source-data rows inserted, changed or closed",
        },
        """
        SELECT id AS run_id, started_at, finished_at, outcome, reason, requests, rows_written
          FROM sync_run
        """,
    ),
    View(
        "v_certificate",
        "One row per run, scope and stream: what was read, and whether it is all.",
        {
            "run_id": "number of the run",
            "connection": "name of the connection",
            "scope_kind": "site, project, repository, group, board",
            "scope": "key of the scope",
            "stream": "stream of the connector",
            "outcome": "complete, partial, failed, unavailable",
            "reason": "why it is not complete",
            "window_from": "a first load brings no work closed before this instant (UTC); "
            "empty: it brings all, or a listing or what changed since the cursor was asked for",
            "window_to": "end of it (UTC)",
            "requests": "requests it took",
            "records": "records that came",
            "rows_written": "rows inserted, changed or closed",
            "remote_count": "rows the server has, where it was counted",
            "local_count": "rows we hold of them",
            "unreadable": "records named and not readable",
            "history_gaps": "items whose history is not complete",
            "newest_at": "newest change seen (UTC)",
            "fresh_at": "the data is as fresh as this (UTC)",
        },
        """
        SELECT t.run_id, c.name AS connection, t.scope_kind, t.scope_key AS scope, t.stream,
               t.outcome, t.reason, t.window_from, t.window_to, t.requests, t.records,
               t.rows_written, t.remote_count, t.local_count, t.unreadable, t.history_gaps,
               t.newest_at, t.fresh_at
          FROM sync_step t JOIN connection c ON c.id = t.connection_id
        """,
    ),
    View(
        "v_baseline",
        "One row per baseline, original and later ones.",
        {
            **CONNECTION,
            "milestone_kind": "kind of the milestone",
            "milestone_id": "immutable id of the milestone",
            "milestone": "name of the milestone",
            "name": "name of the baseline",
            "at": "baseline instant (UTC)",
            "rule": "explicit, activation, start_date, inferred, observed",
            "accepted": "whether a person confirmed it",
            "author": "who",
            "reason": "why",
            "due_date": "promised date at that time",
            "created_at": "when it was recorded (UTC)",
        },
        """
        SELECT c.name AS connection, b.milestone_kind, b.milestone_id, m.name AS milestone,
               b.name AS name, b.at, b.rule, b.accepted, b.author, b.reason, b.due_date,
               b.created_at
          FROM baseline b
          JOIN connection c ON c.id = b.connection_id
          LEFT JOIN milestone m ON m.connection_id = b.connection_id AND m.kind = b.milestone_kind
                               AND m.source_id = b.milestone_id
        """,
    ),
    View(
        "v_data_issue",
        "One row per thing that could not be read or understood.",
        {
            **CONNECTION,
            "kind": "short name of the trouble",
            "subject": "what it is about",
            "field": "field, where it is about one",
            "raw_value": "value as the source sent it",
            "message": "one sentence, ending with what to do",
            "first_seen_at": "when driftline first saw it (UTC)",
            "gone_at": "since when it is settled (UTC)",
        },
        """
        SELECT c.name AS connection, d.kind, d.subject, d.field, d.raw_value, d.message,
               d.first_seen_at, d.gone_at
          FROM data_issue d JOIN connection c ON c.id = d.connection_id
        """,
    ),
    View(
        "v_store",
        "One row per fact about the store itself.",
        {
            "name": "application, schema (migration), views (hash of their definitions), "
            "views_version",
            "value": "its value; views_version grows when a column changes its meaning or goes",
        },
        f"""
        SELECT name, value FROM store_info WHERE name <> 'forget_key'
        UNION ALL SELECT 'schema', version_num FROM alembic_version
        UNION ALL SELECT 'views_version', '{VIEWS_VERSION}'
        """,  # noqa: S608  # a whole number of ours
    ),
)


def views_hash(dialect: str) -> str:
    """Identity of all view definitions on one dialect (16 hex digits)."""
    text = "\n".join(f"{view.name} {' '.join(view.sql.split())}" for view in VIEWS)
    return hashlib.sha256(f"{dialect} {VIEWS_VERSION} {text}".encode()).hexdigest()[:16]


def markdown() -> str:
    """The reference of all views for docs/store.md."""
    parts = []
    for view in VIEWS:
        rows = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in view.columns.items())
        parts.append(
            f"### {view.name}\n\n{view.about}\n\n| column | meaning |\n|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


def drop_views(conn: sa.Connection) -> None:
    """Drop every view of the store, older ones too, and forget which they were."""
    for name in sa.inspect(conn).get_view_names():
        if name.startswith("v_"):
            conn.exec_driver_sql(f'DROP VIEW "{name}"')
    conn.execute(sa.delete(schema.store_info).where(schema.store_info.c.name == "views"))


def create_views(conn: sa.Connection) -> None:
    """Drop and make all views in the caller's transaction."""
    drop_views(conn)
    for view in VIEWS:
        conn.exec_driver_sql(f"CREATE VIEW {view.name} AS {' '.join(view.sql.split())}")
