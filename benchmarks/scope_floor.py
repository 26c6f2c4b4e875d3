"""The bare SQL under the scope family: the same rows, fetched as tuples by the driver and dropped.

python -m benchmarks.scope_floor STORE

Each row that the detectors need is read once, by the index that they use; nothing is decoded or
judged. A test holds that it reads no row that they do not read.
"""

import json
import sqlite3
import sys
import time
from typing import Any

from benchmarks.measure import print_measure
from benchmarks.scope_world import GITHUB, JIRA

#: Categories of work that is over.
OVER = ("done", "cancelled")


def main() -> None:
    """Read once."""
    cpu, wall = time.process_time(), time.perf_counter()
    rows = read(sys.argv[1])
    print_measure(cpu, wall, rows=sum(rows.values()), by_table=rows)


def read(path: str) -> dict[str, int]:
    """How many rows of each table were read."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found: dict[str, int] = {}

    def ask(table: str, sql: str, *values: Any) -> list[Any]:
        rows = database.execute(sql, values).fetchall()
        found[table] = found.get(table, 0) + len(rows)
        return rows

    milestones = ask("milestone", "SELECT * FROM milestone WHERE state = 'active'")
    judged = json.dumps([row[2] for row in milestones])
    among = "milestone_id IN (SELECT value FROM json_each(?))"
    ask(
        "milestone_date_event",
        f"SELECT * FROM milestone_date_event WHERE known_to IS NULL AND {among}",
        judged,
    )
    baselines = ask("baseline", f"SELECT at, * FROM baseline WHERE {among}", judged)
    members = []
    for kind in ("version", "sprint"):
        ids = [row[2] for row in milestones if row[1] == kind]
        members += ask(
            "scope_membership",
            "SELECT milestone_id, member_id, valid_from, valid_to, end_cause, from_exact, "
            "source_event_id, end_event_id, known_from FROM scope_membership "
            "WHERE connection_id = ? AND milestone_kind = ? "
            f"AND {among} AND member_kind = 'work_item' AND known_to IS NULL",
            JIRA,
            kind,
            json.dumps(ids),
        )
    items = json.dumps(sorted({row[1] for row in members}))
    held = ask(
        "work_item",
        "SELECT source_id, key, title, scope_id, item_type, priority, parent_id, assignee_id, "
        "restricted, url, created_at, history_state, history_reason, status_category, "
        "raw_status_id, estimate_points, estimate_field FROM work_item "
        "WHERE connection_id = ? AND source_id IN (SELECT value FROM json_each(?))",
        JIRA,
        items,
    )
    ask(
        "field_event",
        "SELECT work_item_id, source_event_id, field, raw_field, at, actor_id, old_ids, new_ids, "
        "old_text, new_text FROM field_event "
        "WHERE connection_id = ? AND work_item_id IN (SELECT value FROM json_each(?)) "
        "AND field IN ('status', 'points', 'parent', 'version', 'sprint') AND known_to IS NULL",
        JIRA,
        items,
    )
    # What else those of them were in that are still open: work that rolls on.
    still_in = {row[1] for row in members if row[3] is None}
    rolling = [row[0] for row in held if row[13] not in OVER and row[0] in still_in]
    rolled = ask(
        "scope_membership",
        "SELECT member_id, milestone_id, valid_from, valid_to, milestone_kind "
        "FROM scope_membership WHERE connection_id = ? "
        "AND member_id IN (SELECT value FROM json_each(?)) AND member_kind = 'work_item' "
        "AND milestone_kind IN ('version', 'sprint') AND known_to IS NULL "
        f"AND NOT {among}",
        JIRA,
        json.dumps(rolling),
        judged,
    )
    ask(
        "milestone",
        "SELECT * FROM milestone WHERE source_id IN (SELECT value FROM json_each(?))",
        json.dumps(sorted({row[1] for row in rolled})),
    )
    # What landed since the first baseline, what all changes are for, and where those are that
    # name an item.
    wanted = {row[1] for row in members}
    links = ask(
        "change_link",
        "SELECT from_id, to_id, to_kind, evidence, ambiguous, from_connection_id, "
        "to_connection_id FROM change_link WHERE withdrawn_at IS NULL",
    )
    ask(
        "change_request",
        "SELECT source_id, scope_id, created_at, gone_at FROM change_request "
        "WHERE connection_id = ? AND source_id IN (SELECT value FROM json_each(?))",
        GITHUB,
        json.dumps(sorted({row[0] for row in links if row[1] in wanted})),
    )
    ask(
        "change_request",
        "SELECT source_id, scope_id, key, title, state, is_draft, base_ref, created_at, merged_at, "
        "closed_at, author_id, additions, deletions, restricted, url, gone_at, first_seen_at "
        "FROM change_request WHERE connection_id = ? AND state = 'merged' AND merged_at > ?",
        GITHUB,
        min(row[0] for row in baselines),
    )
    ask(
        "reference",
        "SELECT change_request_id, kind, source, target FROM reference WHERE known_to IS NULL",
    )
    database.close()
    return found


if __name__ == "__main__":
    main()
