"""Views of evidence given by hand, and of what is proven for each work item."""

from sync.store.view import View

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
)
