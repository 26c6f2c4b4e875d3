"""How many of the lines that a change altered were executed by tests, as far as that is told.

It takes a report that says which lines ran, about the commit that landed, one of equal content or
the head, and the lines that the change altered there: from a diff given by hand, or because the
file is new. What is not told is not guessed: without both there is no figure.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from mappings.vocabulary import FileChange, HistoryState
from sync.store import tables_code as code
from sync.store.bulk import select_ids
from sync.store.tables_evidence import evidence_file, evidence_upload
from sync.verdict.change_facts import DiffCoverage
from sync.verdict.line_set import from_text, matching
from sync.verdict.paths import PathKind, PathRule, kind_of
from sync.verdict.report_files import ReportKind

_KINDS = (ReportKind.COBERTURA.value, ReportKind.LCOV.value, ReportKind.DIFF.value)


@dataclass(frozen=True, slots=True)
class Subject:
    """A change whose coverage is asked for."""

    id: str
    #: commits whose content counts, the best first: what landed, commits of equal content, head.
    shas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Covered:
    """What is known of the lines that a change altered."""

    #: None: no figure can be given.
    lines: DiffCoverage | None
    #: why there is no figure, or what it leaves out; half a sentence.
    reason: str | None = None
    #: commit that the report is about.
    sha: str | None = None
    #: lines that did not run, by file.
    uncovered: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a file that ran, and that did not though they could."""

    covered: frozenset[int]
    uncovered: frozenset[int]


def diff_coverage(
    conn: sa.Connection,
    repository: tuple[int, str],
    subjects: Collection[Subject],
    rules: Sequence[PathRule] = (),
    path: str | None = None,
) -> dict[str, Covered]:
    """What is known of each change about whose commits a report of lines was given, by id.

    `path`: what rules call the repository. Only files of source count.
    """
    by_sha = _uploads(conn, repository)
    wanted = {
        one.id: sha
        for one in subjects
        for sha in [next((sha for sha in one.shas if _has_lines(by_sha, sha)), None)]
        if sha is not None
    }
    if not wanted:
        return {}
    files = _files(conn, repository[0], wanted)
    found = {}
    for id_, sha in wanted.items():
        ran: dict[str, Lines] = {}
        changed: dict[str, frozenset[int]] = {}
        for upload, kind in by_sha[sha]:
            if kind == ReportKind.DIFF.value:
                changed.update(_changed(conn, upload))
            else:
                _add(ran, _lines_of(conn, upload))
        mine = files.get(id_)
        if mine is not None:
            mine = {
                name: what
                for name, what in mine.items()
                if kind_of(name, rules, path) is PathKind.SOURCE
            }
        found[id_] = measure(mine, ran, changed, sha)
    return found


def measure(
    files: Mapping[str, FileChange] | None,
    ran: Mapping[str, Lines],
    changed: Mapping[str, frozenset[int]],
    sha: str,
) -> Covered:
    """The figure of one change out of its files of source; pure. `files` None: not read whole."""
    if files is None:
        return Covered(None, "the list of its files was not read whole", sha)
    covered = coverable = 0
    missed: dict[str, frozenset[int]] = {}
    unreported: list[str] = []
    for name, what in sorted(files.items()):
        if what is FileChange.REMOVED:
            continue
        known = matching(name, ran)
        if known is None:
            unreported.append(name)
            continue
        held = ran[known]
        if what is FileChange.ADDED:
            lines = held.covered | held.uncovered
        elif name in changed:
            lines = changed[name]
        else:
            return Covered(None, f"which lines of {name} changed is not told", sha)
        hit, miss = lines & held.covered, lines & held.uncovered
        covered, coverable = covered + len(hit), coverable + len(hit) + len(miss)
        if miss:
            missed[name] = miss
    if not files:
        return Covered(None, "it touches no file of source", sha)
    left_out = None
    if unreported:
        number = len(unreported)
        left_out = f"the report does not speak of {unreported[0]}" + (
            f" and {number - 1} more" if number > 1 else ""
        )
    if not coverable:
        return Covered(None, left_out or "no line that it altered can run", sha)
    return Covered(DiffCoverage(covered, coverable), left_out, sha, missed)


def _has_lines(by_sha: Mapping[str, list[tuple[str, str]]], sha: str) -> bool:
    return any(kind != ReportKind.DIFF.value for _, kind in by_sha.get(sha, ()))


def _uploads(conn: sa.Connection, repository: tuple[int, str]) -> dict[str, list[tuple[str, str]]]:
    """(upload, kind) by commit."""
    u = evidence_upload.c
    rows = conn.execute(
        sa.select(u.sha, u.upload_id, u.kind)
        .where(
            u.known_to.is_(None),
            u.kind.in_(_KINDS),
            sa.or_(
                u.connection_id.is_(None),
                sa.and_(u.connection_id == repository[0], u.scope_id == repository[1]),
            ),
        )
        .order_by(u.known_from, u.upload_id)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for sha, upload, kind in rows:
        found.setdefault(sha, []).append((upload, kind))
    return found


def _lines_of(conn: sa.Connection, upload: str) -> dict[str, Lines]:
    f = evidence_file.c
    rows = conn.execute(sa.select(f.path, f.covered, f.uncovered).where(f.upload_id == upload))
    return {
        path: Lines(from_text(covered), from_text(uncovered)) for path, covered, uncovered in rows
    }


def _add(ran: dict[str, Lines], more: Mapping[str, Lines]) -> None:
    """Reports of parts add up: a line that ran in one of them ran."""
    for path, lines in more.items():
        held = ran.get(path, Lines(frozenset(), frozenset()))
        covered = held.covered | lines.covered
        ran[path] = Lines(covered, (held.uncovered | lines.uncovered) - covered)


def _changed(conn: sa.Connection, upload: str) -> dict[str, frozenset[int]]:
    f = evidence_file.c
    rows = conn.execute(sa.select(f.path, f.changed).where(f.upload_id == upload))
    return {path: from_text(changed) for path, changed in rows}


def _files(
    conn: sa.Connection, connection_id: int, ids: Collection[str]
) -> dict[str, dict[str, FileChange]]:
    """Files by change, of those whose list was read whole."""
    whole: dict[str, dict[str, FileChange]] = {
        id_: {}
        for id_, part, state in select_ids(
            conn,
            code.change_part,
            ("change_request_id", "part", "state"),
            connection_id,
            "change_request_id",
            sorted(ids),
            "AND known_to IS NULL",
        )
        if part == "files" and state == HistoryState.COMPLETE.value
    }
    for id_, path, change in select_ids(
        conn,
        code.change_file,
        ("change_request_id", "path", "change"),
        connection_id,
        "change_request_id",
        sorted(whole),
        "AND known_to IS NULL",
    ):
        whole[id_][path] = FileChange(change)
    return whole
