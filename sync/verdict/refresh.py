"""Keep verdicts, and which checks count as tests, true to the evidence that is held now.

What arrived since the last time is known by the notes of whoever wrote it (`sync.store.due`), and
only what may rest on it is judged. All of a repository is judged anew where what all of it rests on
is another: which checks are tests, what a person said, the rules, this program. A verdict that
changes closes its row and inserts one: what was known when stays. Nothing changed: nothing is
written.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from sync.store import due
from sync.store.bulk import select_ids, updater, upsert
from sync.store.tables_judged import test_check, verdict_refresh
from sync.store.tables_judged import verdict as verdict_table
from sync.verdict import arrivals, basis
from sync.verdict.arrivals import Affected, Arrived
from sync.verdict.catalogue import Catalogue, Named, catalogue
from sync.verdict.change_facts import ChangeFacts, Target
from sync.verdict.coverage import Subject, diff_coverage
from sync.verdict.exempt import Testing
from sync.verdict.facts import Known
from sync.verdict.frame import (
    AROUND,
    JUDGED,
    Frame,
    Landed,
    Push,
    Repository,
    frame,
    repositories,
)
from sync.verdict.grade import CheckVerdict
from sync.verdict.judge import Judgement, judge
from sync.verdict.load import load, load_later

#: The row that is known from now on, and since when the one of before was; None: there was none.
Change = tuple[Mapping[str, Any], datetime | None]
_BUILT_IN = Testing()
#: Changes whose evidence is held at once.
BATCH = 1_000
#: All is judged anew after so long, whatever arrived.
WHOLE_EVERY = timedelta(days=7)


@dataclass(slots=True)
class Refreshed:
    """What was done."""

    judged: int = 0
    #: verdicts that are new or changed.
    verdicts: int = 0
    #: checks whose standing is new or changed.
    checks: int = 0


def refresh(
    conn: sa.Connection, now: datetime, testing: Testing = _BUILT_IN, *, whole: bool = False
) -> Refreshed:
    """Judge anew what rests on what arrived, and keep what came of it. UTC.

    `whole`: judge all that landed lately (`JUDGED`), in every repository.
    """
    done = Refreshed()
    noted = due.take(conn)
    arrived = {
        connection_id: arrivals.by_repository(conn, connection_id, kinds)
        for connection_id, kinds in noted.items()
    }
    held = _held(conn)
    for repository, base in basis.of(conn, repositories(conn), testing).items():
        row: Any = held.get(repository)
        mine = arrived.get(repository[0], {}).get(repository[1])
        anew = (
            whole
            or row is None
            or row.basis != base
            or not timedelta() <= now - row.whole_at < WHOLE_EVERY
            or (mine is not None and mine.whole)
        )
        if anew:
            mine = Arrived(whole=True)
        elif mine is None:
            if row.oldest is None or row.oldest >= now - JUDGED:
                continue
            mine = Arrived()
        _refresh(conn, repository, mine, row, base, now, testing, done)
    return done


def _held(conn: sa.Connection) -> dict[Repository, Any]:
    rows = conn.execute(sa.select(verdict_refresh))
    return {(row.connection_id, row.scope_id): row for row in rows}


def _refresh(
    conn: sa.Connection,
    repository: Repository,
    arrived: Arrived,
    row: Any,
    base: str,
    now: datetime,
    testing: Testing,
    done: Refreshed,
) -> None:
    """Bring one repository up to date."""
    held = frame(conn, repository, now - JUDGED)
    names = catalogue(conn, repository)
    done.checks += _keep_checks(conn, repository, names.named, now)
    tests = _hash(names.standing(), sorted(held.sources), held.lost)
    whole = arrived.whole or row is None or row.tests != tests
    chosen = (
        Affected(frozenset(range(held.first, len(held.changes))), held.pushes)
        if whole
        else arrivals.affected(conn, held, arrived)
    )
    for known in _facts(conn, held, names, chosen, testing):
        done.judged += len(known)
        done.verdicts += _keep_verdicts(conn, repository, known, now, testing.target)
    values = {
        "basis": base,
        "tests": tests,
        "oldest": held.oldest,
        "whole_at": now if whole else row.whole_at,
    }
    _keep_refresh(conn, repository, row, values)


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _keep_refresh(
    conn: sa.Connection, repository: Repository, row: Any, values: Mapping[str, Any]
) -> None:
    if row is None:
        key = {"connection_id": repository[0], "scope_id": repository[1]}
        conn.execute(sa.insert(verdict_refresh).values(**key, **values))
    elif any(getattr(row, name) != value for name, value in values.items()):
        c = verdict_refresh.c
        conn.execute(
            sa.update(verdict_refresh)
            .where(c.connection_id == repository[0], c.scope_id == repository[1])
            .values(**values)
        )


def _facts(
    conn: sa.Connection, held: Frame, names: Catalogue, chosen: Affected, testing: Testing
) -> Iterator[dict[str, ChangeFacts]]:
    """What is known of the changes and pushes that are judged, by their ids, a part at a time."""
    for first, last, places in _parts(sorted(chosen.places)):
        judged = [held.changes[one] for one in places]
        yield _known(conn, held, names, testing, (first, last), judged, ())
    begins = [one.merged_at for one in held.changes]
    pushes = sorted(chosen.pushes, key=lambda one: (one.landed_at, one.sha))
    places = [bisect_right(begins, one.landed_at) for one in pushes]
    start = 0
    while start < len(pushes):
        end = bisect_right(places, places[start] + BATCH, lo=start)
        end = min(end, start + BATCH)
        span = (places[start] - AROUND, places[end - 1] + AROUND)
        yield _known(conn, held, names, testing, span, (), pushes[start:end])
        start = end


def _parts(places: Sequence[int]) -> Iterator[tuple[int, int, Sequence[int]]]:
    """(first and last place that are loaded, those that are judged): near ones together."""
    start = 0
    for end in range(1, len(places) + 1):
        far = end == len(places) or places[end] - places[end - 1] > 2 * AROUND
        if far or end - start == BATCH:
            yield places[start] - AROUND, places[end - 1] + AROUND, places[start:end]
            start = end


def _known(
    conn: sa.Connection,
    held: Frame,
    names: Catalogue,
    testing: Testing,
    span: tuple[int, int],
    changes: Sequence[Landed],
    pushes: Sequence[Push],
) -> dict[str, ChangeFacts]:
    found = load(conn, held, held.changes[max(0, span[0]) : span[1] + 1], pushes)
    known = Known(found, names, testing)
    load_later(conn, found, known.lacking(changes, pushes))
    facts = {one.id: known.change(one) for one in changes}
    facts.update({one.id: known.push(one) for one in pushes})
    if held.has_uploads:
        _cover(conn, held, testing, facts)
    return facts


def _cover(
    conn: sa.Connection, held: Frame, testing: Testing, facts: dict[str, ChangeFacts]
) -> None:
    """Add how many of the lines that changes altered were executed, where that is told."""
    subjects = [
        Subject(
            id_, tuple(sha for sha in (one.landed_sha, *sorted(one.equal), one.head_sha) if sha)
        )
        for id_, one in facts.items()
    ]
    told = diff_coverage(conn, held.repository, subjects, testing.paths, held.path)
    for id_, one in told.items():
        facts[id_] = replace(facts[id_], coverage=one.lines)


def _keep_checks(
    conn: sa.Connection, repository: Repository, named: Sequence[Named], now: datetime
) -> int:
    """Checks that nobody confirmed, as they are judged by their names."""
    connection_id, scope_id = repository
    c = test_check.c
    held = {
        row.name: row
        for row in conn.execute(
            sa.select(c.name, c.is_test, c.why, c.confirmed_by, c.known_from).where(
                c.connection_id == connection_id, c.scope_id == scope_id, c.known_to.is_(None)
            )
        )
    }
    changed: list[Change] = []
    for one in named:
        row = held.get(one.label)
        if one.test.confirmed or (row is not None and row.confirmed_by is not None):
            continue
        if row is not None and (bool(row.is_test), row.why) == (one.test.is_test, one.test.why):
            continue
        values = {
            "connection_id": connection_id,
            "scope_id": scope_id,
            "name": one.label,
            "is_test": one.test.is_test,
            "why": one.test.why,
        }
        changed.append((values, row.known_from if row is not None else None))
    replace_known(conn, test_check, changed, now)
    return len(changed)


def _keep_verdicts(
    conn: sa.Connection,
    repository: Repository,
    known: Mapping[str, ChangeFacts],
    now: datetime,
    target: Target,
) -> int:
    connection_id = repository[0]
    columns = (
        "change_request_id",
        "known_from",
        "verdict",
        "landed_sha",
        "grades",
        "reasons",
        "marks",
        *_BESIDE,
    )
    held = {
        row[0]: row[1:]
        for row in select_ids(
            conn,
            verdict_table,
            columns,
            connection_id,
            "change_request_id",
            sorted(known),
            "AND known_to IS NULL",
        )
    }
    changed: list[Change] = []
    for change_id, one in sorted(known.items()):
        values = values_of(one, judge(one, target), repository[1])
        row = held.get(change_id)
        now_held = None if row is None else dict(zip(columns[2:], row[1:], strict=True))
        if now_held == values:
            continue
        key = {"connection_id": connection_id, "change_request_id": change_id}
        changed.append(({**key, **values}, None if row is None else row[0]))
    replace_known(conn, verdict_table, changed, now)
    return len(changed)


#: What stands beside a verdict.
_BESIDE = (
    "subject",
    "scope_id",
    "landed_at",
    "checks",
    "weakest",
    "weakest_grade",
    "proof_url",
    "gated",
    "reviewed",
    "depth",
    "exempt_rule",
)


def values_of(facts: ChangeFacts, one: Judgement, scope_id: str) -> dict[str, Any]:
    """Columns of the table of verdicts, without key and instants."""
    weakest = one.weakest
    return {
        "verdict": one.verdict.value,
        "landed_sha": facts.landed_sha,
        "grades": {check.name: check.grade.value for check in one.checks},
        "reasons": list(one.reasons),
        "marks": sorted(mark.value for mark in one.marks),
        "subject": facts.subject.value,
        "scope_id": scope_id,
        "landed_at": facts.merged_at,
        "checks": [_line(check) for check in one.checks],
        "weakest": None if weakest is None else weakest.name,
        "weakest_grade": None if weakest is None else weakest.label,
        "proof_url": None if weakest is None else weakest.url,
        "gated": one.gated,
        "reviewed": one.reviewed,
        "depth": one.depth,
        "exempt_rule": one.rule,
    }


def _line(check: CheckVerdict) -> dict[str, Any]:
    return {
        "name": check.name,
        "grade": check.grade.value,
        "label": check.label,
        "sha": check.sha,
        "url": check.url,
        "depth": check.depth,
        "marks": sorted(mark.value for mark in check.marks),
    }


def replace_known(
    conn: sa.Connection, table: sa.Table, rows: Sequence[Change], now: datetime
) -> None:
    """Close the rows that are known until now, and insert those that are known from now on."""
    if not rows:
        return
    dialect = conn.dialect.name
    key = tuple(one.name for one in table.primary_key.columns if one.name != "known_from")
    closed: list[tuple[Any, ...]] = []
    never: list[tuple[Any, ...]] = []
    for values, known_from in rows:
        if known_from is None:
            continue
        mine = (*(values[name] for name in key), known_from)
        # A row known from and until one instant never was.
        (never if known_from >= now else closed).append(mine)
    for mine in never:
        pairs = zip((*key, "known_from"), mine, strict=True)
        conn.execute(sa.delete(table).where(*(table.c[name] == one for name, one in pairs)))
    update = updater(dialect, table, ("known_to",), (*key, "known_from"))
    update.run(conn, [(now, *mine) for mine in closed])
    names = tuple(rows[0][0])
    fresh = [(*(values[name] for name in names), now, None) for values, _ in rows]
    upsert(dialect, table, (*names, "known_from", "known_to"), None).run(conn, fresh)
