"""The views of code hosting, and of what is judged over several systems."""

from sync.store.view import CONNECTION, PRESENCE, View

_REPOSITORY = {"repository": "key of the repository or project"}
_CHANGE = {
    "change_request_id": "immutable id of the change",
    "change_key": "key of the change",
}
_TESTS = {
    "tests_total": "tests that ran, where that is told",
    "tests_failed": "of these, how many failed",
    "tests_skipped": "of these, how many were skipped",
    "coverage": "percent of the code that was covered, where that is told",
}
_SCOPE_JOIN = (
    "LEFT JOIN scope s ON s.connection_id = {0}.connection_id AND s.source_id = {0}.scope_id "
    "AND s.kind IN ('project', 'repository')"
)
_CHANGE_JOIN = (
    "LEFT JOIN change_request r ON r.connection_id = {0}.connection_id "
    "AND r.source_id = {0}.change_request_id"
)

CODE_VIEWS: tuple[View, ...] = (
    View(
        "v_change_request",
        "One row per pull or merge request as it stands now.",
        {
            **CONNECTION,
            "change_request_id": "immutable id at the source",
            "key": "key a person knows it by: owner/name#12, group/project!7",
            **_REPOSITORY,
            "number": "number in its repository",
            "title": "title; empty for restricted changes",
            "state": "open, merged, closed, unknown",
            "raw_state": "state in the source's words",
            "is_draft": "whether it is a draft",
            "author": "name of the account that made it",
            "merged_by": "name of the account that merged it",
            "base_ref": "branch it asks to change",
            "head_ref": "branch it comes from",
            "head_sha": "newest commit of the change",
            "head_tree": "tree of that commit, where it is told",
            "landed_sha": "commit that landed on the base branch",
            "landed_tree": "tree of that commit, where it is told",
            "base_sha_at_merge": "first parent of what landed; empty while unknown",
            "base_known": "how that is known: source, observed, inferred",
            "merge_method": "merge, squash, rebase, fast_forward, unknown",
            "additions": "lines added",
            "deletions": "lines removed",
            "changed_files": "files it touches",
            "created_at": "when it was created (UTC)",
            "updated_at": "when it last changed at the source (UTC)",
            "closed_at": "when it was closed (UTC); of a merged one only where the source tells",
            "merged_at": "when it was merged (UTC)",
            "files_state": "complete, partial, not_fetched, unavailable; empty: never asked",
            "reviews_state": "the same for its reviews",
            "commits_state": "the same for its commits",
            "restricted": "whether only some people may see it",
            "url": "address of its page",
            **PRESENCE,
        },
        f"""
        SELECT c.name AS connection, r.source_id AS change_request_id, r.key AS key,
               s.key AS repository, r.number AS number,
               CASE WHEN r.restricted THEN '' ELSE r.title END AS title,
               r.state AS state, r.raw_state, r.is_draft, a.name AS author, b.name AS merged_by,
               r.base_ref, CASE WHEN r.restricted THEN '' ELSE r.head_ref END AS head_ref,
               r.head_sha, r.head_tree, r.landed_sha, r.landed_tree,
               r.base_sha_at_merge, r.base_known, r.merge_method, r.additions, r.deletions,
               r.changed_files, r.created_at, r.updated_at, r.closed_at, r.merged_at,
               f.state AS files_state, v.state AS reviews_state, k.state AS commits_state,
               r.restricted, r.url, r.first_seen_at, r.gone_at, r.gone_reason
          FROM change_request r
          JOIN connection c ON c.id = r.connection_id
          {_SCOPE_JOIN.format("r")}
          LEFT JOIN account a ON a.connection_id = r.connection_id AND a.source_id = r.author_id
          LEFT JOIN account b ON b.connection_id = r.connection_id AND b.source_id = r.merged_by_id
          LEFT JOIN change_part f ON f.connection_id = r.connection_id
               AND f.change_request_id = r.source_id AND f.part = 'files' AND f.known_to IS NULL
          LEFT JOIN change_part v ON v.connection_id = r.connection_id
               AND v.change_request_id = r.source_id AND v.part = 'reviews' AND v.known_to IS NULL
          LEFT JOIN change_part k ON k.connection_id = r.connection_id
               AND k.change_request_id = r.source_id AND k.part = 'commits' AND k.known_to IS NULL
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_change_file",
        "One row per path that a change touches, as known now.",
        {
            **CONNECTION,
            **_CHANGE,
            "path": "path",
            "change": "added, modified, removed, renamed, copied, unknown",
            "additions": "lines added",
            "deletions": "lines removed",
            "old_path": "former path of a rename",
        },
        f"""
        SELECT c.name AS connection, f.change_request_id, r.key AS change_key, f.path, f.change,
               f.additions, f.deletions, f.old_path
          FROM change_file f
          JOIN connection c ON c.id = f.connection_id
          {_CHANGE_JOIN.format("f")}
         WHERE f.known_to IS NULL
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_review",
        "One row per review or approval of a change, as known now.",
        {
            **CONNECTION,
            **_CHANGE,
            "review_id": "immutable id at the source",
            "reviewer": "name of the account that reviewed",
            "verdict": "approved, changes_requested, commented, dismissed, pending, unknown",
            "raw_verdict": "verdict in the source's words",
            "commit_sha": "commit it saw, where that is told",
            "at": "when (UTC)",
            "url": "address of its page",
        },
        f"""
        SELECT c.name AS connection, v.change_request_id, r.key AS change_key,
               v.source_id AS review_id, a.name AS reviewer, v.verdict, v.raw_verdict,
               v.commit_sha, v.at, v.url
          FROM review v
          JOIN connection c ON c.id = v.connection_id
          {_CHANGE_JOIN.format("v")}
          LEFT JOIN account a ON a.connection_id = v.connection_id AND a.source_id = v.reviewer_id
         WHERE v.known_to IS NULL
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_change_commit",
        "One row per commit of a change, as known now.",
        {
            **CONNECTION,
            **_CHANGE,
            "position": "0 for the oldest",
            "sha": "the commit",
            "tree": "its tree, where it is told",
            "author": "name of the account that wrote it",
            "authored_at": "when it was written (UTC)",
            "committed_at": "when it was committed (UTC)",
        },
        f"""
        SELECT c.name AS connection, x.change_request_id, r.key AS change_key,
               x.position AS position, x.sha, k.tree, a.name AS author, k.authored_at,
               k.committed_at
          FROM change_commit x
          JOIN connection c ON c.id = x.connection_id
          {_CHANGE_JOIN.format("x")}
          LEFT JOIN code_commit k ON k.connection_id = x.connection_id
               AND k.scope_id = r.scope_id AND k.sha = x.sha
          LEFT JOIN account a ON a.connection_id = k.connection_id AND a.source_id = k.author_id
         WHERE x.known_to IS NULL
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_push",
        "One row per push to a change that the source tells of, as known now.",
        {
            **CONNECTION,
            **_CHANGE,
            "at": "when (UTC)",
            "is_force": "whether it replaced commits",
            "before_sha": "head before, where it is told",
            "after_sha": "head after, where it is told",
            "actor": "name of the account that pushed",
        },
        f"""
        SELECT c.name AS connection, p.change_request_id, r.key AS change_key, p.at, p.is_force,
               p.before_sha, p.after_sha, a.name AS actor
          FROM push_event p
          JOIN connection c ON c.id = p.connection_id
          {_CHANGE_JOIN.format("p")}
          LEFT JOIN account a ON a.connection_id = p.connection_id AND a.source_id = p.actor_id
         WHERE p.known_to IS NULL
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_reference",
        "One row per thing that a change names, as written and as known now.",
        {
            **CONNECTION,
            **_CHANGE,
            "source": "where it stands: declared, branch, title, body, commit",
            "kind": "closes, implements, mentions, reverts",
            "target": "what is named, as written",
            "span": "words around it; empty for restricted changes",
        },
        f"""
        SELECT c.name AS connection, n.change_request_id, r.key AS change_key, n.source, n.kind,
               n.target, CASE WHEN r.restricted THEN '' ELSE n.span END AS span
          FROM reference n
          JOIN connection c ON c.id = n.connection_id
          {_CHANGE_JOIN.format("n")}
         WHERE n.known_to IS NULL
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_change_link",
        "One row per change and what it belongs to, over all connections.",
        {
            **CONNECTION,
            **_CHANGE,
            "to_connection": "name of the connection of the other end",
            "to_kind": "work_item, or change_request for what it reverts",
            "to_id": "immutable id of the other end",
            "to_key": "key of the other end",
            "kind": "implements, closes, mentions, reverts",
            "method": "how it is known, most trusted first: declared, closing_word, branch, title, "
            "body, commit, mention",
            "confidence": "0 to 1",
            "evidence": "the words that say so; empty for restricted changes",
            "ambiguous": "whether items of several servers answer to what was written",
            "first_seen_at": "when driftline first saw it (UTC)",
            "withdrawn_at": "since when nothing says so any more (UTC); empty while it does",
        },
        """
        SELECT c.name AS connection, l.from_id AS change_request_id, r.key AS change_key,
               d.name AS to_connection, l.to_kind, l.to_id, COALESCE(w.key, o.key) AS to_key,
               l.kind, l.method, l.confidence,
               CASE WHEN r.restricted THEN '' ELSE l.evidence END AS evidence, l.ambiguous,
               l.first_seen_at, l.withdrawn_at
          FROM change_link l
          JOIN connection c ON c.id = l.from_connection_id
          JOIN connection d ON d.id = l.to_connection_id
          LEFT JOIN change_request r ON r.connection_id = l.from_connection_id
               AND r.source_id = l.from_id
          LEFT JOIN work_item w ON l.to_kind = 'work_item' AND w.connection_id = l.to_connection_id
               AND w.source_id = l.to_id
          LEFT JOIN change_request o ON l.to_kind = 'change_request'
               AND o.connection_id = l.to_connection_id AND o.source_id = l.to_id
        """,
    ),
    View(
        "v_change_membership",
        "One row per interval of a change in a milestone, as known now.",
        {
            **CONNECTION,
            "milestone_kind": "kind of the milestone",
            "milestone_id": "immutable id of the milestone",
            "milestone": "name of the milestone",
            **_CHANGE,
            "valid_from": "since when (UTC)",
            "valid_to": "until when (UTC); empty while it is a member",
            "from_exact": "false: it held at valid_from, and since when is not known",
        },
        """
        SELECT c.name AS connection, x.milestone_kind, x.milestone_id, m.name AS milestone,
               x.member_id AS change_request_id, r.key AS change_key, x.valid_from, x.valid_to,
               x.from_exact
          FROM scope_membership x
          JOIN connection c ON c.id = x.connection_id
          LEFT JOIN milestone m ON m.connection_id = x.connection_id AND m.kind = x.milestone_kind
                               AND m.source_id = x.milestone_id
          LEFT JOIN change_request r ON r.connection_id = x.connection_id
                               AND r.source_id = x.member_id
         WHERE x.known_to IS NULL AND x.member_kind = 'change_request'
        """,
    ),
    View(
        "v_pipeline_run",
        "One row per attempt of a pipeline or workflow run.",
        {
            **CONNECTION,
            "run_id": "immutable id at the source",
            "attempt": "number of the attempt",
            **_REPOSITORY,
            "name": "name of the workflow or pipeline",
            "kind": "branch, change, merge_result, train, tag, schedule, child, other, unknown",
            "raw_event": "what started it, in the source's words",
            "sha": "commit it ran on",
            "ref": "branch or tag it ran for",
            "conclusion": "success, failure, timed_out, cancelled, skipped, neutral, "
            "action_required, stale, pending, unknown",
            "raw_status": "status in the source's words",
            "raw_conclusion": "conclusion in the source's words",
            **_TESTS,
            "created_at": "when it was created (UTC)",
            "started_at": "when it began (UTC)",
            "finished_at": "when it ended (UTC)",
            "url": "address of its page",
            "number": "place in the source's count of the runs of this workflow or project",
            "base_sha": "tip of the base branch that it was built with, where that is known",
            "base_known": "how it is known: source, observed, inferred",
            **PRESENCE,
        },
        f"""
        SELECT c.name AS connection, p.source_id AS run_id, p.attempt AS attempt,
               s.key AS repository, p.name AS name, p.kind, p.raw_event, p.sha, p.ref,
               p.conclusion, p.raw_status, p.raw_conclusion, p.tests_total, p.tests_failed,
               p.tests_skipped, p.coverage, p.created_at, p.started_at, p.finished_at, p.url,
               p.number, p.base_sha, p.base_known, p.first_seen_at, p.gone_at, p.gone_reason
          FROM pipeline_run p
          JOIN connection c ON c.id = p.connection_id
          {_SCOPE_JOIN.format("p")}
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_check",
        "One row per check run, commit status or job, as known now.",
        {
            **CONNECTION,
            **_REPOSITORY,
            "source": "check_run, status, job",
            "check_id": "immutable id at the source",
            "sha": "commit it ran on",
            "name": "name of the check",
            "app": "app or account that reported it",
            "stage": "stage or workflow it belongs to",
            "run_id": "run it belongs to",
            "attempt": "number of the attempt",
            "conclusion": "success, failure, timed_out, cancelled, skipped, neutral, "
            "action_required, stale, pending, unknown",
            "raw_status": "status in the source's words",
            "raw_conclusion": "conclusion in the source's words",
            "allow_failure": "whether it may fail without consequence",
            "is_superseded": "whether a newer attempt of it exists",
            "is_required": "whether merging requires it; empty where that is not told",
            **_TESTS,
            "started_at": "when it began (UTC)",
            "finished_at": "when it ended (UTC)",
            "url": "address of its page",
        },
        f"""
        SELECT c.name AS connection, s.key AS repository, k.source, k.source_id AS check_id,
               k.sha, k.name AS name, k.app, k.stage, k.run_id, k.attempt AS attempt,
               k.conclusion, k.raw_status, k.raw_conclusion, k.allow_failure, k.is_superseded,
               k.is_required, k.tests_total, k.tests_failed, k.tests_skipped, k.coverage,
               k.started_at, k.finished_at, k.url
          FROM check_result k
          JOIN connection c ON c.id = k.connection_id
          {_SCOPE_JOIN.format("k")}
         WHERE k.known_to IS NULL
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_check_state",
        "One row per set of checks that was asked for, and whether it came; no row: never asked.",
        {
            **CONNECTION,
            **_REPOSITORY,
            "subject_kind": "commit, run (its jobs), branch (what merging requires)",
            "subject": "sha, id of the run, or name of the branch",
            "source": "check_run, status, job, required",
            "state": "complete, partial, unavailable",
            "reason": "why it is not complete",
        },
        f"""
        SELECT c.name AS connection, s.key AS repository, k.subject_kind, k.subject_id AS subject,
               k.source, k.state AS state, k.reason
          FROM checks_state k
          JOIN connection c ON c.id = k.connection_id
          {_SCOPE_JOIN.format("k")}
         WHERE k.known_to IS NULL
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_required_check",
        "One row per check without which a branch takes no merge, as known now.",
        {
            **CONNECTION,
            **_REPOSITORY,
            "branch": "name of the branch",
            "name": "name of the check",
        },
        f"""
        SELECT c.name AS connection, s.key AS repository, q.branch, q.name AS name
          FROM required_check q
          JOIN connection c ON c.id = q.connection_id
          {_SCOPE_JOIN.format("q")}
         WHERE q.known_to IS NULL
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_default_branch",
        "One row per repository and branch that it shows first, or showed before.",
        {
            **CONNECTION,
            **_REPOSITORY,
            "branch": "name of the branch",
            "known_from": "since when we know it (UTC)",
            "known_to": "until when it was that (UTC); empty while it is",
        },
        f"""
        SELECT c.name AS connection, s.key AS repository, b.name AS branch, b.known_from, b.known_to
          FROM default_branch b
          JOIN connection c ON c.id = b.connection_id
          {_SCOPE_JOIN.format("b")}
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_branch_tip",
        "One row per branch that is followed and commit that it pointed to.",
        {
            **CONNECTION,
            **_REPOSITORY,
            "branch": "name of the branch",
            "sha": "the commit",
            "known_from": "since when we know it (UTC)",
            "known_to": "until when it pointed there; empty while it does",
        },
        f"""
        SELECT c.name AS connection, s.key AS repository, b.branch, b.sha,
               b.known_from, b.known_to
          FROM branch_tip b
          JOIN connection c ON c.id = b.connection_id
          {_SCOPE_JOIN.format("b")}
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_tree_comparison",
        "One row per pair of commits of which the source was asked whether they are equal.",
        {
            **CONNECTION,
            **_REPOSITORY,
            "sha": "what landed",
            "other_sha": "a commit that tests ran on",
            "is_equal": "whether both hold the same content; empty: the source could not say",
            "reason": "why not",
            "first_seen_at": "when it was asked (UTC)",
        },
        f"""
        SELECT c.name AS connection, s.key AS repository, t.sha, t.other_sha, t.is_equal,
               t.reason, t.first_seen_at
          FROM tree_comparison t
          JOIN connection c ON c.id = t.connection_id
          {_SCOPE_JOIN.format("t")}
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_release",
        "One row per tag, with its release where there is one.",
        {
            **CONNECTION,
            **_REPOSITORY,
            "tag": "name of the tag",
            "sha": "commit it names",
            "name": "name of the release",
            "is_draft": "whether it is a draft",
            "is_prerelease": "whether it is called a pre-release",
            "created_at": "when it was created (UTC)",
            "published_at": "when it was published (UTC)",
            "url": "address of its page",
            **PRESENCE,
        },
        f"""
        SELECT c.name AS connection, s.key AS repository, t.tag, t.sha, t.name AS name, t.is_draft,
               t.is_prerelease, t.created_at, t.published_at, t.url, t.first_seen_at, t.gone_at,
               t.gone_reason
          FROM release t
          JOIN connection c ON c.id = t.connection_id
          {_SCOPE_JOIN.format("t")}
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_deployment",
        "One row per deployment of a commit.",
        {
            **CONNECTION,
            **_REPOSITORY,
            "deployment_id": "immutable id at the source",
            "environment": "where it runs",
            "sha": "commit that was deployed",
            "ref": "branch or tag that was deployed",
            "state": "pending, running, success, failed, cancelled, inactive, unknown",
            "raw_state": "state in the source's words",
            "created_at": "when it was created (UTC)",
            "finished_at": "when it ended (UTC)",
            "url": "address of its page",
            **PRESENCE,
        },
        f"""
        SELECT c.name AS connection, s.key AS repository, t.source_id AS deployment_id,
               t.environment, t.sha, t.ref, t.state AS state, t.raw_state, t.created_at,
               t.finished_at, t.url, t.first_seen_at, t.gone_at, t.gone_reason
          FROM deployment t
          JOIN connection c ON c.id = t.connection_id
          {_SCOPE_JOIN.format("t")}
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_verdict",
        "One row per landed change: whether what landed was tested, as known now.",
        {
            **CONNECTION,
            **_CHANGE,
            "verdict": "tested, tested_after, tested_at_head, stale, partial, exempt, unknown, "
            "no_ci, not_tested, merged_red",
            "landed_sha": "commit it was judged for",
            "known_from": "since when this is the verdict (UTC)",
            **_REPOSITORY,
            "subject": "change, or direct_push: pushed to the branch without a change",
            "landed_at": "when it landed (UTC)",
            "weakest": "check that decided",
            "weakest_grade": "its grade: FAILED, NONE, NOT-RUN, STALE, PREVIEW-STALE, "
            "BATCHED(n), HEAD, PREVIEW, EXACT-AFTER, EXACT, LATE, UNKNOWN",
            "proof_url": "page of the result that decided, where the source gives one",
            "gated": "gated, partly_gated, not_gated, bypassed; empty while unknown",
            "reviewed": "reviewed, stale_approval, not_reviewed; empty while unknown",
            "depth": "what tells how much ran: check, counts, coverage; empty: nothing ran",
            "exempt_rule": "rule that exempts it, also where a failure stands above it",
        },
        f"""
        SELECT c.name AS connection, v.change_request_id, r.key AS change_key, v.verdict,
               v.landed_sha, v.known_from, s.key AS repository, v.subject, v.landed_at, v.weakest,
               v.weakest_grade, v.proof_url, v.gated, v.reviewed, v.depth, v.exempt_rule
          FROM verdict v
          JOIN connection c ON c.id = v.connection_id
          {_CHANGE_JOIN.format("v")}
          {_SCOPE_JOIN.format("v")}
         WHERE v.known_to IS NULL
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_exemption",
        "One row per repository and rule that exempts changes from being tested: its counter.",
        {
            **CONNECTION,
            **_REPOSITORY,
            "rule": "name of the rule",
            "kind": "what it looks at: docs, renames, …",
            "owner": "who answers for it",
            "reason": "why it is there",
            "expires_on": "last day in force; empty: open",
            "matched": "changes that it matches",
            "exempted": "of these, those whose verdict is exempt",
            "landed": "changes and pushes of the repository that are judged",
        },
        f"""
        SELECT c.name AS connection, s.key AS repository, v.exempt_rule AS rule, e.kind, e.owner,
               e.reason, e.expires_on, COUNT(*) AS matched,
               SUM(CASE WHEN v.verdict = 'exempt' THEN 1 ELSE 0 END) AS exempted,
               MAX(n.landed) AS landed
          FROM verdict v
          JOIN connection c ON c.id = v.connection_id
          JOIN (SELECT connection_id, scope_id, COUNT(*) AS landed FROM verdict
                 WHERE known_to IS NULL GROUP BY connection_id, scope_id) n
               ON n.connection_id = v.connection_id AND n.scope_id = v.scope_id
          LEFT JOIN exemption_rule e ON e.name = v.exempt_rule AND e.known_to IS NULL
          {_SCOPE_JOIN.format("v")}
         WHERE v.known_to IS NULL AND v.exempt_rule IS NOT NULL
         GROUP BY c.name, s.key, v.exempt_rule, e.kind, e.owner, e.reason, e.expires_on
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_test_check",
        "One row per check of a repository and whether it counts as a test, as known now.",
        {
            **CONNECTION,
            **_REPOSITORY,
            "name": "name of the check",
            "is_test": "whether it counts as a test",
            "why": "why",
            "confirmed_by": "who confirmed it; empty until a person has",
            "confirmed_at": "when (UTC)",
        },
        f"""
        SELECT c.name AS connection, s.key AS repository, t.name AS name, t.is_test, t.why,
               t.confirmed_by, t.confirmed_at
          FROM test_check t
          JOIN connection c ON c.id = t.connection_id
          {_SCOPE_JOIN.format("t")}
         WHERE t.known_to IS NULL
        """,  # noqa: S608  # texts of our own
    ),
    View(
        "v_person",
        "One row per account that is configured as a person's.",
        {
            "person": "name in the configuration",
            **CONNECTION,
            "account_id": "immutable id of the account at the source",
            "login": "its login",
            "known_from": "since when it is configured so (UTC)",
        },
        """
        SELECT p.person, c.name AS connection, p.account_id, a.login, p.known_from
          FROM person_account p
          JOIN connection c ON c.id = p.connection_id
          LEFT JOIN account a ON a.connection_id = p.connection_id AND a.source_id = p.account_id
         WHERE p.known_to IS NULL
        """,
    ),
    View(
        "v_milestone_part",
        "One row per milestone of one system that is, or was, a part of a program milestone.",
        {
            "program": "name of the program milestone",
            **CONNECTION,
            "milestone_kind": "kind of the milestone",
            "milestone_id": "immutable id of the milestone",
            "milestone": "name of the milestone",
            "valid_from": "since when it is a part (UTC); the beginning of 1970: all the time",
            "valid_to": "until when (UTC); empty while it is",
            "known_from": "since when this is said (UTC)",
            "author": "who said so; `configuration` for what stands there",
        },
        """
        SELECT p.name AS program, c.name AS connection, p.milestone_kind, p.milestone_id,
               m.name AS milestone, p.valid_from, p.valid_to, p.known_from, p.author
          FROM milestone_part p
          JOIN connection c ON c.id = p.connection_id
          LEFT JOIN milestone m ON m.connection_id = p.connection_id AND m.kind = p.milestone_kind
                               AND m.source_id = p.milestone_id
         WHERE p.known_to IS NULL
        """,
    ),
    View(
        "v_team_rule",
        "One row per rule that tells an item's team; the first that matches counts.",
        {
            **CONNECTION,
            "place": "its place among the rules of the connection, from 0",
            "team": "name of the team",
            "component": "component that an item must have; empty: any",
            "label": "label that it must have; empty: any",
            "team_field": "what its team field must say; empty: anything",
            "project": "project or repository that it must be of; empty: any",
            "since": "first day in force; empty: always was",
            "until": "last day in force; empty: still is",
            "known_from": "since when it is configured so (UTC)",
        },
        """
        SELECT c.name AS connection, r.place, r.name AS team, r.component, r.label, r.team_field,
               r.project, r.since, r.until, r.known_from
          FROM team_rule r
          JOIN connection c ON c.id = r.connection_id
         WHERE r.known_to IS NULL
        """,
    ),
    View(
        "v_calendar",
        "One row per rule of the working calendars.",
        {
            "team": "name of the team; empty: everybody who has no rule of the kind",
            "place": "its place among the rules of the team, from 0",
            "work_days": "ISO week days that are worked, as 1 2 3 4 5; empty: it is about days off",
            "first_day": "first day off",
            "last_day": "last day off",
            "known_from": "since when it is configured so (UTC)",
        },
        """
        SELECT team, place, work_days, first_day, last_day, known_from
          FROM calendar_rule
         WHERE known_to IS NULL
        """,
    ),
)
