"""GitLab's pipelines, jobs, releases and deployments."""

from datetime import UTC, datetime
from typing import Any

import pytest
from support.gitlab_payloads import BASE, issues, made, only

from mappings.code_records import CheckResult, Deployment, PipelineRun, Release, RunJobs
from mappings.vocabulary import (
    CheckSource,
    Conclusion,
    DeploymentState,
    HistoryState,
    PipelineKind,
)

SHA = "a" * 40


def rest_run(**more: Any) -> dict[str, Any]:
    return {
        "__api": "rest",
        "id": 301,
        "project_id": "42",
        "project_path": "group/shop",
        "status": "success",
        "source": "push",
        "ref": "main",
        "tag": False,
        "sha": SHA,
        "name": "nightly",
        "created_at": "2026-01-05T10:00:00.123Z",
        "started_at": "2026-01-05T10:00:10.456Z",
        "finished_at": "2026-01-05T10:05:00.789Z",
        "updated_at": "2026-01-05T10:05:00.789Z",
        "coverage": "81.50",
        "web_url": f"{BASE}/group/shop/-/pipelines/301",
        **more,
    }


def graphql_run(**more: Any) -> dict[str, Any]:
    return {
        "__api": "graphql",
        "projectId": "42",
        "projectPath": "group/shop",
        "webOrigin": BASE,
        "id": "gid://gitlab/Ci::Pipeline/301",
        "status": "SUCCESS",
        "source": "push",
        "ref": "main",
        "refPath": "refs/heads/main",
        "sha": SHA,
        "name": "nightly",
        "createdAt": "2026-01-05T10:00:00Z",
        "startedAt": "2026-01-05T10:00:10Z",
        "finishedAt": "2026-01-05T10:05:00Z",
        "updatedAt": "2026-01-05T10:05:00Z",
        "coverage": 81.5,
        "path": "/group/shop/-/pipelines/301",
        "mergeRequestEventType": None,
        "upstream": None,
        **more,
    }


def run(raw: dict[str, Any]) -> PipelineRun:
    return only(made("runs", raw), PipelineRun)


def test_both_apis_give_the_same_pipeline() -> None:
    one = run(rest_run())
    assert one == run(graphql_run())
    assert (one.source_id, one.attempt, one.kind) == ("301", 1, PipelineKind.BRANCH)
    assert (one.conclusion, one.coverage) == (Conclusion.SUCCESS, 81.5)
    assert one.started_at == datetime(2026, 1, 5, 10, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "ref", "more", "kind", "numbers"),
    [
        ("push", "main", {}, PipelineKind.BRANCH, ()),
        ("external", "main", {}, PipelineKind.BRANCH, ()),
        ("schedule", "main", {}, PipelineKind.SCHEDULE, ()),
        ("push", "v1.0", {"tag": True}, PipelineKind.TAG, ()),
        (
            "merge_request_event",
            "refs/merge-requests/9/head",
            {},
            PipelineKind.CHANGE,
            (9,),
        ),
        (
            "merge_request_event",
            "refs/merge-requests/9/merge",
            {},
            PipelineKind.MERGE_RESULT,
            (9,),
        ),
        ("merge_request_event", "refs/merge-requests/9/train", {}, PipelineKind.TRAIN, (9,)),
        ("parent_pipeline", "refs/merge-requests/9/head", {}, PipelineKind.CHILD, (9,)),
        ("pipeline", "main", {}, PipelineKind.OTHER, ()),
        ("security_orchestration_policy", "main", {}, PipelineKind.OTHER, ()),
        (None, None, {}, PipelineKind.UNKNOWN, ()),
    ],
)
def test_kinds_of_pipelines(
    source: str | None,
    ref: str | None,
    more: dict[str, Any],
    kind: PipelineKind,
    numbers: tuple[int, ...],
) -> None:
    """B127: What a pipeline tested follows from its own ref and commit."""
    found = run(rest_run(source=source, ref=ref, **more))
    assert (found.kind, found.change_numbers, found.raw_event) == (kind, numbers, source)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"refPath": "refs/heads/main"}, PipelineKind.BRANCH),
        ({"refPath": "refs/tags/v1", "ref": "v1"}, PipelineKind.TAG),
        ({"mergeRequestEventType": "DETACHED"}, PipelineKind.CHANGE),
        ({"mergeRequestEventType": "MERGED_RESULT"}, PipelineKind.MERGE_RESULT),
        ({"mergeRequestEventType": "MERGE_TRAIN"}, PipelineKind.TRAIN),
        ({"upstream": {"id": "gid://gitlab/Ci::Pipeline/5"}}, PipelineKind.CHILD),
    ],
)
def test_an_older_graphql_tells_kinds_without_a_source(
    more: dict[str, Any], kind: PipelineKind
) -> None:
    raw = graphql_run(**more)
    del raw["source"], raw["name"]
    assert run(raw).kind is kind


def test_a_child_knows_its_parent_by_graphql() -> None:
    raw = graphql_run(source="parent_pipeline", upstream={"id": "gid://gitlab/Ci::Pipeline/5"})
    assert run(raw).parent_id == "5"


@pytest.mark.parametrize(
    ("status", "conclusion"),
    [
        ("success", Conclusion.SUCCESS),
        ("failed", Conclusion.FAILURE),
        ("canceled", Conclusion.CANCELLED),
        ("skipped", Conclusion.SKIPPED),
        ("manual", Conclusion.ACTION_REQUIRED),
        ("running", Conclusion.PENDING),
        ("WAITING_FOR_RESOURCE", Conclusion.PENDING),
        ("limbo", Conclusion.UNKNOWN),
        (None, Conclusion.UNKNOWN),
    ],
)
def test_conclusions(status: str | None, conclusion: Conclusion) -> None:
    """B113, B121, B122, B123: Every word of the vendor has one meaning, a new one is unknown."""
    found = made("runs", rest_run(status=status))
    assert only(found, PipelineRun).conclusion is conclusion
    assert issues(found) == ([("unknown-state", "limbo")] if status == "limbo" else [])


@pytest.mark.parametrize("value", [None, "", "n/a", "-3", 101, True])
def test_what_is_no_percentage_is_no_coverage(value: Any) -> None:
    assert run(rest_run(coverage=value)).coverage is None


def test_a_pipeline_without_times_has_none() -> None:
    found = run(rest_run(updated_at=None, started_at=None, finished_at=None))
    assert (found.updated_at, found.started_at, found.finished_at) == (None, None, None)


# --- jobs -----------------------------------------------------------------------------------


def rest_job(id_: int, name: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "name": name,
        "stage": "test",
        "status": status,
        "allow_failure": False,
        "coverage": None,
        "created_at": "2026-01-05T10:00:00.123Z",
        "started_at": None,
        "finished_at": None,
        "pipeline": {"id": 301, "sha": SHA},
        "web_url": f"{BASE}/group/shop/-/jobs/{id_}",
        **more,
    }


def graphql_job(id_: int, name: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"gid://gitlab/Ci::Build/{id_}",
        "name": name,
        "stage": {"name": "test"},
        "status": status.upper(),
        "allowFailure": False,
        "coverage": None,
        "createdAt": "2026-01-05T10:00:00Z",
        "startedAt": None,
        "finishedAt": None,
        "webPath": f"/group/shop/-/jobs/{id_}",
        **more,
    }


def rest_jobs(*jobs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"__api": "rest", "id": "301", "project_id": "42", "jobs": list(jobs), **more}


def graphql_jobs(*jobs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "__api": "graphql",
        "id": "301",
        "projectId": "42",
        "webOrigin": BASE,
        "sha": SHA,
        "jobs": {"nodes": list(jobs)},
        **more,
    }


def results(raw: dict[str, Any]) -> tuple[CheckResult, ...]:
    found = only(made("jobs", raw), RunJobs)
    assert (found.scope_id, found.run_id, found.state) == ("42", "301", HistoryState.COMPLETE)
    return found.results


def test_both_apis_give_the_same_jobs() -> None:
    one = results(
        rest_jobs(
            rest_job(3, "unit", "success", coverage=81.5),
            rest_job(2, "lint", "failed", allow_failure=True),
            rest_job(1, "unit", "failed"),
            tests={
                "test_suites": [
                    {
                        "name": "unit",
                        "total_count": 40,
                        "failed_count": 1,
                        "error_count": 1,
                        "skipped_count": 2,
                        "build_ids": [3],
                    }
                ]
            },
        )
    )
    other = results(
        graphql_jobs(
            graphql_job(3, "unit", "success", coverage=81.5, retried=False),
            graphql_job(2, "lint", "failed", allowFailure=True, retried=False),
            graphql_job(1, "unit", "failed", retried=True),
            tests={
                "testSuites": {
                    "nodes": [
                        {
                            "name": "unit",
                            "totalCount": 40,
                            "failedCount": 1,
                            "errorCount": 1,
                            "skippedCount": 2,
                            "buildIds": ["gid://gitlab/Ci::Build/3"],
                        }
                    ]
                }
            },
        )
    )
    assert one == other
    first, lint, second = one
    assert (first.source, first.sha, first.stage, first.run_id) == (
        CheckSource.JOB,
        SHA,
        "test",
        "301",
    )
    assert (first.attempt, first.is_superseded, first.conclusion) == (1, True, Conclusion.FAILURE)
    assert (second.attempt, second.is_superseded, second.coverage) == (2, False, 81.5)
    assert (second.tests_total, second.tests_failed, second.tests_skipped) == (40, 2, 2)
    assert (first.tests_total, lint.allow_failure) == (None, True)


def test_a_suite_of_several_jobs_counts_once() -> None:
    suite = {"total_count": 9, "failed_count": 0, "build_ids": [2, 1]}
    raw = rest_jobs(
        rest_job(1, "unit 1/2", "success"),
        rest_job(2, "unit 2/2", "success"),
        tests={"test_suites": [suite]},
    )
    assert [one.tests_total for one in results(raw)] == [9, None]


def test_a_report_without_a_test_is_told_as_such() -> None:
    """A green job that ran nothing is no evidence: zero is not the same as not told."""
    suite = {"total_count": 0, "build_ids": [1]}
    raw = rest_jobs(rest_job(1, "unit", "success"), tests={"test_suites": [suite]})
    assert [one.tests_total for one in results(raw)] == [0]


@pytest.mark.parametrize(
    "tests", [None, {"unavailable": "too slow"}, {"test_suites": [{"total_count": 0}]}]
)
def test_without_a_report_nothing_is_known_of_tests(tests: Any) -> None:
    [one] = results(rest_jobs(rest_job(1, "unit", "success"), tests=tests))
    assert (one.tests_total, one.tests_failed) == (None, None)


def test_a_pipeline_without_jobs_has_none() -> None:
    assert results(rest_jobs()) == ()


def test_jobs_that_were_not_read_are_no_empty_list() -> None:
    found = made("jobs", {"__api": "rest", "id": "301", "jobs": None})
    assert [kind for kind, _ in issues(found)] == ["bad-payload"]


def test_what_another_system_reported_is_a_status() -> None:
    status = {
        "id": 77,
        "name": "jenkins",
        "sha": SHA,
        "status": "success",
        "target_url": "https://ci.example.net/7",
    }
    [one] = results(rest_jobs(statuses=[status]))
    assert (one.source, one.name, one.conclusion, one.url) == (
        CheckSource.STATUS,
        "jenkins",
        Conclusion.SUCCESS,
        "https://ci.example.net/7",
    )


def test_a_job_without_a_commit_is_left_out_and_told() -> None:
    found = made("jobs", rest_jobs(rest_job(1, "unit", "success", pipeline=None)))
    assert only(found, RunJobs).results == ()
    assert issues(found) == [("bad-job", "1")]


# --- releases and deployments ---------------------------------------------------------------


def release(**more: Any) -> Release:
    raw = {
        "__api": "rest",
        "id": "tag:v1.0",
        "project_id": "42",
        "tag": {"name": "v1.0", "target": "7" * 40, "commit": {"id": SHA}},
        "release": None,
        **more,
    }
    return only(made("releases", raw), Release)


def test_a_tag_names_the_commit_and_not_itself() -> None:
    one = release()
    assert (one.source_id, one.scope_id, one.tag, one.sha) == ("tag:v1.0", "42", "v1.0", SHA)
    assert (one.name, one.published_at, one.is_prerelease) == (None, None, False)


def test_a_release_of_a_tag() -> None:
    told = {
        "tag_name": "v1.0",
        "name": "One",
        "created_at": "2026-01-05T10:00:00.000Z",
        "released_at": "2026-01-06T10:00:00.000Z",
        "_links": {"self": f"{BASE}/group/shop/-/releases/v1.0"},
    }
    one = release(release=told)
    assert (one.name, one.url) == ("One", f"{BASE}/group/shop/-/releases/v1.0")
    assert one.published_at == datetime(2026, 1, 6, 10, tzinfo=UTC)


def test_a_release_may_be_announced_before_its_tag() -> None:
    told = {"tag_name": "v2.0", "name": "Two", "upcoming_release": True}
    one = release(id="tag:v2.0", tag=None, release=told)
    assert (one.tag, one.sha, one.is_prerelease) == ("v2.0", None, True)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("success", DeploymentState.SUCCESS),
        ("running", DeploymentState.RUNNING),
        ("blocked", DeploymentState.PENDING),
        ("canceled", DeploymentState.CANCELLED),
        ("limbo", DeploymentState.UNKNOWN),
    ],
)
def test_a_deployment(status: str, state: DeploymentState) -> None:
    raw = {
        "__api": "rest",
        "id": 71,
        "project_id": "42",
        "status": status,
        "sha": SHA,
        "ref": "main",
        "environment": {"id": 3, "name": "production"},
        "created_at": "2026-01-05T10:00:00.000Z",
        "deployable": {"id": 9, "finished_at": "2026-01-05T10:09:00.000Z"},
    }
    found = only(made("deployments", raw), Deployment)
    assert (found.state, found.environment, found.sha) == (state, "production", SHA)
    assert found.finished_at == datetime(2026, 1, 5, 10, 9, tzinfo=UTC)
