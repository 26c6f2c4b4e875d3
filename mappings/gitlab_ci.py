"""GitLab's pipelines and jobs: runs and check results, from either API."""

import re
from collections import defaultdict
from typing import Any

from mappings.code_records import CheckResult, PipelineRun, RunJobs
from mappings.gitlab_out import Out, get, gid, rows, why_not
from mappings.values import items, number, table, text, whole
from mappings.vocabulary import CheckSource, Conclusion, HistoryState, PipelineKind

#: `refs/merge-requests/7/merge`: a pipeline of a merge request, and on what tree it runs.
_MERGE_REF = re.compile(r"^refs/merge-requests/(\d+)/(head|merge|train)$")
_TREES = {
    "head": PipelineKind.CHANGE,
    "merge": PipelineKind.MERGE_RESULT,
    "train": PipelineKind.TRAIN,
}
_EVENT_TYPES = {
    "detached": PipelineKind.CHANGE,
    "merged_result": PipelineKind.MERGE_RESULT,
    "merge_train": PipelineKind.TRAIN,
}
#: Events that start a pipeline on a branch as it is.
_ON_BRANCH = frozenset(
    {"push", "web", "webide", "api", "trigger", "external", "chat", "external_pull_request_event"}
)
CONCLUSIONS = {
    "success": Conclusion.SUCCESS,
    "failed": Conclusion.FAILURE,
    "canceled": Conclusion.CANCELLED,
    "canceling": Conclusion.CANCELLED,
    "cancelled": Conclusion.CANCELLED,
    "skipped": Conclusion.SKIPPED,
    # Waits for a person who may never come.
    "manual": Conclusion.ACTION_REQUIRED,
    "created": Conclusion.PENDING,
    "waiting_for_resource": Conclusion.PENDING,
    "waiting_for_callback": Conclusion.PENDING,
    "preparing": Conclusion.PENDING,
    "pending": Conclusion.PENDING,
    "running": Conclusion.PENDING,
    "scheduled": Conclusion.PENDING,
}


def run(raw: dict[str, Any], out: Out) -> None:
    """A pipeline."""
    id_ = gid(raw.get("id"))
    if not id_:
        out.broken("runs", "a pipeline without an id")
        return
    out.subject = f"pipeline:{id_}"
    out.records.append(run_of(raw, id_, out))


def run_of(raw: dict[str, Any], id_: str, out: Out) -> PipelineRun:
    """The record of a pipeline, listed by itself or at a merge request."""
    ref = text(raw.get("ref"))
    status = (text(raw.get("status")) or "").lower() or None
    conclusion = conclude(status, out)
    source = text(raw.get("source"))
    merge_ref = _MERGE_REF.match(ref or "")
    return PipelineRun(
        source_id=id_,
        scope_id=gid(get(raw, "project_id", "projectId")) or "",
        attempt=1,
        kind=kind_of(raw),
        raw_event=source.lower() if source else None,
        name=text(raw.get("name")),
        sha=text(raw.get("sha")),
        ref=ref,
        conclusion=conclusion,
        raw_status=status,
        raw_conclusion=None if conclusion is Conclusion.PENDING else status,
        created_at=out.moment(get(raw, "created_at", "createdAt"), "created_at"),
        started_at=out.moment(get(raw, "started_at", "startedAt"), "started_at"),
        finished_at=out.moment(get(raw, "finished_at", "finishedAt"), "finished_at"),
        updated_at=out.moment(get(raw, "updated_at", "updatedAt"), "updated_at"),
        change_numbers=(int(merge_ref[1]),) if merge_ref else (),
        parent_id=gid(table(raw.get("upstream")).get("id")),
        coverage=_percent(raw.get("coverage")),
        number=whole(raw.get("iid")),
        url=text(raw.get("web_url")) or _page(raw, raw.get("path")),
    )


def kind_of(raw: dict[str, Any]) -> PipelineKind:
    """What a pipeline was started for; by its source, the kind of merge request event, its ref."""
    source = (text(raw.get("source")) or "").lower()
    if source == "parent_pipeline" or raw.get("upstream"):
        return PipelineKind.CHILD
    event = (text(raw.get("mergeRequestEventType")) or "").lower()
    if event in _EVENT_TYPES:
        return _EVENT_TYPES[event]
    ref = text(raw.get("ref")) or ""
    merge_ref = _MERGE_REF.match(ref)
    if merge_ref:
        return _TREES[merge_ref[2]]
    if source == "schedule":
        return PipelineKind.SCHEDULE
    if raw.get("tag") is True or (text(raw.get("refPath")) or "").startswith("refs/tags/"):
        return PipelineKind.TAG
    if source in _ON_BRANCH or (not source and ref):
        return PipelineKind.BRANCH
    return PipelineKind.OTHER if source else PipelineKind.UNKNOWN


def conclude(status: str | None, out: Out) -> Conclusion:
    """How something ended; a word that is not known is shown."""
    found = CONCLUSIONS.get(status or "", Conclusion.UNKNOWN)
    if status and found is Conclusion.UNKNOWN:
        out.issue(
            "unknown-state",
            "status",
            status,
            f"The status {status!r} is unknown to driftline and counts as no evidence. Report it "
            "to driftline's issue tracker.",
        )
    return found


def jobs(raw: dict[str, Any], out: Out) -> None:
    """All jobs of a pipeline, with what their tests told, and what other systems reported."""
    id_ = gid(raw.get("id"))
    held, is_gone = rows(raw.get("jobs")), "unavailable" in table(raw.get("jobs"))
    if not id_ or (held is None and not is_gone):
        out.broken("jobs", "jobs without a pipeline")
        return
    out.subject = f"pipeline:{id_}"
    scope_id = gid(get(raw, "project_id", "projectId")) or ""
    if held is None:
        reason = why_not(raw["jobs"])
        out.records.append(RunJobs(scope_id, id_, HistoryState.UNAVAILABLE, (), reason))
        return
    tests = _tests(raw.get("tests"))
    found: list[CheckResult] = []
    for one, attempt, newest in _attempts(held):
        sha = text(raw.get("sha")) or text(table(one.get("pipeline")).get("sha"))
        job_id, name = gid(one.get("id")), text(one.get("name"))
        if not job_id or not name or not sha:
            out.issue(
                "bad-job",
                "jobs",
                job_id,
                "A job of this pipeline lacks its id, its name or its commit and is left out.",
            )
            continue
        status = (text(one.get("status")) or "").lower() or None
        conclusion = conclude(status, out)
        retried = one.get("retried")
        total, failed, skipped = tests.get(job_id, (None, None, None))
        stage = one.get("stage")
        found.append(
            CheckResult(
                source_id=job_id,
                source=CheckSource.JOB,
                scope_id=scope_id,
                sha=sha,
                name=name,
                conclusion=conclusion,
                raw_status=status,
                raw_conclusion=None if conclusion is Conclusion.PENDING else status,
                stage=text(stage) if isinstance(stage, str) else text(table(stage).get("name")),
                run_id=id_,
                attempt=attempt,
                allow_failure=get(one, "allow_failure", "allowFailure") is True,
                is_superseded=retried if isinstance(retried, bool) else not newest,
                created_at=out.moment(get(one, "created_at", "createdAt"), "created_at"),
                started_at=out.moment(get(one, "started_at", "startedAt"), "started_at"),
                finished_at=out.moment(get(one, "finished_at", "finishedAt"), "finished_at"),
                tests_total=total,
                tests_failed=failed,
                tests_skipped=skipped,
                coverage=_percent(one.get("coverage")),
                url=text(one.get("web_url")) or _page(raw, one.get("webPath")),
            )
        )
    found.extend(_statuses(raw, id_, scope_id, out))
    out.records.append(RunJobs(scope_id, id_, HistoryState.COMPLETE, tuple(found)))


def _attempts(held: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int, bool]]:
    """Jobs by id, each with its attempt, and whether none of its name came later."""
    by_name: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for one in sorted(held, key=lambda one: whole(gid(one.get("id"))) or 0):
        by_name[text(one.get("name"))].append(one)
    found = [
        (one, index, index == len(same))
        for same in by_name.values()
        for index, one in enumerate(same, 1)
    ]
    return sorted(found, key=lambda one: whole(gid(one[0].get("id"))) or 0)


def _statuses(raw: dict[str, Any], run_id: str, scope_id: str, out: Out) -> list[CheckResult]:
    """Results that another system reported to the commit of an external pipeline."""
    found: list[CheckResult] = []
    for one in rows(raw.get("statuses")) or ():
        id_, name, sha = gid(one.get("id")), text(one.get("name")), text(one.get("sha"))
        if not id_ or not name or not sha:
            continue
        status = (text(one.get("status")) or "").lower() or None
        conclusion = conclude(status, out)
        found.append(
            CheckResult(
                source_id=id_,
                source=CheckSource.STATUS,
                scope_id=scope_id,
                sha=sha,
                name=name,
                conclusion=conclusion,
                raw_status=status,
                raw_conclusion=None if conclusion is Conclusion.PENDING else status,
                run_id=run_id,
                allow_failure=one.get("allow_failure") is True,
                created_at=out.moment(one.get("created_at"), "created_at"),
                started_at=out.moment(one.get("started_at"), "started_at"),
                finished_at=out.moment(one.get("finished_at"), "finished_at"),
                coverage=_percent(one.get("coverage")),
                url=text(one.get("target_url")),
            )
        )
    return found


_Totals = tuple[int | None, int | None, int | None]


def _tests(raw: Any) -> dict[str, _Totals]:
    """Job id -> (total, failed, skipped); a suite of several jobs counts for the first of them."""
    summary = table(raw)
    suites = rows(summary.get("test_suites")) or rows(summary.get("testSuites")) or []
    found: dict[str, _Totals] = {}
    for suite in suites:
        ids = get(suite, "build_ids", "buildIds")
        builds = sorted(
            (id_ for one in items(ids) if (id_ := gid(one))), key=lambda id_: whole(id_) or 0
        )
        total = whole(get(suite, "total_count", "totalCount"))
        if not builds or total is None:
            continue
        failed = whole(get(suite, "failed_count", "failedCount")) or 0
        errors = whole(get(suite, "error_count", "errorCount")) or 0
        skipped = whole(get(suite, "skipped_count", "skippedCount"))
        before = found.get(builds[0], (0, 0, 0))
        found[builds[0]] = (
            (before[0] or 0) + total,
            (before[1] or 0) + failed + errors,
            (before[2] or 0) + (skipped or 0),
        )
    return found


def _page(raw: dict[str, Any], path: Any) -> str | None:
    """The address of a page of which GraphQL tells the path only."""
    origin, below = text(raw.get("webOrigin")), text(path)
    return f"{origin}{below}" if origin and below else None


def _percent(value: Any) -> float | None:
    """Coverage, which REST writes as a text; what is no percentage is no coverage."""
    found = number(value)
    return found if found is not None and 0 <= found <= 100 else None
