"""Verdicts as they stand now, for a person to read: what landed since when, and their counts."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from sync.store import schema
from sync.store import tables_code as code
from sync.store.tables_judged import exemption_rule, test_check
from sync.store.tables_judged import verdict as table
from sync.verdict.names import Verdict

#: Each verdict in words; what was not found is not called missing.
WORDS: dict[Verdict, str] = {
    Verdict.TESTED: "tested at the exact commit",
    Verdict.TESTED_AFTER: "tested after merge",
    Verdict.TESTED_AT_HEAD: "tested at head, not the merge result",
    Verdict.STALE: "stale",
    Verdict.PARTIAL: "partially tested",
    Verdict.EXEMPT: "exempt",
    Verdict.UNKNOWN: "unknown",
    Verdict.NO_CI: "no CI here",
    Verdict.NOT_TESTED: "no automated test evidence found",
    Verdict.MERGED_RED: "merged red",
}


@dataclass(frozen=True, slots=True)
class Line:
    """What is said of one change or push; instants in UTC."""

    connection: str
    repository: str
    #: key of the change; of a push the beginning of its commit.
    key: str
    #: empty where it is restricted, and for pushes.
    title: str
    #: `change` or `direct_push`.
    subject: str
    landed_at: datetime
    landed_sha: str | None
    verdict: Verdict
    #: check that decided, and its grade as the decision table writes it.
    weakest: str | None
    weakest_grade: str | None
    #: page of the result that decided; else that of the change.
    proof_url: str | None
    marks: tuple[str, ...]
    gated: str | None
    reviewed: str | None
    depth: str | None
    rule: str | None
    reasons: tuple[str, ...]
    #: of each check: name, grade, label, sha, url, depth, marks.
    checks: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """A repository with the counts of its verdicts."""

    connection: str
    repository: str
    verdicts: dict[Verdict, int]
    #: whether a person confirmed which of its checks are tests.
    is_confirmed: bool

    @property
    def landed(self) -> int:
        """Changes and pushes that are judged."""
        return sum(self.verdicts.values())


@dataclass(frozen=True, slots=True)
class ExemptionCount:
    """A rule that exempts changes, and how many of a repository it matches."""

    connection: str
    repository: str
    rule: str
    #: None: it is configured no more.
    owner: str | None
    reason: str | None
    expires_on: date | None
    #: changes that it matches, and of these those whose verdict is `exempt`.
    matched: int
    exempted: int
    landed: int


@dataclass(frozen=True, slots=True)
class Told:
    """What is asked for."""

    #: newest first.
    lines: tuple[Line, ...]
    repositories: tuple[Counted, ...]
    exemptions: tuple[ExemptionCount, ...]


def told(
    conn: sa.Connection,
    since: datetime,
    repository: tuple[int, str] | None = None,
    verdicts: Collection[Verdict] = (),
) -> Told:
    """What landed from `since` (UTC) on; counts are of all of it, lines of `verdicts` alone."""
    rows = _rows(conn, since, repository)
    lines = [_line(row) for row in rows]
    confirmed = {
        (row.connection_id, row.scope_id)
        for row in conn.execute(
            sa.select(test_check.c.connection_id, test_check.c.scope_id)
            .where(test_check.c.known_to.is_(None), test_check.c.confirmed_by.is_not(None))
            .distinct()
        )
    }
    ids = {
        (line.connection, line.repository): (row.connection_id, row.scope_id)
        for row, line in zip(rows, lines, strict=True)
    }
    counts = _counts(lines)
    repositories = tuple(
        Counted(*key, dict(counts[key]), ids[key] in confirmed) for key in sorted(counts)
    )
    wanted = [one for one in lines if not verdicts or one.verdict in verdicts]
    return Told(tuple(wanted), repositories, _exemptions(conn, lines))


def _counts(lines: Sequence[Line]) -> dict[tuple[str, str], Counter[Verdict]]:
    found: dict[tuple[str, str], Counter[Verdict]] = {}
    for one in lines:
        found.setdefault((one.connection, one.repository), Counter())[one.verdict] += 1
    return found


def _rows(
    conn: sa.Connection, since: datetime, repository: tuple[int, str] | None
) -> Sequence[Any]:
    v, r, s, c = table.c, code.change_request.c, schema.scope.c, schema.connection.c
    landed_at = sa.func.coalesce(v.landed_at, r.merged_at)
    query = (
        sa.select(
            c.name.label("connection"),
            s.key.label("repository"),
            sa.func.coalesce(v.scope_id, r.scope_id).label("scope_id"),
            v.connection_id,
            v.change_request_id,
            r.key,
            r.title,
            r.restricted,
            r.url,
            v.landed_sha,
            v.subject,
            sa.type_coerce(landed_at, v.landed_at.type).label("landed_at"),
            v.verdict,
            v.weakest,
            v.weakest_grade,
            v.proof_url,
            v.marks,
            v.gated,
            v.reviewed,
            v.depth,
            v.exempt_rule,
            v.reasons,
            v.checks,
        )
        .select_from(table)
        .join(schema.connection, c.id == v.connection_id)
        .outerjoin(
            code.change_request,
            sa.and_(r.connection_id == v.connection_id, r.source_id == v.change_request_id),
        )
        .outerjoin(
            schema.scope,
            sa.and_(
                s.connection_id == v.connection_id,
                s.source_id == sa.func.coalesce(v.scope_id, r.scope_id),
                s.kind.in_(("project", "repository")),
            ),
        )
        .where(v.known_to.is_(None), landed_at >= since, r.gone_at.is_(None))
        .order_by(landed_at.desc(), v.change_request_id)
    )
    if repository is not None:
        query = query.where(
            v.connection_id == repository[0],
            sa.func.coalesce(v.scope_id, r.scope_id) == repository[1],
        )
    return conn.execute(query).all()


def _line(row: Any) -> Line:
    return Line(
        connection=row.connection,
        repository=row.repository or row.scope_id,
        key=row.key or f"push {(row.landed_sha or row.change_request_id)[:12]}",
        title=(row.title or "") if not row.restricted else "",
        subject=row.subject,
        landed_at=row.landed_at,
        landed_sha=row.landed_sha,
        verdict=Verdict(row.verdict),
        weakest=row.weakest,
        weakest_grade=row.weakest_grade,
        proof_url=row.proof_url or row.url,
        marks=tuple(row.marks),
        gated=row.gated,
        reviewed=row.reviewed,
        depth=row.depth,
        rule=row.exempt_rule,
        reasons=tuple(row.reasons),
        checks=tuple(row.checks or ()),
    )


def _exemptions(conn: sa.Connection, lines: Sequence[Line]) -> tuple[ExemptionCount, ...]:
    rules = {
        row.name: row
        for row in conn.execute(
            sa.select(exemption_rule).where(exemption_rule.c.known_to.is_(None))
        )
    }
    landed = Counter((one.connection, one.repository) for one in lines)
    matched: Counter[tuple[str, str, str]] = Counter()
    exempted: Counter[tuple[str, str, str]] = Counter()
    for one in lines:
        if one.rule is not None:
            key = (one.connection, one.repository, one.rule)
            matched[key] += 1
            exempted[key] += one.verdict is Verdict.EXEMPT
    return tuple(
        ExemptionCount(
            *key,
            getattr(rules.get(key[2]), "owner", None),
            getattr(rules.get(key[2]), "reason", None),
            getattr(rules.get(key[2]), "expires_on", None),
            number,
            exempted[key],
            landed[key[:2]],
        )
        for key, number in sorted(matched.items())
    )
