"""Records of code hosting with sensible values, for tests of stores and engines."""

from typing import Any

from msgspec.structs import replace
from support.store import START, at

from mappings.code_records import (
    ChangeCommits,
    ChangeFile,
    ChangeFiles,
    ChangeRequest,
    CheckResult,
    Checks,
    Commit,
    PipelineRun,
    Push,
    Pushes,
    Reference,
    References,
    Release,
    Review,
    Reviews,
    RunJobs,
)
from mappings.vocabulary import (
    ChangeState,
    CheckSource,
    Conclusion,
    FileChange,
    HistoryState,
    PipelineKind,
    RefKind,
    RefSource,
    ReviewVerdict,
)

REPO = "900"
COMPLETE, PARTIAL = HistoryState.COMPLETE, HistoryState.PARTIAL


def change(source_id: str, **changes: Any) -> ChangeRequest:
    """An open change, plain but for what is said."""
    plain = ChangeRequest(
        source_id=source_id,
        scope_id=REPO,
        number=int(source_id),
        key=f"acme/web#{source_id}",
        title=f"Change {source_id}",
        state=ChangeState.OPEN,
        raw_state="OPEN",
        is_draft=False,
        created_at=START,
        updated_at=START,
        head_sha="h1",
    )
    return replace(plain, **changes)


def merged(source_id: str, **changes: Any) -> ChangeRequest:
    """A change that landed as `m1`."""
    told = {
        "state": ChangeState.MERGED,
        "raw_state": "MERGED",
        "merged_at": at(10),
        "closed_at": at(10),
        "updated_at": at(10),
        "landed_sha": "m1",
    }
    return change(source_id, **{**told, **changes})


def files(source_id: str, *paths: str, state: HistoryState = COMPLETE) -> ChangeFiles:
    """That change touches these paths."""
    held = tuple(ChangeFile(path, FileChange.MODIFIED, 3, 1) for path in paths)
    return ChangeFiles(source_id, state, held)


def reviews(source_id: str, *said: tuple[str, str], state: HistoryState = COMPLETE) -> Reviews:
    """Reviews of that change: (id, verdict)."""
    held = tuple(
        Review(id_, "ana", ReviewVerdict(verdict), verdict.upper(), "h1", at(5))
        for id_, verdict in said
    )
    return Reviews(source_id, state, held)


def commits(source_id: str, *shas: str, state: HistoryState = COMPLETE) -> ChangeCommits:
    """The commits of that change, oldest first."""
    held = tuple(Commit(sha, f"t-{sha}", ("p",), "ana", f"Do {sha}", START, START) for sha in shas)
    return ChangeCommits(source_id, REPO, state, held)


def pushes(source_id: str, *ids: str, state: HistoryState = COMPLETE) -> Pushes:
    """Force-pushes to that change."""
    return Pushes(source_id, state, tuple(Push(id_, at(1), True, "a", "b", "ana") for id_ in ids))


def refers(source_id: str, source: str, *targets: str, **changes: Any) -> References:
    """What that change names in one place."""
    place = RefSource(source)
    held = tuple(
        replace(Reference(RefKind.IMPLEMENTS, place, target, span=f"… {target} …"), **changes)
        for target in targets
    )
    return References(source_id, REPO, (place,), held)


def run(source_id: str, **changes: Any) -> PipelineRun:
    """A green pipeline on the head of a change."""
    plain = PipelineRun(
        source_id=source_id,
        scope_id=REPO,
        attempt=1,
        kind=PipelineKind.CHANGE,
        raw_event="pull_request",
        name="ci",
        sha="h1",
        ref="topic",
        conclusion=Conclusion.SUCCESS,
        raw_status="completed",
        raw_conclusion="success",
        created_at=START,
        updated_at=START,
    )
    return replace(plain, **changes)


def result(source_id: str, conclusion: str = "success", **changes: Any) -> CheckResult:
    """A check run on `h1`."""
    plain = CheckResult(
        source_id=source_id,
        source=CheckSource.CHECK_RUN,
        scope_id=REPO,
        sha="h1",
        name=f"test-{source_id}",
        conclusion=Conclusion(conclusion),
        started_at=at(1),
        finished_at=None if conclusion == "pending" else at(2),
    )
    return replace(plain, **changes)


def checks(*results: CheckResult, sha: str = "h1", **changes: Any) -> Checks:
    """The check runs of a commit."""
    plain = Checks(REPO, sha, (CheckSource.CHECK_RUN,), COMPLETE, results)
    return replace(plain, **changes)


def jobs(run_id: str, *results: CheckResult, state: HistoryState = COMPLETE) -> RunJobs:
    """The jobs of a run."""
    held = tuple(replace(one, source=CheckSource.JOB, run_id=run_id) for one in results)
    return RunJobs(REPO, run_id, state, held)


def tag(name: str, scope_id: str = REPO, **changes: Any) -> Release:
    """A tag of a repository."""
    return replace(Release(f"tag:{name}", scope_id, name, "m1"), **changes)
