"""Evidence that people give by hand: kept with who, when and of what; nothing is overwritten."""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import Conclusion
from sync.errors import UsageError
from sync.store import due, schema
from sync.store import tables_code as code
from sync.store.tables_evidence import evidence_file, evidence_upload
from sync.verdict import repository as repositories
from sync.verdict.report_files import FileLines, Report, ReportKind
from sync.verdict.repository import KnownRepository

#: Where rows that stand beside those of `check_result` come from.
SOURCE = "upload"
#: What a report of tests counts as where nobody named it.
DEFAULT_NAME = "junit"

_SHA = re.compile(r"[0-9a-f]{7,64}")
_WHOLE = (40, 64)
#: Values of one query.
_CHUNK = 500
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Place:
    """The commit that evidence is about."""

    sha: str | None
    #: None: the commit was not seen yet.
    repository: KnownRepository | None
    #: what to tell a person about it.
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """What was given by hand; instants in UTC."""

    id: str
    kind: ReportKind
    connection: str | None
    repository: str | None
    sha: str | None
    ref: str | None
    name: str | None
    file_name: str | None
    tests_total: int | None
    tests_failed: int | None
    tests_skipped: int | None
    lines_covered: int | None
    lines_coverable: int | None
    author: str
    reason: str | None
    added_at: datetime
    removed_at: datetime | None = None
    removed_by: str | None = None
    #: it was there before, and nothing was written.
    already: bool = False


def place(conn: sa.Connection, sha: str, repo: str | None = None) -> Place:
    """The commit that a person means by `sha`, whole or its beginning.

    One that is not known may arrive with the next sync; it must be told whole. Raises UsageError
    for what is no commit id, and for one that stands for several or lies in two repositories.
    """
    wanted = sha.strip().lower()
    if not _SHA.fullmatch(wanted):
        raise UsageError("a commit id has 7 to 64 hexadecimal digits", where=f"--sha {sha[:80]!r}")
    known = repositories.called(conn, repo) if repo is not None else None
    matches = repositories.commits(conn, wanted, known)
    shas = sorted({one[2] for one in matches})
    if len(shas) > 1:
        listed = ", ".join(shas[:5]) + (" and more" if len(shas) > 5 else "")
        raise UsageError(
            f"several commits begin so: {listed}", where=f"--sha {wanted}", todo="Write more of it."
        )
    if not shas:
        if len(wanted) not in _WHOLE:
            where = "" if known is None else f" of {known.path}"
            raise UsageError(
                f"no known commit{where} begins so",
                where=f"--sha {wanted}",
                todo="Write the whole id: a commit that is not read yet is kept until it comes.",
            )
        return Place(
            wanted, known, "this commit is not known yet; it counts as soon as a sync brings it"
        )
    if known is None:
        known = _only(conn, {(one[0], one[1]) for one in matches}, f"--sha {wanted}")
    return Place(shas[0], known)


def _only(
    conn: sa.Connection, pairs: Collection[tuple[int, str]], where: str
) -> KnownRepository | None:
    mine = [one for one in repositories.repositories(conn) if one.pair in pairs]
    if len(mine) > 1:
        names = ", ".join(f"{one.connection}/{one.path}" for one in mine)
        raise UsageError(
            f"it is in several repositories: {names}", where=where, todo="Name one with --repo."
        )
    return mine[0] if mine else None


def signed(conn: sa.Connection, ref: str, repo: str | None = None) -> Place:
    """Where a tag or branch that is signed off stands. Raises UsageError for one of several."""
    name = _short(ref, "--ref")
    if name is None:
        raise UsageError("the name of the ref is empty", where="--ref")
    known = repositories.called(conn, repo) if repo is not None else None
    r, b = code.release.c, code.default_branch.c
    query = sa.select(r.connection_id, r.scope_id, r.sha).where(r.tag == name, r.gone_at.is_(None))
    rows = {(row[0], row[1]): row[2] for row in conn.execute(query)}
    branches = sa.select(b.connection_id, b.scope_id).where(b.name == name, b.known_to.is_(None))
    for row in conn.execute(branches):
        rows.setdefault((row[0], row[1]), None)
    if known is not None:
        rows = {pair: sha for pair, sha in rows.items() if pair == known.pair}
    if not rows:
        return Place(
            None, known, f"{name} is not known yet: what it held at the sign-off cannot be told"
        )
    if known is None:
        known = _only(conn, rows, f"--ref {name}")
    sha = None if known is None else rows[known.pair]
    note = None if sha is not None else f"where {name} stands now is not known"
    return Place(sha, known, note)


def add(
    conn: sa.Connection,
    at: Place,
    reports: Sequence[tuple[str, Report]],
    *,
    name: str | None,
    author: str,
    now: datetime,
    reason: str | None = None,
) -> list[Upload]:
    """Keep reports (file name, content) about one commit; what is there already stays. UTC."""
    check = _short(name, "--name") or DEFAULT_NAME
    found = []
    for file_name, report in reports:
        values = {
            "kind": report.kind.value,
            "sha": at.sha,
            "name": check if report.kind is ReportKind.JUNIT else None,
            "file_name": file_name[-_LONGEST:],
            "digest": report.digest,
            "size": report.size,
            "tests_total": report.tests.total if report.tests else None,
            "tests_failed": report.tests.failed if report.tests else None,
            "tests_skipped": report.tests.skipped if report.tests else None,
            "lines_covered": report.covered,
            "lines_coverable": report.coverable,
        }
        found.append(_keep(conn, at, values, report.files, author, reason, now))
    return found


def sign_off(
    conn: sa.Connection,
    at: Place,
    ref: str,
    *,
    author: str,
    now: datetime,
    reason: str | None = None,
) -> Upload:
    """Keep that a person signed a ref off, as it stands now. UTC."""
    values = {"kind": ReportKind.SIGNOFF.value, "sha": at.sha, "ref": _short(ref, "--ref")}
    return _keep(conn, at, values, (), author, reason, now)


def _keep(
    conn: sa.Connection,
    at: Place,
    values: Mapping[str, Any],
    files: Sequence[FileLines],
    author: str,
    reason: str | None,
    now: datetime,
) -> Upload:
    who = _short(author, "--by")
    if who is None:
        raise UsageError("nobody is named", where="--by")
    pair = (None, None) if at.repository is None else at.repository.pair
    told = (*pair, *(values.get(key) for key in ("kind", "sha", "ref", "name", "digest")))
    whole = (*told, who) if values["kind"] == ReportKind.SIGNOFF.value else told
    id_ = hashlib.sha256(repr(whole).encode()).hexdigest()[:12]
    u = evidence_upload.c
    held = conn.execute(
        sa.select(u.upload_id).where(u.upload_id == id_, u.known_to.is_(None))
    ).scalar()
    if held is None:
        row = {
            **values,
            "upload_id": id_,
            "known_from": now,
            "connection_id": pair[0],
            "scope_id": pair[1],
            "author": who,
            "reason": _short(reason, "--reason"),
        }
        conn.execute(sa.insert(evidence_upload).values(row))
        _keep_files(conn, id_, files)
        _judge_anew(conn, pair[0], at.sha)
    (one,) = listing(conn, ids=[id_])
    return one if held is None else replace(one, already=True)


def _judge_anew(conn: sa.Connection, connection_id: int | None, sha: str | None) -> None:
    """Have the verdicts that rest on a commit worked out again; of one that nobody knows, all."""
    if sha is None:
        return
    c = schema.connection.c
    ids = [connection_id] if connection_id is not None else conn.execute(sa.select(c.id)).scalars()
    for id_ in list(ids):
        if due.is_kept(conn, id_):
            due.note(conn, id_, [(due.Kind.COMMIT, sha)])


def _keep_files(conn: sa.Connection, id_: str, files: Sequence[FileLines]) -> None:
    f = evidence_file.c
    if conn.execute(sa.select(f.path).where(f.upload_id == id_).limit(1)).scalar() is not None:
        return
    for start in range(0, len(files), _CHUNK):
        conn.execute(
            sa.insert(evidence_file),
            [
                {
                    "upload_id": id_,
                    "path": one.path,
                    "covered": one.covered,
                    "uncovered": one.uncovered,
                    "changed": one.changed,
                }
                for one in files[start : start + _CHUNK]
            ],
        )


def _short(text: str | None, where: str) -> str | None:
    """A name in one line; None for an empty one. Raises UsageError."""
    found = None if text is None else text.strip()
    if not found:
        return None
    if len(found) > _LONGEST or not found.isprintable():
        raise UsageError(f"it is no name in one line of up to {_LONGEST} characters", where=where)
    return found


def listing(
    conn: sa.Connection,
    *,
    ids: Collection[str] | None = None,
    repo: str | None = None,
    removed: bool = False,
) -> list[Upload]:
    """What was given by hand, the newest first; `removed`: what was taken back, too.

    Raises UsageError for an unknown repository.
    """
    u, s, c = evidence_upload.c, schema.scope.c, schema.connection.c
    query = (
        sa.select(evidence_upload, c.name.label("connection"), s.key.label("repository"))
        .outerjoin(schema.connection, c.id == u.connection_id)
        .outerjoin(
            schema.scope,
            sa.and_(
                s.connection_id == u.connection_id,
                s.source_id == u.scope_id,
                s.kind.in_(("project", "repository")),
            ),
        )
        .order_by(u.known_from.desc(), u.upload_id)
    )
    if not removed:
        query = query.where(u.known_to.is_(None))
    if ids is not None:
        query = query.where(u.upload_id.in_(sorted(ids)))
    if repo is not None:
        known = repositories.called(conn, repo)
        query = query.where(u.connection_id == known.connection_id, u.scope_id == known.scope_id)
    return [
        Upload(
            id=row.upload_id,
            kind=ReportKind(row.kind),
            connection=row.connection,
            repository=row.repository,
            sha=row.sha,
            ref=row.ref,
            name=row.name,
            file_name=row.file_name,
            tests_total=row.tests_total,
            tests_failed=row.tests_failed,
            tests_skipped=row.tests_skipped,
            lines_covered=row.lines_covered,
            lines_coverable=row.lines_coverable,
            author=row.author,
            reason=row.reason,
            added_at=row.known_from,
            removed_at=row.known_to,
            removed_by=row.removed_by,
        )
        for row in conn.execute(query)
    ]


def remove(
    conn: sa.Connection, ids: Sequence[str], *, author: str, now: datetime, reason: str | None
) -> list[Upload]:
    """Take back what was given by hand; it stays readable as of before. Raises UsageError."""
    known = {one.id: one for one in listing(conn)}
    found = []
    for word in dict.fromkeys(ids):
        matches = [one for one in known if one == word or (len(word) >= 4 and one.startswith(word))]
        if len(matches) != 1:
            what = "several begin so" if matches else "nothing that was given has this id"
            raise UsageError(what, where=word[:80], todo="`driftline evidence list` shows them.")
        found.append(known[matches[0]])
    u = evidence_upload.c
    for one in found:
        held = conn.execute(
            sa.select(u.connection_id).where(u.upload_id == one.id, u.known_to.is_(None))
        ).scalar_one()
        _judge_anew(conn, held, one.sha)
        mine = sa.and_(u.upload_id == one.id, u.known_to.is_(None))
        if one.added_at >= now:
            # A row known from and until one instant never was.
            conn.execute(sa.delete(evidence_upload).where(mine))
            continue
        values = {
            "known_to": now,
            "removed_by": _short(author, "--author"),
            "removed_reason": _short(reason, "--reason"),
        }
        conn.execute(sa.update(evidence_upload).where(mine).values(values))
    return found


# --- as evidence ------------------------------------------------------------------------------


def test_rows(
    conn: sa.Connection, repository: tuple[int, str], shas: Collection[str]
) -> list[dict[str, Any]]:
    """Test reports about these commits, as rows of `check_result`.

    When the tests ran is not known, so none is said to have gated a merge. A report of a commit
    that was not known when it was given counts wherever this commit is: its content is the same.
    """
    u = evidence_upload.c
    found: list[dict[str, Any]] = []
    wanted = sorted(set(shas))
    for start in range(0, len(wanted), _CHUNK):
        rows = conn.execute(
            sa.select(evidence_upload).where(
                u.known_to.is_(None),
                u.kind == ReportKind.JUNIT.value,
                u.sha.in_(wanted[start : start + _CHUNK]),
                sa.or_(
                    u.connection_id.is_(None),
                    sa.and_(u.connection_id == repository[0], u.scope_id == repository[1]),
                ),
            )
        )
        found.extend(_as_check(row, repository[1]) for row in rows)
    return found


test_rows.__test__ = False  # type: ignore[attr-defined]  # pytest takes such a name for a test


def _as_check(row: Any, scope_id: str) -> dict[str, Any]:
    red = bool(row.tests_failed)
    return {
        "source": SOURCE,
        "source_id": row.upload_id,
        "scope_id": scope_id,
        "run_id": None,
        "sha": row.sha,
        "name": row.name,
        "app": None,
        "stage": None,
        "conclusion": (Conclusion.FAILURE if red else Conclusion.SUCCESS).value,
        "attempt": 1,
        "allow_failure": False,
        "is_superseded": False,
        "created_at": row.known_from,
        "started_at": None,
        "finished_at": None,
        "tests_total": row.tests_total,
        "tests_failed": row.tests_failed,
        "tests_skipped": row.tests_skipped,
    }
