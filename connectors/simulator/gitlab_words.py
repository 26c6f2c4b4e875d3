"""What the simulated company's code hosting is called at GitLab: words, ids, stamps, addresses."""

from datetime import UTC, date, datetime
from zlib import crc32

from connectors.simulator.code_things import ChangeRequest, Iteration, Job, Run, RunKind
from connectors.simulator.world import Person

SITE = "https://gitlab.apollo.example.net"
#: Id of the account that stands for those that were deleted.
GHOST_ID = 9
_CONCLUSIONS = {
    "success": "success",
    "neutral": "success",
    "failure": "failed",
    "timed_out": "failed",
    "cancelled": "canceled",
    "skipped": "skipped",
    "manual": "manual",
    "action_required": "manual",
}
_SOURCES: dict[RunKind, str] = {
    "push": "push",
    "tag": "push",
    "change": "merge_request_event",
    "merge-result": "merge_request_event",
    "train": "merge_request_event",
    "schedule": "schedule",
    "child": "parent_pipeline",
    "manual": "web",
    "dispatch": "trigger",
}
#: Last part of the ref of a pipeline for a merge request, and GraphQL's word for it.
_MERGE_REFS: dict[RunKind, tuple[str, str]] = {
    "change": ("head", "DETACHED"),
    "merge-result": ("merge", "MERGED_RESULT"),
    "train": ("train", "MERGE_TRAIN"),
}


def precise(moment: datetime | None) -> str | None:
    """An instant as REST tells it: `2026-03-01T12:00:00.123Z`."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def whole(moment: datetime | None) -> str | None:
    """An instant as GraphQL tells it, without fractions: `2026-03-01T12:00:00Z`."""
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def of_git(moment: datetime) -> str:
    """An instant of a commit, which knows whole seconds only."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000+00:00"


def day(value: date | None) -> str | None:
    """A calendar date."""
    return None if value is None else value.isoformat()


def user_state(person: Person) -> str:
    """Those who left are blocked."""
    return "active" if person.active else "blocked"


def user_login(person: Person) -> str:
    """A robot comes in with a group's access token, and GitLab makes up its name."""
    return f"group_7_bot_{person.login}" if person.bot else person.login


def user_id(account_id: str) -> int:
    """The number of an account."""
    return text_id(account_id)


def text_id(text: str) -> int:
    """A number for what has no other identity than its name here."""
    return crc32(text.encode())


def run_status(run: Run) -> str:
    """The status of a pipeline."""
    return _status(run.status, run.conclusion)


def job_status(job: Job) -> str:
    """The status of a job."""
    return _status(job.status, job.conclusion)


def _status(status: str, conclusion: str | None) -> str:
    if status == "completed":
        return _CONCLUSIONS[conclusion or "success"]
    return "running" if status == "running" else "pending"


def run_source(run: Run) -> str:
    """Why a pipeline was started."""
    return _SOURCES[run.kind]


def run_ref(run: Run, change: ChangeRequest | None) -> str:
    """The ref of a pipeline: a branch, a tag, or one that belongs to a merge request."""
    if run.kind in _MERGE_REFS and change is not None:
        return f"refs/merge-requests/{change.number}/{_MERGE_REFS[run.kind][0]}"
    return run.ref


def merge_request_event(run: Run) -> str | None:
    """Which kind of a merge request's pipelines it is; None for others."""
    return _MERGE_REFS[run.kind][1] if run.kind in _MERGE_REFS else None


def change_state(change: ChangeRequest) -> str:
    """opened, closed, merged or locked."""
    if change.state == "open":
        return "locked" if change.locked else "opened"
    return change.state


def iteration_state(iteration: Iteration, today: date) -> int:
    """1 upcoming, 2 current, 3 closed: it follows from the day."""
    if today < iteration.start:
        return 1
    return 2 if today <= iteration.due else 3
