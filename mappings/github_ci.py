"""GitHub's workflow runs, their jobs, and what reported on a commit: check runs and statuses."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from mappings.code_records import CheckResult, Checks, Commit, Commits, PipelineRun, RunJobs
from mappings.dates import instant
from mappings.github_out import Out, lower, nodes, scope_of, why_not
from mappings.values import items, table, text, whole
from mappings.vocabulary import CheckSource, Conclusion, HistoryState, Origin, PipelineKind

#: What a run or check ended with; statuses of commits say `error` for a failure of their own.
_CONCLUSIONS = {
    "success": Conclusion.SUCCESS,
    "failure": Conclusion.FAILURE,
    "error": Conclusion.FAILURE,
    "startup_failure": Conclusion.FAILURE,
    "timed_out": Conclusion.TIMED_OUT,
    "cancelled": Conclusion.CANCELLED,
    "skipped": Conclusion.SKIPPED,
    "neutral": Conclusion.NEUTRAL,
    "action_required": Conclusion.ACTION_REQUIRED,
    "stale": Conclusion.STALE,
    "pending": Conclusion.PENDING,
    "expected": Conclusion.PENDING,
}
#: What is still going on.
_UNFINISHED = frozenset({"queued", "in_progress", "waiting", "requested", "pending"})
#: Event that started a run -> what it was started for.
_KINDS = {
    # `pull_request_target` builds the base branch: it says nothing of the change.
    "pull_request": PipelineKind.CHANGE,
    "merge_group": PipelineKind.TRAIN,
    "push": PipelineKind.BRANCH,
    "schedule": PipelineKind.SCHEDULE,
    "release": PipelineKind.TAG,
}
#: A check run of GitHub's own CI names its run in its address.
_RUN = re.compile(r"/actions/runs/(\d+)")
#: Branch of an entry of a merge queue: number of the change, and the commit that it stands on.
_QUEUE = re.compile(r"^gh-readonly-queue/.+/pr-(\d+)-([0-9a-f]{40,64})$")
#: Statuses that tell coverage, and the figure in their description: `85.30% (+0.10%) compared to`.
_TELLS_COVERAGE = re.compile(r"cov(?:erage|eralls)|codecov|codacy|codeclimate", re.IGNORECASE)
_PERCENT = re.compile(r"(?<![\d.+-])(\d{1,3}(?:\.\d+)?)\s?%")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def run(raw: dict[str, Any], out: Out) -> None:
    """A workflow run as its latest attempt left it."""
    id_ = text(raw.get("id"))
    if not id_:
        out.broken("runs", "a workflow run without an id")
        return
    out.subject = f"pipeline_run:{id_}"
    status, ended = lower(raw.get("status")), lower(raw.get("conclusion"))
    event = lower(raw.get("event"))
    updated = out.moment(raw.get("updated_at"), "updated_at")
    numbers, base, known = _built_for(raw, event)
    _tree(raw, out)
    out.records.append(
        PipelineRun(
            source_id=id_,
            scope_id=scope_of(raw),
            attempt=whole(raw.get("run_attempt")) or 1,
            kind=_KINDS.get(event, PipelineKind.OTHER) if event else PipelineKind.UNKNOWN,
            raw_event=event,
            name=text(raw.get("name")) or None,
            sha=text(raw.get("head_sha")),
            ref=text(raw.get("head_branch")),
            conclusion=conclusion(status, ended, out),
            raw_status=status,
            raw_conclusion=ended,
            created_at=out.moment(raw.get("created_at"), "created_at"),
            started_at=out.moment(raw.get("run_started_at"), "run_started_at"),
            # A run tells no end of its own: finishing is the last that changes it.
            finished_at=updated if status == "completed" else None,
            updated_at=updated,
            change_numbers=numbers,
            number=whole(raw.get("run_number")),
            base_sha=base,
            base_known=known,
            url=text(raw.get("html_url")),
        )
    )


def _built_for(
    raw: dict[str, Any], event: str | None
) -> tuple[tuple[int, ...], str | None, Origin | None]:
    """(numbers of changes, base that it was built with, how that is known).

    While a pull request is open its runs name it, with the base branch as it stood at the last
    push: that was observed. The branch of a queue's entry names both itself.
    """
    queued = _QUEUE.match(text(raw.get("head_branch")) or "") if event == "merge_group" else None
    if queued is not None:
        return (int(queued[1]),), queued[2], Origin.SOURCE
    named = [table(one) for one in items(raw.get("pull_requests"))]
    numbers = {one for each in named if (one := whole(each.get("number"))) is not None}
    bases = {
        text(table(one.get("base")).get("sha"))
        for one in named
        # After another push it tells the base of that one.
        if text(table(one.get("head")).get("sha")) == text(raw.get("head_sha"))
    }
    base = next(iter(bases)) if len(bases) == 1 and event == "pull_request" else None
    return tuple(sorted(numbers)), base, Origin.OBSERVED if base else None


def _tree(raw: dict[str, Any], out: Out) -> None:
    """The content of the commit that it ran on: of a queue's commit nothing else tells it."""
    head = table(raw.get("head_commit"))
    sha, tree = text(head.get("id")), text(head.get("tree_id"))
    if sha and tree and sha == text(raw.get("head_sha")):
        out.records.append(Commits(scope_of(raw), (Commit(sha, tree),)))


def jobs(raw: dict[str, Any], out: Out) -> None:
    """The jobs of all attempts of one run."""
    id_ = text(raw.get("id"))
    if not id_:
        out.broken("jobs", "jobs without a run")
        return
    out.subject = f"jobs:{id_}"
    scope_id = scope_of(raw)
    held = raw.get("jobs")
    reason = why_not(held)
    if reason is not None:
        out.records.append(RunJobs(scope_id, id_, HistoryState.UNAVAILABLE, (), reason))
        return
    found = [one for one in items(held) if text(table(one).get("id"))]
    latest: dict[str, int] = {}
    for one in found:
        name = text(one.get("name")) or ""
        latest[name] = max(latest.get(name, 0), whole(one.get("run_attempt")) or 1)
    results = tuple(_job(one, id_, scope_id, latest, out) for one in found)
    out.records.append(RunJobs(scope_id, id_, HistoryState.COMPLETE, results))


def _job(
    one: dict[str, Any], run_id: str, scope_id: str, latest: dict[str, int], out: Out
) -> CheckResult:
    name = text(one.get("name")) or ""
    attempt = whole(one.get("run_attempt")) or 1
    status, ended = lower(one.get("status")), lower(one.get("conclusion"))
    return CheckResult(
        source_id=text(one.get("id")) or "",
        source=CheckSource.JOB,
        scope_id=scope_id,
        sha=text(one.get("head_sha")) or "",
        name=name,
        conclusion=conclusion(status, ended, out),
        raw_status=status,
        raw_conclusion=ended,
        stage=text(one.get("workflow_name")) or None,
        run_id=text(one.get("run_id")) or run_id,
        attempt=attempt,
        is_superseded=attempt < latest[name],
        created_at=out.moment(one.get("created_at"), "created_at"),
        started_at=out.moment(one.get("started_at"), "started_at"),
        finished_at=out.moment(one.get("completed_at"), "completed_at"),
        url=text(one.get("html_url")),
    )


def conclusion(status: str | None, ended: str | None, out: Out) -> Conclusion:
    """How something ended; what has not ended is pending, a new word is unknown and said so."""
    if not ended:
        return Conclusion.PENDING if status in _UNFINISHED else Conclusion.UNKNOWN
    found = _CONCLUSIONS.get(ended)
    if found is None:
        out.issue(
            "unknown-conclusion",
            "conclusion",
            ended,
            f"The conclusion {ended!r} is unknown to driftline and counts as no evidence. Report "
            "it to driftline's issue tracker.",
        )
        return Conclusion.UNKNOWN
    return found


# --- what reported on a commit --------------------------------------------------------------


def checks_by_graphql(part: Any, scope_id: str, out: Out) -> list[Checks]:
    """Check runs and statuses of one commit out of its rollup."""
    held = table(part)
    sha = text(held.get("sha"))
    if not sha:
        return []
    reason = why_not(part)
    if reason is not None:
        return _unread(scope_id, sha, (CheckSource.CHECK_RUN, CheckSource.STATUS), reason)
    contexts = [table(one) for one in nodes(held.get("contexts"))]
    runs = [
        _run_by_graphql(one, scope_id, sha, out)
        for one in contexts
        if one.get("__typename") == "CheckRun" and text(one.get("databaseId"))
    ]
    statuses = [
        _status(
            id_=text(one.get("id")) or "",
            name=text(one.get("context")) or "",
            state=lower(one.get("state")),
            creator=one.get("creator"),
            at=one.get("createdAt"),
            url=text(one.get("targetUrl")),
            description=text(one.get("description")),
            place=(scope_id, sha),
            out=out,
        )
        for one in contexts
        if one.get("__typename") == "StatusContext" and text(one.get("id"))
    ]
    return [
        _set(scope_id, sha, CheckSource.CHECK_RUN, runs),
        _set(scope_id, sha, CheckSource.STATUS, statuses),
    ]


def checks_by_rest(part: Any, scope_id: str, out: Out) -> list[Checks]:
    """Check runs and statuses of one commit, asked for apart."""
    held = table(part)
    sha = text(held.get("sha"))
    if not sha:
        return []
    found: list[Checks] = []
    reason = why_not(held.get("check_runs"))
    if reason is not None:
        found.extend(_unread(scope_id, sha, (CheckSource.CHECK_RUN,), reason))
    else:
        runs = [
            _run_by_rest(one, scope_id, sha, out)
            for one in items(held.get("check_runs"))
            if text(table(one).get("id"))
        ]
        found.append(_set(scope_id, sha, CheckSource.CHECK_RUN, runs))
    reason = why_not(held.get("statuses"))
    if reason is not None:
        found.extend(_unread(scope_id, sha, (CheckSource.STATUS,), reason))
        return found
    statuses = [
        _status(
            id_=text(one.get("node_id")) or text(one.get("id")) or "",
            name=text(one.get("context")) or "",
            state=lower(one.get("state")),
            creator=one.get("creator"),
            at=one.get("created_at"),
            url=text(one.get("target_url")),
            description=text(one.get("description")),
            place=(scope_id, sha),
            out=out,
        )
        for one in _latest(items(held.get("statuses")))
    ]
    found.append(_set(scope_id, sha, CheckSource.STATUS, statuses))
    return found


def _latest(statuses: list[Any]) -> Iterable[dict[str, Any]]:
    """Of each context the status that was given last: earlier ones no longer hold."""
    held: dict[str, tuple[tuple[datetime, int], dict[str, Any]]] = {}
    for value in statuses:
        one = table(value)
        name = text(one.get("context")) or ""
        order = (instant(one.get("created_at")) or _LONG_AGO, whole(one.get("id")) or 0)
        if (one.get("node_id") or one.get("id")) and (name not in held or order > held[name][0]):
            held[name] = order, one
    return (one for _, one in held.values())


def _set(scope_id: str, sha: str, source: CheckSource, results: list[CheckResult]) -> Checks:
    ordered = tuple(sorted(results, key=lambda one: one.source_id))
    return Checks(scope_id, sha, (source,), HistoryState.COMPLETE, ordered)


def _unread(scope_id: str, sha: str, sources: tuple[CheckSource, ...], reason: str) -> list[Checks]:
    return [
        Checks(scope_id, sha, (source,), HistoryState.UNAVAILABLE, (), reason) for source in sources
    ]


def _run_by_graphql(one: dict[str, Any], scope_id: str, sha: str, out: Out) -> CheckResult:
    suite = table(one.get("checkSuite"))
    run_ = table(suite.get("workflowRun"))
    status, ended = lower(one.get("status")), lower(one.get("conclusion"))
    return CheckResult(
        source_id=text(one.get("databaseId")) or "",
        source=CheckSource.CHECK_RUN,
        scope_id=scope_id,
        sha=sha,
        name=text(one.get("name")) or "",
        conclusion=conclusion(status, ended, out),
        raw_status=status,
        raw_conclusion=ended,
        app=text(table(suite.get("app")).get("slug")),
        stage=text(table(run_.get("workflow")).get("name")),
        run_id=text(run_.get("databaseId")),
        started_at=out.moment(one.get("startedAt"), "started_at"),
        finished_at=out.moment(one.get("completedAt"), "completed_at"),
        url=text(one.get("detailsUrl")) or text(one.get("url")),
    )


def _run_by_rest(value: Any, scope_id: str, sha: str, out: Out) -> CheckResult:
    one = table(value)
    status, ended = lower(one.get("status")), lower(one.get("conclusion"))
    address = text(one.get("details_url")) or text(one.get("html_url"))
    app = text(table(one.get("app")).get("slug"))
    named = _RUN.search(address or "") if app == "github-actions" else None
    return CheckResult(
        source_id=text(one.get("id")) or "",
        source=CheckSource.CHECK_RUN,
        scope_id=scope_id,
        sha=sha,
        name=text(one.get("name")) or "",
        conclusion=conclusion(status, ended, out),
        raw_status=status,
        raw_conclusion=ended,
        app=app,
        run_id=named[1] if named else None,
        started_at=out.moment(one.get("started_at"), "started_at"),
        finished_at=out.moment(one.get("completed_at"), "completed_at"),
        url=address,
    )


def _status(
    *,
    id_: str,
    name: str,
    state: str | None,
    creator: Any,
    at: Any,
    url: str | None,
    description: str | None,
    place: tuple[str, str],
    out: Out,
) -> CheckResult:
    ended = conclusion(state, state, out)
    moment = out.moment(at, "created_at")
    login = text(table(creator).get("login"))
    out.account(creator)
    return CheckResult(
        source_id=id_,
        source=CheckSource.STATUS,
        scope_id=place[0],
        sha=place[1],
        name=name,
        conclusion=ended,
        raw_status=state,
        raw_conclusion=state,
        app=None if login is None else login.removesuffix("[bot]"),
        created_at=moment,
        finished_at=None if ended is Conclusion.PENDING else moment,
        coverage=_coverage(name, description),
        url=url or None,
    )


def _coverage(name: str, description: str | None) -> float | None:
    """Percent of the code that is covered, where a service writes it beside its status.

    A figure of the changed lines alone (`patch`) is another one.
    """
    if description is None or "patch" in name.lower() or not _TELLS_COVERAGE.search(name):
        return None
    found = _PERCENT.search(description)
    value = float(found[1]) if found else None
    return value if value is not None and value <= 100 else None
