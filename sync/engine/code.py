"""Records of code hosting: their boxes, and how a page's are written."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from mappings.code_records import (
    BranchTip,
    ChangeCommits,
    ChangeFiles,
    ChangeRequest,
    Checks,
    Commits,
    Deployment,
    PipelineRun,
    Pushes,
    References,
    Release,
    RequiredChecks,
    Reviews,
    RunJobs,
    TreeComparison,
)
from mappings.vocabulary import HistoryState
from sync.engine.membership import ItemState, derive
from sync.store import read_code
from sync.store.code_writer import CodeWriter
from sync.store.rows import MembershipRow


@dataclass(slots=True)
class CodeBatch:
    """Records of a page by kind."""

    changes: list[ChangeRequest] = field(default_factory=list)
    files: list[ChangeFiles] = field(default_factory=list)
    reviews: list[Reviews] = field(default_factory=list)
    change_commits: list[ChangeCommits] = field(default_factory=list)
    commits: list[Commits] = field(default_factory=list)
    tips: list[BranchTip] = field(default_factory=list)
    comparisons: list[TreeComparison] = field(default_factory=list)
    pushes: list[Pushes] = field(default_factory=list)
    references: list[References] = field(default_factory=list)
    runs: list[PipelineRun] = field(default_factory=list)
    checks: list[Checks] = field(default_factory=list)
    jobs: list[RunJobs] = field(default_factory=list)
    required: list[RequiredChecks] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)

    def boxes(self) -> dict[type, Callable[[object], None]]:
        """Where a record of each kind goes."""
        pairs: tuple[tuple[type, list[object]], ...] = (
            (ChangeRequest, self.changes),
            (ChangeFiles, self.files),
            (Reviews, self.reviews),
            (ChangeCommits, self.change_commits),
            (Commits, self.commits),
            (BranchTip, self.tips),
            (TreeComparison, self.comparisons),
            (Pushes, self.pushes),
            (References, self.references),
            (PipelineRun, self.runs),
            (Checks, self.checks),
            (RunJobs, self.jobs),
            (RequiredChecks, self.required),
            (Release, self.releases),
            (Deployment, self.deployments),
        )  # type: ignore[assignment]  # each list takes the one type it stands beside
        return {kind: box.append for kind, box in pairs}


def write(
    writer: CodeWriter, conn: sa.Connection, connection_id: int, found: CodeBatch, now: datetime
) -> None:
    """Write a page's records; a change stands before its children and its memberships."""
    touched = writer.changes(found.changes)
    writer.files(found.files)
    writer.reviews(found.reviews)
    writer.change_commits(found.change_commits)
    writer.commits(found.commits)
    writer.tips(found.tips)
    writer.comparisons(found.comparisons)
    writer.pushes(found.pushes)
    writer.references(found.references)
    writer.runs(found.runs)
    writer.checks(found.checks, found.jobs)
    writer.required(found.required)
    writer.releases(found.releases)
    writer.deployments(found.deployments)
    derive_changes(writer, conn, connection_id, touched, now)


def derive_changes(
    writer: CodeWriter,
    conn: sa.Connection,
    connection_id: int,
    ids: Collection[str],
    now: datetime,
) -> None:
    """Memberships of changes, as they are seen: no vendor's change carries a whole history."""
    states = read_code.changes(conn, connection_id, ids)
    known = read_code.memberships(conn, connection_id, states)
    rows: dict[str, tuple[MembershipRow, ...]] = {}
    for id_, change in states.items():
        held = known.get(id_, ())
        if held or change.milestones:
            state = ItemState(
                created_at=change.created_at,
                updated_at=change.updated_at,
                milestones=change.milestones,
                history=HistoryState.PARTIAL,
                gone_at=change.gone_at,
                gone_reason=change.gone_reason,
            )
            rows[id_] = derive(state, (), held, now)
    writer.memberships(rows)
