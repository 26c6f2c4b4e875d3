"""Answers in the store: the one place that reads and writes them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync.reconcile.contract import Answer, AnswerEnd, AnswerKind, Severity
from sync.store.tables_answers import finding_answer

_c = finding_answer.c


def load(conn: sa.Connection, fingerprint: str | None = None) -> tuple[Answer, ...]:
    """All answers ever, or those to one finding, oldest first."""
    such = sa.true() if fingerprint is None else _c.fingerprint == fingerprint
    rows = conn.execute(sa.select(finding_answer).where(such).order_by(_c.at, _c.id))
    return tuple(_answer(row) for row in rows)


def insert(conn: sa.Connection, answers: Iterable[Answer]) -> None:
    """Keep answers; one takes the place of what was answered to its finding before."""
    for one in answers:
        if one.kind is not AnswerKind.AGREE:
            _close(
                conn,
                (_c.fingerprint == one.fingerprint) & (_c.kind != AnswerKind.AGREE.value),
                one.at,
                AnswerEnd.REPLACED,
                f"answered anew: {one.kind.value}",
                one.author,
            )
        conn.execute(sa.insert(finding_answer).values(**_values(one)))


def end(
    conn: sa.Connection,
    answers: Iterable[Answer],
    at: datetime,
    how: AnswerEnd,
    reason: str,
    by: str | None = None,
) -> int:
    """Close answers that still hold; how many there were."""
    ids = [one.id for one in answers]
    return _close(conn, _c.id.in_(ids), at, how, reason, by) if ids else 0


def _close(
    conn: sa.Connection,
    such: sa.ColumnElement[bool],
    at: datetime,
    how: AnswerEnd,
    reason: str,
    by: str | None,
) -> int:
    done = conn.execute(
        sa.update(finding_answer)
        .where(such, _c.ended_at.is_(None))
        .values(ended_at=at, end_kind=how.value, ended_reason=reason, ended_by=by)
    )
    return int(done.rowcount)


def _values(one: Answer) -> dict[str, Any]:
    return {
        "fingerprint": one.fingerprint,
        "detector": one.detector,
        "kind": one.kind.value,
        "author": one.author,
        "reason": one.reason,
        "at": one.at,
        "until": one.until,
        "until_worse": one.until_worse,
        "ticket": one.ticket,
        "source": one.source,
        "entry": one.entry,
        "severity": one.severity.value,
        "magnitude": one.magnitude,
    }


def _answer(row: Any) -> Answer:
    return Answer(
        id=row.id,
        fingerprint=row.fingerprint,
        detector=row.detector,
        kind=AnswerKind(row.kind),
        author=row.author,
        reason=row.reason,
        at=row.at,
        until=row.until,
        until_worse=row.until_worse,
        ticket=row.ticket,
        source=row.source,
        entry=row.entry,
        severity=Severity(row.severity),
        magnitude=row.magnitude,
        ended_at=row.ended_at,
        end=AnswerEnd(row.end_kind) if row.end_kind else None,
        ended_reason=row.ended_reason,
        ended_by=row.ended_by,
    )
