"""What verdicts rest on, out of the store: one repository at a time, in a few queries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from mappings.vocabulary import ChangeState, CheckSource, Conclusion, HistoryState, PipelineKind
from sync.store import schema
from sync.store import tables_code as code
from sync.store.bulk import select_ids
from sync.store.tables_judged import test_check
from sync.verdict.change_facts import Preview
from sync.verdict.checks import Check, labelled

#: A change is judged anew as long as it landed within this time: runs end late.
JUDGED = timedelta(days=180)
_BUILDS_A_MERGE = (PipelineKind.MERGE_RESULT.value, PipelineKind.TRAIN.value)

#: (connection id, scope id).
Repository = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Landed:
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


@dataclass
class Evidence:
    """All that is known of the landed changes of one repository and their checks."""

    repository: Repository
    changes: tuple[Landed, ...]
    #: by commit.
    checks: dict[str, list[Check]] = field(default_factory=dict)
    trees: dict[str, str] = field(default_factory=dict)
    #: earlier commits by change.
    commits: dict[str, list[str]] = field(default_factory=dict)
    #: previews by the number of the change.
    previews: dict[int, dict[str, Preview]] = field(default_factory=dict)
    #: paths by change, where the list was read whole.
    files: dict[str, list[str]] = field(default_factory=dict)
    #: names without which nothing merges, by branch.
    required: dict[str, set[str]] = field(default_factory=dict)
    #: by commit and source: state and reason.
    asked: dict[str, dict[str, tuple[str, str | None]]] = field(default_factory=dict)
    #: runs of each commit.
    runs: dict[str, set[str]] = field(default_factory=dict)
    #: state and reason of the jobs of each run.
    jobs: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    #: whether the list of runs was read completely; None: it is not read here.
    runs_complete: bool | None = None
    confirmed: dict[str, bool] = field(default_factory=dict)


def repositories(conn: sa.Connection) -> list[Repository]:
    """Repositories that hold changes."""
    c = code.change_request.c
    rows = conn.execute(
        sa.select(c.connection_id, c.scope_id).distinct().order_by(c.connection_id, c.scope_id)
    )
    return [(row.connection_id, row.scope_id) for row in rows]


def load(conn: sa.Connection, repository: Repository, since: datetime) -> Evidence:
    """The changes of one repository that landed from `since` (UTC) on, and their evidence."""
    connection_id, scope_id = repository
    c = code.change_request.c
    rows = conn.execute(
        sa.select(
            c.source_id,
            c.number,
            c.landed_sha,
            c.head_sha,
            c.merged_at,
            c.base_ref,
            c.base_sha_at_merge,
            c.landed_tree,
            c.head_tree,
        )
        .where(
            c.connection_id == connection_id,
            c.scope_id == scope_id,
            c.state == ChangeState.MERGED.value,
            c.merged_at >= since,
            c.gone_at.is_(None),
        )
        .order_by(c.merged_at, c.source_id)
    )
    found = Evidence(repository, tuple(Landed(*row) for row in rows))
    found.confirmed = confirmed(conn, repository)
    _commits(conn, found)
    _previews(conn, found)
    shas = _shas(found)
    _trees(conn, found, shas)
    _checks(conn, found, shas)
    _asked(conn, found, shas)
    _files(conn, found)
    _required(conn, found)
    return found


def confirmed(conn: sa.Connection, repository: Repository) -> dict[str, bool]:
    """What a person said about the checks of a repository, by their label."""
    c = test_check.c
    rows = conn.execute(
        sa.select(c.name, c.is_test).where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.known_to.is_(None),
            c.confirmed_by.is_not(None),
        )
    )
    return {row.name: bool(row.is_test) for row in rows}


def _commits(conn: sa.Connection, found: Evidence) -> None:
    for change_id, sha in select_ids(
        conn,
        code.change_commit,
        ("change_request_id", "sha"),
        found.repository[0],
        "change_request_id",
        [one.id for one in found.changes],
        "AND known_to IS NULL",
    ):
        found.commits.setdefault(change_id, []).append(sha)


def _previews(conn: sa.Connection, found: Evidence) -> None:
    """Commits that CI ran on for these changes: merges that it built, and heads of before.

    A head that was rebased away is no commit of the change any more; its run still names it.
    """
    connection_id, scope_id = found.repository
    r, m = code.pipeline_run.c, code.code_commit.c
    wanted = {one.number: one for one in found.changes}
    rows = conn.execute(
        sa.select(r.sha, r.kind, r.change_numbers, m.parents)
        .select_from(code.pipeline_run)
        .outerjoin(
            code.code_commit,
            sa.and_(m.connection_id == r.connection_id, m.scope_id == r.scope_id, m.sha == r.sha),
        )
        .where(
            r.connection_id == connection_id,
            r.scope_id == scope_id,
            r.kind.in_((*_BUILDS_A_MERGE, PipelineKind.CHANGE.value)),
            r.sha.is_not(None),
            r.gone_at.is_(None),
        )
    )
    for row in rows:
        parents = row.parents or []
        whole = len(parents) == 2
        for number in wanted.keys() & set(row.change_numbers or ()):
            if row.kind == PipelineKind.CHANGE.value:
                found.commits.setdefault(wanted[number].id, []).append(row.sha)
                continue
            found.previews.setdefault(number, {})[row.sha] = Preview(
                parents[0] if whole else None, parents[1] if whole else None
            )


def _shas(found: Evidence) -> list[str]:
    shas = {
        sha
        for one in found.changes
        for sha in (
            one.landed_sha,
            one.head_sha,
            *found.commits.get(one.id, ()),
            *found.previews.get(one.number, ()),
        )
        if sha is not None
    }
    return sorted(shas)


def _trees(conn: sa.Connection, found: Evidence, shas: Sequence[str]) -> None:
    connection_id, scope_id = found.repository
    for sha, scope, tree in select_ids(
        conn, code.code_commit, ("sha", "scope_id", "tree"), connection_id, "sha", shas
    ):
        if scope == scope_id and tree is not None:
            found.trees[sha] = tree
    for one in found.changes:
        for sha, tree in ((one.landed_sha, one.landed_tree), (one.head_sha, one.head_tree)):
            if sha is not None and tree is not None:
                found.trees[sha] = tree


_COLUMNS = (
    "source",
    "source_id",
    "scope_id",
    "run_id",
    "sha",
    "name",
    "app",
    "stage",
    "conclusion",
    "attempt",
    "allow_failure",
    "is_superseded",
    "created_at",
    "started_at",
    "finished_at",
    "tests_total",
    "tests_failed",
    "tests_skipped",
)


def _checks(conn: sa.Connection, found: Evidence, shas: Sequence[str]) -> None:
    connection_id, scope_id = found.repository
    rows = [
        dict(zip(_COLUMNS, row, strict=True))
        for row in select_ids(
            conn,
            code.check_result,
            _COLUMNS,
            connection_id,
            "sha",
            shas,
            "AND known_to IS NULL",
        )
    ]
    mine = [row for row in rows if row["scope_id"] == scope_id]
    runs = _newest_runs(conn, connection_id, {row["run_id"] for row in mine if row["run_id"]})
    for row in mine:
        run = runs.get(row["run_id"])
        if run is None:
            continue
        # Its newest attempt failed and its run did not: the run was told to go on.
        if run.conclusion == Conclusion.SUCCESS.value and not row["is_superseded"]:
            row["allow_failure"] = True
        # A check run by REST names its run alone, and jobs may be not read or not asked for.
        if row["source"] == CheckSource.CHECK_RUN.value:
            row["stage"] = row["stage"] or run.name
    for one in labelled(mine):
        found.checks.setdefault(one.fact.sha, []).append(one)


class _Run(NamedTuple):
    attempt: int
    conclusion: str
    #: its workflow, where the vendor has such.
    name: str | None


def _newest_runs(conn: sa.Connection, connection_id: int, ids: Collection[str]) -> dict[str, _Run]:
    """The newest attempt of each run."""
    newest: dict[str, _Run] = {}
    for run_id, *told in select_ids(
        conn,
        code.pipeline_run,
        ("source_id", "attempt", "conclusion", "name"),
        connection_id,
        "source_id",
        sorted(ids),
    ):
        one = _Run(*told)
        if run_id not in newest or one.attempt > newest[run_id].attempt:
            newest[run_id] = one
    return newest


def _asked(conn: sa.Connection, found: Evidence, shas: Sequence[str]) -> None:
    connection_id, scope_id = found.repository
    columns = ("scope_id", "subject_kind", "subject_id", "source", "state", "reason")
    runs: set[str] = set()
    for run_id, scope, sha in select_ids(
        conn,
        code.pipeline_run,
        ("source_id", "scope_id", "sha"),
        connection_id,
        "sha",
        shas,
        "AND gone_at IS NULL",
    ):
        if scope == scope_id:
            found.runs.setdefault(sha, set()).add(run_id)
            runs.add(run_id)
    rows = select_ids(
        conn,
        code.checks_state,
        columns,
        connection_id,
        "subject_id",
        [*shas, *sorted(runs)],
        "AND known_to IS NULL",
    )
    for scope, kind, subject, source, state, reason in rows:
        if scope != scope_id:
            continue
        if kind == "commit":
            found.asked.setdefault(subject, {})[source] = (state, reason)
        elif kind == "run":
            found.jobs[subject] = (state, reason)
    found.runs_complete = _runs_complete(conn, found.repository)


def _runs_complete(conn: sa.Connection, repository: Repository) -> bool | None:
    s = schema.sync_step.c
    newest = conn.execute(
        sa.select(s.outcome)
        .where(s.connection_id == repository[0], s.scope_id == repository[1], s.stream == "runs")
        .order_by(s.id.desc())
        .limit(1)
    ).scalar()
    return None if newest is None else newest == "complete"


def _files(conn: sa.Connection, found: Evidence) -> None:
    connection_id = found.repository[0]
    ids = [one.id for one in found.changes]
    whole = {
        change_id
        for change_id, part, state in select_ids(
            conn,
            code.change_part,
            ("change_request_id", "part", "state"),
            connection_id,
            "change_request_id",
            ids,
            "AND known_to IS NULL",
        )
        if part == "files" and state == HistoryState.COMPLETE.value
    }
    for change_id, path, old in select_ids(
        conn,
        code.change_file,
        ("change_request_id", "path", "old_path"),
        connection_id,
        "change_request_id",
        sorted(whole),
        "AND known_to IS NULL",
    ):
        paths = found.files.setdefault(change_id, [])
        paths.append(path)
        if old is not None:
            paths.append(old)


def _required(conn: sa.Connection, found: Evidence) -> None:
    c = code.required_check.c
    rows = conn.execute(
        sa.select(c.branch, c.name).where(
            c.connection_id == found.repository[0],
            c.scope_id == found.repository[1],
            c.known_to.is_(None),
        )
    )
    for row in rows:
        found.required.setdefault(row.branch, set()).add(row.name)
