"""Views of evidence given by hand, and of what is proven for each work item."""

from sync.store.view import CONNECTION, View

EVIDENCE_VIEWS: tuple[View, ...] = (
    View(
        "v_evidence_upload",
        "One row per report or sign-off that somebody gave by hand, those taken back too.",
        {
            "upload_id": "what `driftline evidence remove` calls it",
            "kind": "junit, cobertura, lcov, diff, signoff",
            "connection": "name of the connection; empty while the commit is not known",
            "repository": "key of the repository; empty while the commit is not known",
            "sha": "commit that it is about; of a sign-off where its ref stood, if that is known",
            "ref": "tag, branch or milestone that was signed off",
            "name": "check that its tests count as",
            "file_name": "name of the file",
            "tests_total": "tests that it tells of",
            "tests_failed": "of these, how many failed",
            "tests_skipped": "of these, how many were skipped",
            "lines_covered": "lines that ran",
            "lines_coverable": "lines that could run",
            "author": "who gave it, or signed off",
            "reason": "why",
            "added_at": "when (UTC)",
            "removed_at": "since when it no longer counts (UTC); empty while it does",
            "removed_by": "who took it back",
            "removed_reason": "why",
        },
        """
        SELECT u.upload_id, u.kind, c.name AS connection, s.key AS repository, u.sha, u.ref,
               u.name AS name, u.file_name, u.tests_total, u.tests_failed, u.tests_skipped,
               u.lines_covered, u.lines_coverable, u.author, u.reason, u.known_from AS added_at,
               u.known_to AS removed_at, u.removed_by, u.removed_reason
          FROM evidence_upload u
          LEFT JOIN connection c ON c.id = u.connection_id
          LEFT JOIN scope s ON s.connection_id = u.connection_id AND s.source_id = u.scope_id
                           AND s.kind IN ('project', 'repository')
        """,
    ),
    View(
        "v_test_evidence",
        "One row per work item that changes landed for: how well these are tested, as known now.",
        {
            **CONNECTION,
            "work_item_id": "immutable id of the item",
            "key": "key of the item",
            "status_category": "todo, in_progress, in_review, done, cancelled, unknown",
            "changes": "changes that landed for it",
            "weakest": "verdict of the weakest of them",
            "tested": "of these, how many were tested at least on their head",
            "untested": "how many were not tested, landed red, or have no test in their repository",
            "unknown": "of how many it is not known",
            "lines": "lines that they altered; empty where one does not tell",
        },
        """
        SELECT c.name AS connection, w.source_id AS work_item_id, w.key AS key, w.status_category,
               e.changes, CASE e.worst WHEN 0 THEN 'merged_red' WHEN 1 THEN 'not_tested'
                    WHEN 2 THEN 'no_ci' WHEN 3 THEN 'unknown' WHEN 4 THEN 'partial'
                    WHEN 5 THEN 'stale' WHEN 6 THEN 'tested_at_head' WHEN 7 THEN 'tested_after'
                    WHEN 8 THEN 'tested' ELSE 'exempt' END AS weakest,
               e.tested, e.untested, e.unknown, e.lines
          FROM (SELECT x.to_connection_id, x.to_id, COUNT(*) AS changes, MIN(x.worst) AS worst,
                       SUM(CASE WHEN x.worst BETWEEN 6 AND 8 THEN 1 ELSE 0 END) AS tested,
                       SUM(CASE WHEN x.worst < 3 THEN 1 ELSE 0 END) AS untested,
                       SUM(CASE WHEN x.worst = 3 THEN 1 ELSE 0 END) AS unknown,
                       CASE WHEN COUNT(x.lines) = COUNT(*) THEN SUM(x.lines) END AS lines
                  FROM (SELECT DISTINCT l.to_connection_id, l.to_id, r.connection_id, r.source_id,
                               r.additions + r.deletions AS lines,
                               CASE v.verdict WHEN 'merged_red' THEN 0 WHEN 'not_tested' THEN 1
                                    WHEN 'no_ci' THEN 2 WHEN 'partial' THEN 4 WHEN 'stale' THEN 5
                                    WHEN 'tested_at_head' THEN 6 WHEN 'tested_after' THEN 7
                                    WHEN 'tested' THEN 8 WHEN 'exempt' THEN 9 ELSE 3 END AS worst
                          FROM change_link l
                          JOIN change_request r ON r.connection_id = l.from_connection_id
                               AND r.source_id = l.from_id AND r.state = 'merged'
                          LEFT JOIN verdict v ON v.connection_id = r.connection_id
                               AND v.change_request_id = r.source_id AND v.known_to IS NULL
                         WHERE l.to_kind = 'work_item' AND l.withdrawn_at IS NULL
                           AND l.kind IN ('implements', 'closes') AND NOT l.ambiguous) x
                 GROUP BY x.to_connection_id, x.to_id) e
          JOIN work_item w ON w.connection_id = e.to_connection_id AND w.source_id = e.to_id
          JOIN connection c ON c.id = w.connection_id
        """,
    ),
)
