"""Keep verdicts, and which checks count as tests, true to the evidence that is held now.

A verdict that changes closes its row and inserts one: what was known when stays. Nothing changed:
nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync.store.bulk import select_ids
from sync.store.tables_judged import test_check
from sync.store.tables_judged import verdict as verdict_table
from sync.verdict.change_facts import ChangeFacts, Target
from sync.verdict.checks import Named
from sync.verdict.exempt import Testing
from sync.verdict.facts import facts, tests
from sync.verdict.grade import CheckVerdict
from sync.verdict.judge import Judgement, judge
from sync.verdict.load import JUDGED, Repository, load, repositories

#: The row that is known from now on, and since when the one of before was; None: there was none.
Change = tuple[Mapping[str, Any], datetime | None]
_BUILT_IN = Testing()


@dataclass(slots=True)
class Refreshed:
    """What was done."""

    judged: int = 0
    #: verdicts that are new or changed.
    verdicts: int = 0
    #: checks whose standing is new or changed.
    checks: int = 0


def refresh(conn: sa.Connection, now: datetime, testing: Testing = _BUILT_IN) -> Refreshed:
    """Judge anew what landed lately, in every repository, and keep what came of it. UTC."""
    done = Refreshed()
    for repository in repositories(conn):
        found = load(conn, repository, now - JUDGED)
        named = tests(found)
        done.checks += _keep_checks(conn, repository, named, now)
        if not found.changes:
            continue
        known = facts(found, named, testing)
        done.judged += len(known)
        done.verdicts += _keep_verdicts(conn, repository, known, now, testing.target)
    return done


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
    key = [column.name for column in table.primary_key.columns if column.name != "known_from"]
    for values, known_from in rows:
        if known_from is None:
            continue
        held = sa.and_(
            *(table.c[name] == values[name] for name in key), table.c.known_from == known_from
        )
        # A row known from and until one instant never was.
        if known_from >= now:
            conn.execute(sa.delete(table).where(held))
        else:
            conn.execute(sa.update(table).where(held).values(known_to=now))
    if rows:
        conn.execute(
            sa.insert(table),
            [{**values, "known_from": now, "known_to": None} for values, _ in rows],
        )
