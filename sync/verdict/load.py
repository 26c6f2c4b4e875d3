"""The evidence of a part of a repository's changes, out of the store in a few queries by keys."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sa

from mappings.vocabulary import Origin, PipelineKind
from sync.store import tables_code as code
from sync.store.bulk import select_ids
from sync.verdict import uploads
from sync.verdict.change_facts import Preview
from sync.verdict.evidence import Commit, Evidence
from sync.verdict.frame import Frame, Landed, Push
from sync.verdict.load_changes import load_changes
from sync.verdict.results import RESULT_COLUMNS, RUN_COLUMNS, Run, merged, newest_runs

_BUILDS_A_MERGE = (PipelineKind.MERGE_RESULT.value, PipelineKind.TRAIN.value)
_NOW = "AND known_to IS NULL"


def load(
    conn: sa.Connection, frame: Frame, changes: Sequence[Landed], pushes: Sequence[Push] = ()
) -> Evidence:
    """The evidence of these changes and pushes of a repository; `later` is left to `load_later`."""
    found = Evidence(frame, changes, pushes)
    _earlier(conn, found)
    _commits(conn, found, _first(found))
    _previews(conn, found)
    _equal(conn, found)
    shas = {sha for one in changes for sha in found.own(one)}
    shas.update(one.sha for one in pushes)
    shas.update(sha for equal in found.equal.values() for sha in equal)
    _results(conn, found, shas)
    _asked(conn, found, shas)
    load_changes(conn, found)
    _commits(conn, found, set(found.forks.values()) - set(found.commits))
    return found


def load_later(
    conn: sa.Connection, found: Evidence, later: Mapping[str, Mapping[str, int]]
) -> None:
    """Add the results on commits of the branch that came after what landed, by change or push."""
    found.later = {id_: dict(told) for id_, told in later.items()}
    wanted = {sha for told in later.values() for sha in told} - set(found.runs)
    _commits(conn, found, wanted - set(found.commits))
    _results(conn, found, wanted)


def _earlier(conn: sa.Connection, found: Evidence) -> None:
    host, ids = found.frame.repository[0], found.ids
    mine = {one.id: dict[str, None]() for one in found.changes}
    for change_id, sha in select_ids(
        conn, code.change_commit, ("change_request_id", "sha"), host, "change_request_id", ids, _NOW
    ):
        mine[change_id][sha] = None
    merged_at = {one.id: one.merged_at for one in found.changes}
    for change_id, at, before, after, is_force in select_ids(
        conn,
        code.push_event,
        ("change_request_id", "at", "before_sha", "after_sha", "is_force"),
        host,
        "change_request_id",
        ids,
        _NOW,
    ):
        mine[change_id].update((sha, None) for sha in (before, after) if sha)
        if is_force and not before:
            found.pushed_away.add(change_id)
        last = found.pushed.get(change_id)
        if at <= merged_at[change_id] and (last is None or at > last):
            found.pushed[change_id] = at
    found.earlier = {id_: list(shas) for id_, shas in mine.items() if shas}


def _first(found: Evidence) -> set[str]:
    """Commits of which more is asked than their results."""
    shas = {sha for one in found.changes for sha in (*found.own(one), one.base_sha) if sha}
    shas.update(sha for one in found.changes for sha in found.frame.built.get(one.number, ()))
    shas.update(one.sha for one in found.pushes)
    return shas


def _commits(conn: sa.Connection, found: Evidence, shas: Collection[str]) -> None:
    host, scope_id = found.frame.repository
    for sha, scope, tree, parents, at in select_ids(
        conn,
        code.code_commit,
        ("sha", "scope_id", "tree", "parents", "committed_at"),
        host,
        "sha",
        sorted(shas),
    ):
        if scope == scope_id:
            found.commits[sha] = Commit(tree, parents or (), at)
    for one in found.changes:
        for told, tree in ((one.landed_sha, one.landed_tree), (one.head_sha, one.head_tree)):
            if told is not None and tree is not None:
                held = found.commits.get(told, Commit(None, (), None))
                found.commits[told] = held._replace(tree=tree)


def _previews(conn: sa.Connection, found: Evidence) -> None:
    """What CI built for these changes: merges, heads of before, and children of either."""
    built = {sha for one in found.changes for sha in found.frame.built.get(one.number, ())}
    _runs(conn, found, built)
    unknown = set()
    for one in found.changes:
        for sha in found.frame.built.get(one.number, ()):
            runs = [run for run in found.runs.get(sha, ()) if one.number in run.numbers]
            merge = next((run for run in runs if run.kind in _BUILDS_A_MERGE), None)
            if merge is None:
                found.earlier.setdefault(one.id, []).append(sha)
                continue
            found.previews.setdefault(one.id, {})[sha] = _preview(found, sha, merge)
            unknown.add(found.previews[one.id][sha].base_sha)
    # What moved since a preview depends on how old its base is.
    _commits(conn, found, {sha for sha in unknown if sha is not None} - set(found.commits))


def _preview(found: Evidence, sha: str, run: Run) -> Preview:
    held = found.commits.get(sha)
    parents = held.parents if held is not None else ()
    if len(parents) == 2:
        return Preview(parents[0], parents[1])
    known = None if run.base_known is None else Origin(run.base_known)
    if run.base_sha is None and len(parents) == 1:
        return Preview(parents[0])
    return Preview(run.base_sha, None, known)


def _equal(conn: sa.Connection, found: Evidence) -> None:
    """Commits known to hold what landed: of an equal tree, or compared and found equal."""
    host, scope_id = found.frame.repository
    by_tree: dict[str, list[str]] = {}
    landed = [one.landed_sha for one in found.changes] + [one.sha for one in found.pushes]
    for sha in landed:
        tree = found.tree(sha)
        if sha is not None and tree is not None:
            by_tree.setdefault(tree, []).append(sha)
    others: dict[str, set[str]] = {}
    for scope, sha, tree, parents, at in select_ids(
        conn,
        code.code_commit,
        ("scope_id", "sha", "tree", "parents", "committed_at"),
        host,
        "tree",
        sorted(by_tree),
        f"AND scope_id = '{_plain(scope_id)}'",
    ):
        if scope == scope_id:
            found.commits.setdefault(sha, Commit(tree, parents or (), at))
            others.setdefault(tree, set()).add(sha)
    for tree, shas in by_tree.items():
        for sha in shas:
            found.equal[sha] = others.get(tree, set()) - {sha}
    for scope, sha, other, is_equal in _compared(conn, host, [sha for sha in landed if sha]):
        if scope == scope_id and is_equal:
            found.equal.setdefault(sha, set()).add(other)
    found.equal = {sha: shas for sha, shas in found.equal.items() if shas}


def _compared(
    conn: sa.Connection, host: int, shas: Sequence[str]
) -> Iterator[tuple[str, str, str, bool | None]]:
    """(repository, what landed, another commit, whether they are equal), either way round."""
    columns = ("scope_id", "sha", "other_sha", "is_equal")
    table = code.tree_comparison
    for scope, sha, other, is_equal in select_ids(conn, table, columns, host, "sha", shas):
        yield scope, sha, other, is_equal
    for scope, sha, other, is_equal in select_ids(conn, table, columns, host, "other_sha", shas):
        yield scope, other, sha, is_equal


def _plain(text: str) -> str:
    return text.replace("'", "''")


def _runs(conn: sa.Connection, found: Evidence, shas: Iterable[str]) -> None:
    """The newest attempt of each run on these commits."""
    host, scope_id = found.frame.repository
    fresh = sorted(set(shas) - set(found.runs))
    rows = select_ids(
        conn,
        code.pipeline_run,
        RUN_COLUMNS,
        host,
        "sha",
        fresh,
        f"AND scope_id = '{_plain(scope_id)}' AND gone_at IS NULL",
    )
    for sha in fresh:
        found.runs[sha] = []
    for run in newest_runs(rows).values():
        found.runs[run.sha].append(run)


def _results(conn: sa.Connection, found: Evidence, shas: Collection[str]) -> None:
    host, scope_id = found.frame.repository
    _runs(conn, found, shas)
    rows = select_ids(conn, code.check_result, RESULT_COLUMNS, host, "sha", sorted(shas), _NOW)
    scope, by_run = RESULT_COLUMNS.index("scope_id"), RESULT_COLUMNS.index("run_id")
    mine = [row for row in rows if row[scope] == scope_id]
    if found.frame.has_uploads:
        told = uploads.test_rows(conn, found.frame.repository, shas)
        mine += [tuple(map(row.get, RESULT_COLUMNS)) for row in told]
    known = {run.id: run for runs in found.runs.values() for run in runs}
    elsewhere = {row[by_run] for row in mine if row[by_run] and row[by_run] not in known}
    known.update(
        newest_runs(
            select_ids(conn, code.pipeline_run, RUN_COLUMNS, host, "source_id", sorted(elsewhere))
        )
    )
    for one in merged(mine, known):
        found.results.setdefault(one.sha, []).append(one)


def _asked(conn: sa.Connection, found: Evidence, shas: Collection[str]) -> None:
    host, scope_id = found.frame.repository
    runs = {run.id for sha in shas for run in found.runs.get(sha, ())}
    rows = select_ids(
        conn,
        code.checks_state,
        ("scope_id", "subject_kind", "subject_id", "source", "state", "reason"),
        host,
        "subject_id",
        [*sorted(shas), *sorted(runs)],
        _NOW,
    )
    for scope, kind, subject, source, state, reason in rows:
        if scope != scope_id:
            continue
        if kind == "commit":
            found.asked.setdefault(subject, {})[source] = (state, reason)
        elif kind == "run":
            found.jobs[subject] = (state, reason)
