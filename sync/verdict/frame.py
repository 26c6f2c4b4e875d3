"""What is looked at of a whole repository at once: what landed, in order, and how its branch went.

Some hundred bytes for each change; all evidence is loaded for a part of them at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from mappings.vocabulary import ChangeState, MergeMethod, PipelineKind
from sync.store import tables_code as code
from sync.store.bulk import select_ids
from sync.verdict import chain, whole
from sync.verdict.chain import Chain
from sync.verdict.lost_runs import Counted, Gap, gaps
from sync.verdict.whole import Repository as Repository  # told with the frame

#: A change is judged anew as long as it landed within this time: runs end late.
JUDGED = timedelta(days=180)
#: Changes on each side whose tests tell what is usual here.
AROUND = 25
_NAMES_ITS_CHANGES = (
    PipelineKind.CHANGE.value,
    PipelineKind.MERGE_RESULT.value,
    PipelineKind.TRAIN.value,
    PipelineKind.CHILD.value,
)
#: Runs that test the branch as it stands, or stood for a moment in its queue.
OF_BRANCH = (PipelineKind.BRANCH.value, PipelineKind.SCHEDULE.value, PipelineKind.TRAIN.value)

#: Ways to land whose first parent is the base, and that leave one commit on the branch.
_ON_THEIR_BASE = (MergeMethod.MERGE.value, MergeMethod.SQUASH.value)

#: Of one statement: set on a connection they would stay with it.
_STREAMED = {"stream_results": True, "yield_per": 5_000}


class Landed(NamedTuple):
    """A change that landed; instants in UTC."""

    id: str
    number: int
    landed_sha: str | None
    head_sha: str | None
    merged_at: datetime
    base_ref: str | None
    base_sha: str | None
    landed_tree: str | None
    head_tree: str | None
    author_id: str | None
    method: str
    created_at: datetime | None


class Push(NamedTuple):
    """A commit on the default branch that belongs to no change; instants in UTC."""

    sha: str
    landed_at: datetime
    base_sha: str | None

    @property
    def id(self) -> str:
        """What its verdict is kept under."""
        return f"push:{self.sha}"


@dataclass(slots=True)
class Frame:
    """A repository's changes in the order they landed, and its branches."""

    repository: Repository
    changes: tuple[Landed, ...]
    #: place of the first one that is judged; those before tell what was usual.
    first: int
    chain: Chain
    #: commits of CI runs by the number of the change that the vendor says they are for.
    built: Mapping[int, Sequence[str]] = field(default_factory=dict)
    #: commits on which a run of the branch was started.
    tested: frozenset[str] = frozenset()
    pushes: tuple[Push, ...] = ()
    #: name of the default branch, as far as it is told.
    branch: str | None = None
    #: names without which nothing merges, by branch; a branch that is missing was not read.
    required: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: since when that is known (UTC).
    required_since: Mapping[str, datetime] = field(default_factory=dict)
    #: what is asked for by commit here (`CheckSource`).
    sources: frozenset[str] = frozenset()
    #: whether the list of runs was read completely; None: it is not read here.
    runs_complete: bool | None = None
    #: accounts that are bots.
    bots: frozenset[str] = frozenset()
    #: runs that were deleted before anybody read them.
    lost: tuple[Gap, ...] = ()
    #: `owner/name`.
    path: str | None = None
    #: somebody gave test reports by hand, of this repository or of any.
    has_uploads: bool = False

    @property
    def oldest(self) -> datetime | None:
        """When the first of those that are judged landed."""
        judged = [self.changes[self.first].merged_at] if self.first < len(self.changes) else []
        judged += [one.landed_at for one in self.pushes[:1]]
        return min(judged, default=None)


def repositories(conn: sa.Connection) -> list[Repository]:
    """Repositories that hold changes."""
    c = code.change_request.c
    rows = conn.execute(
        sa.select(c.connection_id, c.scope_id).distinct().order_by(c.connection_id, c.scope_id)
    )
    return [(row.connection_id, row.scope_id) for row in rows]


def frame(conn: sa.Connection, repository: Repository, since: datetime) -> Frame:
    """The changes of one repository that landed from `since` (UTC) on, and its branches."""
    changes, first = _changes(conn, repository, since)
    built, tested, lost = _runs(conn, repository, changes, whole.host(conn, repository[0]))
    branch = whole.default_branch(conn, repository)
    tips = _tips(conn, repository)
    parents = _parents(conn, repository) if tips else {}
    changes = tuple(_on_its_base(one, parents) for one in changes)
    told = chain.of(changes, tips, {sha: one.parents for sha, one in parents.items()})
    found = Frame(
        repository,
        changes,
        first,
        told,
        built,
        tested,
        branch=branch,
        required=whole.required(conn, repository),
        required_since=whole.required_since(conn, repository),
        sources=whole.sources(conn, repository),
        runs_complete=whole.runs_complete(conn, repository),
        bots=whole.bots(conn, repository[0]),
        lost=lost,
        path=whole.path(conn, repository),
        has_uploads=whole.has_uploads(conn),
    )
    if branch in tips:
        found.pushes = _pushes(conn, found, parents, since)
    return found


def _on_its_base(one: Landed, parents: "Mapping[str, _Commit]") -> Landed:
    """With the base that it landed on: GitLab tells it by the parents of what landed alone."""
    if one.base_sha is not None or one.landed_sha is None or one.method not in _ON_THEIR_BASE:
        return one
    held = parents.get(one.landed_sha)
    return one if held is None else one._replace(base_sha=held.parents[0])


def _changes(
    conn: sa.Connection, repository: Repository, since: datetime
) -> tuple[tuple[Landed, ...], int]:
    c = code.change_request.c
    query = sa.select(
        c.source_id,
        c.number,
        c.landed_sha,
        c.head_sha,
        c.merged_at,
        c.base_ref,
        c.base_sha_at_merge,
        c.landed_tree,
        c.head_tree,
        c.author_id,
        c.merge_method,
        c.created_at,
    ).where(
        c.connection_id == repository[0],
        c.scope_id == repository[1],
        c.state == ChangeState.MERGED.value,
        c.gone_at.is_(None),
    )
    judged = query.where(c.merged_at >= since).order_by(c.merged_at, c.source_id)
    before = (
        query.where(c.merged_at < since)
        .order_by(c.merged_at.desc(), c.source_id.desc())
        .limit(AROUND)
    )
    earlier = [Landed._make(row) for row in conn.execute(before)][::-1]
    return (*earlier, *(Landed._make(row) for row in conn.execute(judged))), len(earlier)


def _runs(
    conn: sa.Connection, repository: Repository, changes: Sequence[Landed], kind: str | None
) -> tuple[dict[int, list[str]], frozenset[str], tuple[Gap, ...]]:
    """Commits that runs were started on, by number of their change and of the branch; lost runs.

    A head that was rebased away is no commit of the change any more; its run still names it.
    """
    wanted = {one.number: one.head_sha for one in changes}
    built: dict[int, dict[str, None]] = {}
    tested: set[str] = set()
    counted: list[Counted] = []
    columns = ("sha", "kind", "change_numbers", "gone_at", "name", "number", "created_at")
    host, scope_id = repository
    for sha, started, numbers, gone_at, name, number, at in select_ids(
        conn, code.pipeline_run, columns, host, "scope_id", [scope_id]
    ):
        if number is not None and at is not None:
            # GitLab counts the pipelines of a project, GitHub the runs of each workflow.
            counted.append(Counted("" if kind == "gitlab" else name or "", number, at))
        if sha is None or gone_at is not None:
            continue
        if started in OF_BRANCH:
            tested.add(sha)
        if started in _NAMES_ITS_CHANGES:
            for mine in numbers:
                if mine in wanted and wanted[mine] != sha:
                    built.setdefault(mine, {})[sha] = None
    by_number = {number: list(shas) for number, shas in built.items()}
    return by_number, frozenset(tested), gaps(counted)


def _tips(conn: sa.Connection, repository: Repository) -> dict[str, str]:
    """The newest commit of each branch that is read."""
    c = code.branch_tip.c
    rows = conn.execute(
        sa.select(c.branch, c.sha).where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.known_to.is_(None),
        )
    )
    return {row.branch: row.sha for row in rows}


class _Commit(NamedTuple):
    parents: Sequence[str]
    at: datetime | None


def _parents(conn: sa.Connection, repository: Repository) -> dict[str, _Commit]:
    c = code.code_commit.c
    rows = conn.execute(
        sa.select(c.sha, c.parents, c.committed_at).where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.parents.is_not(None),
        ),
        execution_options=_STREAMED,
    )
    return {sha: _Commit(parents[:1], at) for sha, parents, at in rows if parents}


def _pushes(
    conn: sa.Connection, found: Frame, parents: Mapping[str, _Commit], since: datetime
) -> tuple[Push, ...]:
    """Commits of the default branch since `since` that no change brought, oldest first."""
    line = found.chain.line(found.branch)
    if not line:
        return ()
    owned = chain.brought(found.chain, found.changes, _sizes(conn, found))
    owned |= _of_changes(conn, found.repository, [sha for sha in line if sha not in owned])
    pushes = []
    for sha in line:
        one = parents.get(sha)
        if sha in owned or one is None or one.at is None or one.at < since:
            continue
        pushes.append(Push(sha, one.at, one.parents[0]))
    return tuple(pushes)


def _sizes(conn: sa.Connection, found: Frame) -> dict[str, int]:
    """Commits of each change that may have been replayed one by one onto the branch."""
    sizes: dict[str, int] = {}
    ids = [one.id for one in found.changes if one.method not in _ON_THEIR_BASE]
    for change_id, _ in select_ids(
        conn,
        code.change_commit,
        ("change_request_id", "sha"),
        found.repository[0],
        "change_request_id",
        ids,
        "AND known_to IS NULL",
    ):
        sizes[change_id] = sizes.get(change_id, 0) + 1
    return sizes


def _of_changes(conn: sa.Connection, repository: Repository, shas: Iterable[str]) -> set[str]:
    """Of these commits those of a change, or that some change of the repository landed as."""
    wanted = list(shas)
    own = select_ids(conn, code.change_commit, ("sha",), repository[0], "sha", wanted)
    rows: list[tuple[Any, ...]] = select_ids(
        conn, code.change_request, ("landed_sha",), repository[0], "landed_sha", wanted
    )
    return {sha for (sha,) in (*own, *rows)}
