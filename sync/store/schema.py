"""The tables. Identity is (connection, immutable source id); references are by source id.

References are not foreign keys: a vendor may name an entity (a sprint, a parent) that this token
cannot read or that is read later; a missing row is then a fact and not an error.

Two clocks: `valid_from/valid_to` when it was so in the world, `known_from/known_to` when we knew
it. An open end is NULL. A correction closes a row (`known_to`) and inserts one.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from sync.store import tables_agreed as tables_agreed  # the catalogue holds them all
from sync.store import tables_answers as tables_answers
from sync.store import tables_boards as tables_boards
from sync.store import tables_cadence as tables_cadence
from sync.store import tables_code as tables_code
from sync.store import tables_evidence as tables_evidence
from sync.store import tables_forecast as tables_forecast
from sync.store import tables_forgotten as tables_forgotten
from sync.store import tables_judged as tables_judged
from sync.store import tables_presence as tables_presence
from sync.store import tables_texts as tables_texts
from sync.store.columns import Serial as _Serial
from sync.store.columns import connection_key as _connection
from sync.store.columns import metadata as metadata
from sync.store.columns import presence as _presence
from sync.store.tables_past import past_of
from sync.store.types import Instant, Json

store_info = Table(
    "store_info",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

connection = Table(
    "connection",
    metadata,
    Column("id", Integer, primary_key=True),
    #: name in the configuration.
    Column("name", Text, nullable=False, unique=True),
    #: connector, for example `jira`.
    Column("kind", Text, nullable=False),
    Column("server_id", Text),
    Column("server_name", Text),
    Column("server_version", Text),
    Column("deployment", Text),
    Column("base_url", Text),
    Column("account_id", Text),
    Column("account_name", Text),
    Column("account_time_zone", Text),
    #: version (hash) of the mapping under which the stored rows were normalized.
    Column("mapping_version", Text),
    Column("first_seen_at", Instant, nullable=False),
    #: hash of the statuses and fields under which they were; NULL: a repository got another key.
    Column("lookups_hash", Text),
    #: server and credentials that its requests count against, as `rate_budget` names them.
    Column("budget_key", Text),
    #: when its token ends, as the vendor told last or else as configured; NULL: nobody told.
    Column("token_expires_at", Instant),
)

scope = Table(
    "scope",
    metadata,
    _connection(),
    Column("kind", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("key", Text),
    Column("name", Text),
    Column("parent_id", Text),
    Column("raw_type", Text),
    Column("archived", Boolean, nullable=False),
    Column("url", Text),
    *_presence(),
)

sync_run = Table(
    "sync_run",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    #: running, complete, partial, failed; a crashed run stays `running`.
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("program_version", Text, nullable=False),
    Column("requests", Integer, nullable=False, server_default="0"),
    #: source-data rows inserted, changed or closed.
    Column("rows_written", Integer, nullable=False, server_default="0"),
)

#: The completeness certificate: one row per run, scope and stream.
sync_step = Table(
    "sync_step",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("run_id", _Serial, ForeignKey("sync_run.id"), nullable=False),
    Column("connection_id", Integer, ForeignKey("connection.id"), nullable=False),
    Column("scope_kind", Text, nullable=False),
    Column("scope_id", Text, nullable=False),
    Column("scope_key", Text),
    Column("stream", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant, nullable=False),
    #: complete, partial, failed, unavailable.
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    #: requested window (UTC) of a walk from nothing, which brings no work closed before it (NULL:
    #: it brings all); both NULL where a listing is asked for, or what changed since the cursor.
    Column("window_from", Instant),
    Column("window_to", Instant),
    Column("cursor_in", Json),
    Column("cursor_out", Json),
    Column("requests", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("records", Integer, nullable=False),
    Column("rows_written", Integer, nullable=False),
    #: rows the server has and rows we hold, where a census or a whole listing tells.
    Column("remote_count", Integer),
    Column("local_count", Integer),
    Column("unreadable", Integer, nullable=False),
    #: work items of the scope whose history is not complete.
    Column("history_gaps", Integer, nullable=False),
    Column("newest_at", Instant),
    #: server time from which the data is as fresh as this reading (start of the run).
    Column("fresh_at", Instant, nullable=False),
    UniqueConstraint("run_id", "connection_id", "scope_kind", "scope_id", "stream"),
    Index(None, "connection_id", "scope_kind", "scope_id", "stream", "id"),
)

raw_record = Table(
    "raw_record",
    metadata,
    _connection(),
    Column("stream", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    #: scope it was read in, which says which layers of the mapping apply.
    Column("scope_id", Text, nullable=False),
    #: version of the query shape.
    Column("shape", Integer, nullable=False),
    #: JSON as sent, compressed with zstandard, with the dictionary that its frame names.
    Column("payload", LargeBinary, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("fetched_at", Instant, nullable=False),
    #: the source's own change instant: an older payload never replaces a newer one.
    Column("updated_at", Instant),
)

#: What payloads of a stream have in common: they are compressed against it. Rows stay as they are.
raw_dictionary = Table(
    "raw_dictionary",
    metadata,
    _connection(),
    Column("stream", Text, primary_key=True),
    #: zstandard's own number of it, which stands in every payload compressed with it.
    Column("dictionary_id", BigInteger, primary_key=True),
    Column("content_hash", LargeBinary, nullable=False),
    Column("dictionary", LargeBinary, nullable=False),
)

account = Table(
    "account",
    metadata,
    _connection(),
    Column("source_id", Text, primary_key=True),
    Column("name", Text),
    Column("login", Text),
    Column("email", Text),
    Column("is_bot", Boolean, nullable=False),
    Column("active", Boolean),
    Column("url", Text),
    *_presence(),
)

status = Table(
    "status",
    metadata,
    _connection(),
    Column("source_id", Text, primary_key=True),
    Column("raw_name", Text, nullable=False),
    Column("raw_category", Text),
    Column("category", Text, nullable=False),
    Column("waits_for", Text),
    Column("code_complete", Boolean, nullable=False),
    *_presence(),
)

field = Table(
    "field",
    metadata,
    _connection(),
    Column("source_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("raw_type", Text),
    Column("role", Text),
    *_presence(),
)

work_item = Table(
    "work_item",
    metadata,
    _connection(),
    Column("source_id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    #: source id of its project.
    Column("scope_id", Text, nullable=False),
    Column("item_type", Text, nullable=False),
    Column("raw_type", Text),
    Column("status_category", Text, nullable=False),
    Column("raw_status", Text),
    Column("raw_status_id", Text),
    Column("waits_for", Text),
    Column("code_complete", Boolean, nullable=False),
    Column("resolution", Text),
    Column("resolved_at", Instant),
    Column("priority", Text, nullable=False),
    Column("raw_priority", Text),
    Column("title", Text, nullable=False),
    Column("estimate_points", Float),
    Column("estimate_seconds", Integer),
    Column("estimate_field", Text),
    Column("due_date", Date),
    Column("assignee_id", Text),
    Column("reporter_id", Text),
    Column("parent_id", Text),
    Column("team", Text),
    Column("labels", Json, nullable=False),
    Column("components", Json, nullable=False),
    #: current memberships as the item states them: [[kind, milestone id], …].
    Column("milestones", Json, nullable=False),
    Column("text_hash", Text),
    Column("text_tokens", Integer),
    Column("restricted", Boolean, nullable=False),
    Column("url", Text),
    Column("created_at", Instant),
    Column("updated_at", Instant),
    #: first entry into in_progress or in_review, and the last into done; from the history.
    Column("started_at", Instant),
    Column("done_at", Instant),
    Column("history_state", Text, nullable=False),
    Column("history_reason", Text),
    *_presence(),
    #: where it went, for `moved` and `transferred`.
    Column("gone_to", Text),
    #: what the vendor's team fields say, the most readable first; NULL: not looked at yet.
    Column("raw_teams", Json),
    Index(None, "connection_id", "scope_id", "status_category"),
    Index(None, "connection_id", "parent_id"),
    Index(None, "key"),
    Index(
        "ix_work_item_history_incomplete",
        "connection_id",
        "scope_id",
        "source_id",
        sqlite_where=text("history_state <> 'complete'"),
        postgresql_where=text("history_state <> 'complete'"),
    ),
)

#: Every key an item has or had; a former key stays an alias.
work_item_key = Table(
    "work_item_key",
    metadata,
    _connection(),
    Column("key", Text, primary_key=True),
    Column("work_item_id", Text, primary_key=True),
    Column("first_seen_at", Instant, nullable=False),
)

field_event = Table(
    "field_event",
    metadata,
    _connection(),
    Column("work_item_id", Text, primary_key=True),
    Column("source_event_id", Text, primary_key=True),
    Column("known_from", Instant, primary_key=True),
    Column("known_to", Instant),
    #: one of `EventField`.
    Column("field", Text, nullable=False),
    Column("raw_field", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor_id", Text),
    #: ids before and after, joined by a comma (ids never hold one); NULL for none.
    Column("old_ids", Text),
    Column("new_ids", Text),
    Column("old_text", Text),
    Column("new_text", Text),
    Column("is_delta", Boolean, nullable=False),
    Column("origin", Text, nullable=False),
    # Few events tell of parents; an epic is asked for who came and who left.
    *(
        Index(
            f"ix_field_event_parent_{side}",
            "connection_id",
            f"{side}_ids",
            sqlite_where=text("field = 'parent'"),
            postgresql_where=text("field = 'parent'"),
        )
        for side in ("old", "new")
    ),
    sqlite_with_rowid=False,
)

milestone = Table(
    "milestone",
    metadata,
    _connection(),
    Column("kind", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("raw_state", Text),
    Column("scope_id", Text),
    Column("start_date", Date),
    Column("due_date", Date),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("planned_start_at", Instant),
    Column("planned_end_at", Instant),
    Column("description", Text),
    Column("url", Text),
    *_presence(),
)

#: What a milestone's dates, state and name were, as we observed them change.
milestone_date_event = Table(
    "milestone_date_event",
    metadata,
    _connection(),
    Column("milestone_kind", Text, primary_key=True),
    Column("milestone_id", Text, primary_key=True),
    #: start_date, due_date, started_at, finished_at, planned_start_at, planned_end_at, state, name.
    Column("field", Text, primary_key=True),
    Column("known_from", Instant, primary_key=True),
    Column("known_to", Instant),
    #: ISO text; NULL for none. The first row of a field has `old` NULL and `is_first` true.
    Column("old", Text),
    Column("new", Text),
    Column("is_first", Boolean, nullable=False),
    #: it changed somewhere in (observed_after, observed_at].
    Column("observed_after", Instant),
    Column("observed_at", Instant, nullable=False),
    Column("origin", Text, nullable=False),
)

scope_membership = Table(
    "scope_membership",
    metadata,
    _connection(),
    Column("member_kind", Text, primary_key=True),
    Column("member_id", Text, primary_key=True),
    Column("milestone_kind", Text, primary_key=True),
    Column("milestone_id", Text, primary_key=True),
    Column("valid_from", Instant, primary_key=True),
    Column("known_from", Instant, primary_key=True),
    Column("valid_to", Instant),
    Column("known_to", Instant),
    #: false: it held at `valid_from`, and since when is not known.
    Column("from_exact", Boolean, nullable=False),
    #: created, event, observed, inferred.
    Column("cause", Text, nullable=False),
    Column("source_event_id", Text),
    Column("end_cause", Text),
    Column("end_event_id", Text),
    Index(None, "connection_id", "milestone_kind", "milestone_id"),
    sqlite_with_rowid=False,
)

#: Which scope (board) holds which entity (sprint), as long as it does.
scope_entity = Table(
    "scope_entity",
    metadata,
    _connection(),
    Column("scope_id", Text, primary_key=True),
    Column("entity_kind", Text, primary_key=True),
    Column("entity_id", Text, primary_key=True),
    Column("known_from", Instant, primary_key=True),
    Column("known_to", Instant),
)

link = Table(
    "link",
    metadata,
    _connection(),
    #: item whose payload states it; both ends of a link may.
    Column("declared_by", Text, primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("first_seen_at", Instant, primary_key=True),
    Column("withdrawn_at", Instant),
    Column("from_id", Text, nullable=False),
    Column("to_id", Text, nullable=False),
    Column("to_key", Text),
    Column("kind", Text, nullable=False),
    Column("raw_kind", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Index(None, "connection_id", "from_id"),
    Index(None, "connection_id", "to_id"),
)

cursor = Table(
    "cursor",
    metadata,
    _connection(),
    Column("scope_kind", Text, primary_key=True),
    Column("scope_id", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    #: hash of what was asked for; another question starts anew.
    Column("parameters_hash", Text, primary_key=True),
    #: where the next run starts; only a whole walk moves it.
    Column("committed", Json),
    #: where a broken walk goes on; empty when none is under way.
    Column("progress", Json),
    #: server time of the start of the walk that `progress` belongs to.
    Column("walk_started_at", Instant),
    #: last time the long overlap, and the census, were applied.
    Column("daily_at", Instant),
    Column("updated_at", Instant, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    _connection(),
    Column("scope_kind", Text, primary_key=True),
    Column("scope_id", Text, primary_key=True),
    #: fencing token: grows by one with every holder.
    Column("token", BigInteger, nullable=False),
    #: host, process id and a random part; NULL when free.
    Column("holder", Text),
    Column("acquired_at", Instant),
    Column("expires_at", Instant),
)

#: What is left of each limit: processes and connections with one token share these rows.
rate_budget = Table(
    "rate_budget",
    metadata,
    #: host and fingerprint of the credentials.
    Column("budget_key", Text, primary_key=True),
    #: the limit's name in its connector; `*` holds for all that the token does.
    Column("bucket", Text, primary_key=True),
    Column("limit_count", Integer),
    Column("remaining", Integer),
    Column("reset_at", Instant),
    Column("observed_at", Instant, nullable=False),
    #: until when nothing is asked from it, and why.
    Column("paused_until", Instant),
    Column("reason", Text),
)

capability = Table(
    "capability",
    metadata,
    _connection(),
    Column("name", Text, primary_key=True),
    Column("value", Json),
    Column("detail", Text),
    Column("observed_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

data_issue = Table(
    "data_issue",
    metadata,
    _connection(),
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("raw_value", Text),
    Column("message", Text, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("gone_at", Instant),
    Index(None, "connection_id", "subject"),
)

baseline = Table(
    "baseline",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connection.id"), nullable=False),
    Column("milestone_kind", Text, nullable=False),
    Column("milestone_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    #: baseline instant t_b (UTC), before the grace window.
    Column("at", Instant, nullable=False),
    #: explicit, activation, start_date, inferred, observed.
    Column("rule", Text, nullable=False),
    #: whether a person has confirmed it; without, no percentage is shown.
    Column("accepted", Boolean, nullable=False),
    #: made from a history that has gaps.
    Column("is_partial", Boolean, nullable=False),
    Column("author", Text),
    Column("reason", Text),
    Column("due_date", Date),
    Column("created_at", Instant, nullable=False),
    Column("supersedes", _Serial, ForeignKey("baseline.id")),
    Index(None, "connection_id", "milestone_kind", "milestone_id"),
)

baseline_item = Table(
    "baseline_item",
    metadata,
    Column("baseline_id", _Serial, ForeignKey("baseline.id"), primary_key=True),
    Column("work_item_id", Text, primary_key=True),
    Column("points", Float),
)

#: One row per reconciliation: what was judged, and what could not be.
reconcile_run = Table(
    "reconcile_run",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("config_hash", Text, nullable=False),
    Column("mapping_version", Text, nullable=False),
    Column("program_version", Text, nullable=False),
    #: {detector: {"state": "checked" | "not_checked", "reason": …, "subjects": {…}}}.
    Column("coverage", Json, nullable=False),
)

finding = Table(
    "finding",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("detector", Text, nullable=False),
    Column("rule", Text),
    Column("connection_id", Integer, ForeignKey("connection.id")),
    #: `version:10001`, `issue:10042`, `stream:jira/APO/issues`, …
    Column("subject", Text, nullable=False),
    Column("milestone_kind", Text),
    Column("milestone_id", Text),
    #: low, medium, high, critical.
    Column("severity", Text, nullable=False),
    #: already_there, new, ongoing, worsened, improved, resolved, regressed, not_checked,
    #: suppressed.
    Column("state", Text, nullable=False),
    #: mailed, digest.
    Column("channel", Text, nullable=False),
    Column("magnitude", Float),
    Column("title", Text, nullable=False),
    #: what, so_what, who, by_when, remedy in plain words.
    Column("words", Json, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("evidence_hash", Text, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    #: why it is held back, while its state is suppressed.
    Column("suppressed_reason", Text),
)

finding_event = Table(
    "finding_event",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("fingerprint", Text, ForeignKey("finding.fingerprint"), nullable=False),
    Column("reconcile_run_id", _Serial, ForeignKey("reconcile_run.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("author", Text),
    Column("reason", Text),
    Index(None, "fingerprint"),
)

report = Table(
    "report",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("reconcile_run_id", _Serial, ForeignKey("reconcile_run.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("period_from", Instant),
    Column("period_to", Instant, nullable=False),
    #: sha256 of the rendered JSON.
    Column("digest", Text, nullable=False),
    Column("payload", Json, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("report_id", _Serial, ForeignKey("report.id"), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    #: pending, sent, deferred, refused, failed, given_up, superseded, draft.
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    #: the mail as it travels, until it is delivered, refused for good or given up.
    Column("raw", LargeBinary),
    UniqueConstraint("report_id", "recipient"),
)

#: Former rows of the tables that are overwritten, by the name of the table.
PAST = {
    one.name: past_of(one)
    for one in (
        account,
        tables_code.change_request,
        connection,
        data_issue,
        field,
        milestone,
        scope,
        status,
        work_item,
    )
}
#: A finding as it stood until this reconciliation.
PAST[finding.name] = past_of(
    finding, Column("until_run_id", _Serial, primary_key=True, autoincrement=False)
)
