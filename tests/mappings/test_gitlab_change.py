"""GitLab's merge requests and what belongs to them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from support.gitlab_payloads import change, every, issues, made, only, person, user

from mappings.code_records import (
    ChangeCommits,
    ChangeFiles,
    ChangeRequest,
    PipelineRun,
    Pushes,
    References,
    Reviews,
)
from mappings.vocabulary import (
    ChangeState,
    FileChange,
    HistoryState,
    MergeMethod,
    MilestoneKind,
    RefKind,
    RefSource,
    ReviewVerdict,
)

A, B, C, D = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)


def request(**more: Any) -> ChangeRequest:
    return only(made("changes", change(**more)), ChangeRequest)


# --- as it stands ---------------------------------------------------------------------------


def test_a_merge_request_as_it_stands() -> None:
    one = request()
    assert (one.source_id, one.number, one.key, one.scope_id) == ("601", 9, "group/shop!9", "42")
    assert (one.state, one.raw_state, one.is_draft) == (ChangeState.MERGED, "merged", False)
    assert (one.author_id, one.merged_by_id, one.assignee_ids) == ("11", "12", ("11",))
    assert (one.base_ref, one.head_ref, one.head_scope_id) == ("main", "SHOP-12-cart", "42")
    assert one.merged_at == datetime(2026, 1, 8, 10, tzinfo=UTC)
    assert one.milestones == ((MilestoneKind.MILESTONE, "901"),)


@pytest.mark.parametrize(
    ("merge", "squash", "head", "landed", "method"),
    [
        (C, None, A, C, MergeMethod.MERGE),
        # A squashed commit that was merged with a merge commit.
        (C, D, A, C, MergeMethod.MERGE),
        # Some versions name the squash commit as the merge commit.
        (C, C, A, C, MergeMethod.SQUASH),
        (None, D, A, D, MergeMethod.SQUASH),
        (None, None, A, A, MergeMethod.FAST_FORWARD),
        ("", "", A, A, MergeMethod.FAST_FORWARD),
        (None, None, None, None, MergeMethod.UNKNOWN),
    ],
)
def test_what_landed_and_how(
    merge: str | None,
    squash: str | None,
    head: str | None,
    landed: str | None,
    method: MergeMethod,
) -> None:
    one = request(merge_commit_sha=merge, squash_commit_sha=squash, sha=head)
    assert (one.landed_sha, one.merge_method) == (landed, method)


@pytest.mark.parametrize("state", ["opened", "closed", "locked"])
def test_nothing_landed_of_what_is_not_merged(state: str) -> None:
    one = request(state=state, merged_at=None)
    assert (one.landed_sha, one.merge_method) == (None, MergeMethod.UNKNOWN)
    assert one.state is (ChangeState.CLOSED if state == "closed" else ChangeState.OPEN)


@pytest.mark.parametrize("older", [{"draft": True}, {"draft": None, "work_in_progress": True}])
def test_a_draft(older: dict[str, Any]) -> None:
    assert request(**older).is_draft is True


def test_a_merge_request_of_a_private_project_is_restricted() -> None:
    assert request().restricted is False
    assert request(__visibility="private").restricted is True


def test_a_fork_that_is_gone_has_no_project() -> None:
    assert request(source_project_id=None).head_scope_id is None


def test_an_older_server_tells_who_merged_by_another_name() -> None:
    assert request(merge_user=None, merged_by=user(15, "dan")).merged_by_id == "15"


def test_an_unknown_state_is_shown() -> None:
    found = made("changes", change(state="limbo"))
    assert only(found, ChangeRequest).state is ChangeState.UNKNOWN
    assert issues(found) == [("unknown-state", "limbo")]


def test_an_older_server_gives_the_key_by_its_page() -> None:
    raw = change()
    del raw["references"]
    assert only(made("changes", raw), ChangeRequest).key == "group/shop!9"


# --- references of its texts ----------------------------------------------------------------


def referred(**more: Any) -> list[tuple[RefKind, RefSource, str]]:
    found = only(made("changes", change(**more)), References)
    assert found.sources == (RefSource.BRANCH, RefSource.TITLE, RefSource.BODY)
    return [(one.kind, one.source, one.target) for one in found.references]


def test_texts_refer_to_items() -> None:
    body = "Closes #1, #2 and #3. Implements SHOP-9, see !4 and other/project#5"
    assert referred(title="SHOP-7: cart", description=body) == [
        (RefKind.IMPLEMENTS, RefSource.BRANCH, "SHOP-12"),
        (RefKind.IMPLEMENTS, RefSource.TITLE, "SHOP-7"),
        (RefKind.CLOSES, RefSource.BODY, "#1"),
        (RefKind.CLOSES, RefSource.BODY, "#2"),
        (RefKind.CLOSES, RefSource.BODY, "#3"),
        (RefKind.CLOSES, RefSource.BODY, "SHOP-9"),
        (RefKind.MENTIONS, RefSource.BODY, "!4"),
        (RefKind.MENTIONS, RefSource.BODY, "other/project#5"),
    ]


def test_a_robot_quotes_numbers_of_others() -> None:
    found = referred(
        author=user(13, "renovate-bot"), source_branch="x", description="Fixes #88 of theirs"
    )
    assert found == []


# --- details --------------------------------------------------------------------------------


def rest(**parts: Any) -> dict[str, Any]:
    """Details as REST gives them."""
    return {
        "__api": "rest",
        "id": "601",
        "iid": "9",
        "project_id": "42",
        "project_path": "group/shop",
        "approvals": [],
        "reviewers": [],
        "commits": [],
        "files": [],
        "versions": [],
        "closes": [],
        "pipelines": [],
        "notes": [],
        **parts,
    }


def graphql(**parts: Any) -> dict[str, Any]:
    """Details as GraphQL gives them."""
    absent = {"unavailable": "GraphQL does not tell", "status": None}
    return {
        "__api": "graphql",
        "id": "601",
        "iid": "9",
        "projectId": "42",
        "projectPath": "group/shop",
        "approvals": {"nodes": []},
        "reviewers": {"nodes": []},
        "commits": {"nodes": []},
        "files": {"stats": [], "summary": {"fileCount": 0}},
        "notes": {"nodes": []},
        "pipelines": {"nodes": []},
        "versions": absent,
        "closes": absent,
        **parts,
    }


def test_both_apis_tell_of_the_same_reviews() -> None:
    by_rest = rest(
        approvals=[{"user": user(), "approved_at": "2026-01-08T09:00:00.700Z"}],
        reviewers=[
            {"user": user(), "state": "approved"},
            {"user": user(12, "ben"), "state": "requested_changes"},
            {"user": user(13, "cay"), "state": "unreviewed"},
        ],
    )
    by_graphql = graphql(
        approvals={"nodes": [person()]},
        reviewers={
            "nodes": [
                {**person(), "mergeRequestInteraction": {"reviewState": "APPROVED"}},
                {
                    **person(12, "ben"),
                    "mergeRequestInteraction": {"reviewState": "REQUESTED_CHANGES"},
                },
                {**person(13, "cay"), "mergeRequestInteraction": {"reviewState": "UNREVIEWED"}},
            ]
        },
        notes={
            "nodes": [
                {
                    "createdAt": "2026-01-08T09:00:00Z",
                    "author": person(),
                    "systemNoteMetadata": {"action": "approved"},
                }
            ]
        },
    )
    one, other = (only(made("change_details", raw), Reviews) for raw in (by_rest, by_graphql))
    assert one == other
    assert one.state is HistoryState.COMPLETE
    assert [(x.reviewer_id, x.verdict, x.at) for x in one.reviews] == [
        ("11", ReviewVerdict.APPROVED, datetime(2026, 1, 8, 9, tzinfo=UTC)),
        ("12", ReviewVerdict.CHANGES_REQUESTED, None),
        ("13", ReviewVerdict.PENDING, None),
    ]


def note(day: int, action: str) -> dict[str, Any]:
    return {"created_at": f"2026-01-{day:02}T09:00:00Z", "action": action, "author": user()}


def test_an_approval_that_was_taken_back_and_given_again_has_its_last_time() -> None:
    """B132: Times come from notes."""
    raw = rest(
        approvals=[{"user": user()}],
        notes=[note(5, "approved"), note(7, "approved"), note(6, "unapproved")],
    )
    [review] = only(made("change_details", raw), Reviews).reviews
    assert review.at == datetime(2026, 1, 7, 9, tzinfo=UTC)


def test_an_approval_whose_time_nobody_tells_has_none() -> None:
    """B132: A time that no note tells is not made up."""
    [review] = only(made("change_details", rest(approvals=[{"user": user()}])), Reviews).reviews
    assert (review.verdict, review.at) == (ReviewVerdict.APPROVED, None)


NO = {"unavailable": "the token has no permission for this", "status": 403}


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ({"approvals": NO}, HistoryState.PARTIAL),
        ({"reviewers": NO}, HistoryState.PARTIAL),
        ({"approvals": NO, "reviewers": NO}, HistoryState.UNAVAILABLE),
    ],
)
def test_reviews_that_were_not_read_are_no_empty_ones(
    parts: dict[str, Any], state: HistoryState
) -> None:
    found = only(made("change_details", rest(**parts)), Reviews)
    assert (found.state, found.reason) == (state, NO["unavailable"])


@pytest.mark.parametrize(
    ("part", "kind"),
    [("commits", ChangeCommits), ("files", ChangeFiles), ("versions", Pushes)],
)
def test_a_part_that_was_not_read_says_why(part: str, kind: Any) -> None:
    found = only(made("change_details", rest(**{part: NO})), kind)
    assert (found.state, found.reason) == (HistoryState.UNAVAILABLE, NO["unavailable"])


def test_commits_come_oldest_first() -> None:
    listed = [
        {
            "id": B,
            "parent_ids": [A],
            "title": "second",
            "message": "second\n\nFixes #4",
            "authored_date": "2026-01-07T12:00:00.000+02:00",
            "committed_date": "2026-01-07T11:00:00.000Z",
        },
        {"id": A, "title": "first", "message": "first"},
    ]
    found = only(made("change_details", rest(commits=listed)), ChangeCommits)
    assert [one.sha for one in found.commits] == [A, B]
    assert found.commits[1].parents == (A,)
    assert found.commits[1].authored_at == datetime(2026, 1, 7, 10, tzinfo=UTC)
    nodes = [
        {"sha": B, "title": "second", "authoredDate": "2026-01-07T10:00:00Z", "author": person()},
        {"sha": A, "title": "first", "author": None},
    ]
    by_graphql = only(
        made("change_details", graphql(commits={"nodes": nodes}, commitCount=3)), ChangeCommits
    )
    assert [one.sha for one in by_graphql.commits] == [A, B]
    assert [one.author_id for one in by_graphql.commits] == [None, "11"]
    assert (by_graphql.state, by_graphql.reason) == (
        HistoryState.PARTIAL,
        "the server gives 2 of 3 commits",
    )


def test_references_of_commits_and_those_that_gitlab_declares() -> None:
    raw = rest(
        commits=[{"id": A, "message": "SHOP-3: cart\n\nCloses #4"}],
        closes=[
            {"id": 501, "iid": 7, "references": {"full": "group/shop#7"}},
            {"id": 502, "iid": 8},
            {"id": "SHOP-9"},
        ],
    )
    found = only(made("change_details", raw), References)
    assert found.sources == (RefSource.DECLARED, RefSource.COMMIT)
    assert [(one.kind, one.source, one.target, one.target_id) for one in found.references] == [
        (RefKind.CLOSES, RefSource.DECLARED, "group/shop#7", "501"),
        (RefKind.CLOSES, RefSource.DECLARED, "#8", "502"),
        (RefKind.CLOSES, RefSource.DECLARED, "SHOP-9", None),
        (RefKind.IMPLEMENTS, RefSource.COMMIT, "SHOP-3", None),
        (RefKind.CLOSES, RefSource.COMMIT, "#4", None),
    ]
    by_graphql = only(made("change_details", graphql()), References)
    assert by_graphql.sources == (RefSource.COMMIT,)
    assert every(made("change_details", rest(closes=NO, commits=NO)), References) == []


# --- files ----------------------------------------------------------------------------------


def files(raw: dict[str, Any]) -> ChangeFiles:
    return only(made("change_details", raw), ChangeFiles)


def test_files_by_rest() -> None:
    listed = [
        {"new_path": "new.py", "old_path": "new.py", "new_file": True, "additions": 3},
        {"new_path": "b.py", "old_path": "a.py", "renamed_file": True},
        {"new_path": "old.py", "old_path": "old.py", "deleted_file": True},
        {"new_path": "c.py", "old_path": "c.py", "additions": 1, "deletions": 2},
    ]
    found = files(rest(files=listed))
    assert found.state is HistoryState.COMPLETE
    assert [(one.path, one.change, one.old_path) for one in found.files] == [
        ("b.py", FileChange.RENAMED, "a.py"),
        ("c.py", FileChange.MODIFIED, None),
        ("new.py", FileChange.ADDED, None),
        ("old.py", FileChange.REMOVED, None),
    ]
    assert (found.files[1].additions, found.files[1].deletions) == (1, 2)


def test_graphql_does_not_tell_what_happened_to_a_path() -> None:
    stats = [{"path": "c.py", "additions": 1, "deletions": 2}]
    found = files(graphql(files={"stats": stats, "summary": {"fileCount": 1}}))
    assert [(x.path, x.change, x.additions) for x in found.files] == [
        ("c.py", FileChange.UNKNOWN, 1)
    ]
    assert found.state is HistoryState.COMPLETE


@pytest.mark.parametrize(
    "raw",
    [
        graphql(files={"stats": [{"path": "c.py"}], "summary": {"fileCount": 2}}),
        rest(
            files=[{"new_path": "c.py"}],
            versions=[{"id": 1, "real_size": "1"}, {"id": 2, "real_size": "2"}],
        ),
        rest(files=[{"new_path": "c.py"}], versions=[{"id": 1, "real_size": "1+"}]),
        rest(files={"files": [{"new_path": "c.py"}], "overflow": True}),
    ],
)
def test_a_list_that_was_cut_is_partial(raw: dict[str, Any]) -> None:
    assert files(raw).state is HistoryState.PARTIAL
    assert files(raw).reason


# --- pushes ---------------------------------------------------------------------------------


def version(id_: int, head: str, day: int) -> dict[str, Any]:
    at = f"2026-01-{day:02}T10:00:00Z"
    return {"id": id_, "head_commit_sha": head, "created_at": at, "real_size": "0"}


def test_versions_are_pushes_and_a_new_base_is_none() -> None:
    raw = rest(
        versions=[version(3, B, 7), version(2, A, 6), version(1, A, 5)],
        commits=[{"id": B}, {"id": A}],
    )
    found = only(made("change_details", raw), Pushes)
    assert [(x.source_id, x.before_sha, x.after_sha, x.is_force) for x in found.pushes] == [
        ("1", None, A, False),
        ("3", A, B, False),
    ]


def test_a_push_whose_former_head_is_gone_rewrote_history() -> None:
    raw = rest(versions=[version(1, A, 5), version(2, B, 6)], commits=[{"id": B}])
    assert [one.is_force for one in only(made("change_details", raw), Pushes).pushes] == [
        False,
        True,
    ]


def test_a_version_without_a_time_is_told() -> None:
    found = made("change_details", rest(versions=[{"id": 1}]))
    assert only(found, Pushes).pushes == ()
    assert ("bad-push", "1") in issues(found)


# --- pipelines of a fork --------------------------------------------------------------------


def test_pipelines_of_a_fork_are_seen_at_the_merge_request_only() -> None:
    own = {"id": 1, "project_id": 42, "status": "success", "ref": "refs/merge-requests/9/head"}
    fork = {**own, "id": 2, "project_id": 77, "sha": A, "source": "merge_request_event"}
    found = every(made("change_details", rest(pipelines=[own, fork])), PipelineRun)
    assert [(one.source_id, one.scope_id, one.change_numbers) for one in found] == [
        ("2", "77", (9,))
    ]
    node = {
        "id": "gid://gitlab/Ci::Pipeline/2",
        "status": "SUCCESS",
        "sha": A,
        "ref": "refs/merge-requests/9/head",
        "mergeRequestEventType": "DETACHED",
        "source": "merge_request_event",
        "project": {"id": "gid://gitlab/Project/77"},
    }
    raw = graphql(pipelines={"nodes": [node]})
    assert every(made("change_details", raw), PipelineRun) == found
