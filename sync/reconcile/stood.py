"""Which findings a milestone had, in the order in which they came, and how long each stood."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.flow.work_time import WorkTime
from sync.reconcile import findings
from sync.reconcile.contract import FindingState
from sync.reconcile.view import Plan, View
from sync.store import schema


@dataclass(frozen=True, slots=True)
class Stood:
    """A finding about the milestone or an item of it, and how long it stood."""

    fingerprint: str
    detector: str
    severity: str
    #: None: it is about a restricted item.
    title: str | None
    first_at: datetime
    #: when it was resolved; None: it still stands.
    resolved_at: datetime | None
    #: working days from the first sight until it was resolved, or until now.
    working_days: float
    #: it was there when driftline looked first: since when is not known.
    was_there: bool
    #: how often it came back after it was resolved.
    returns: int


def findings_of(view: View, plan: Plan, until: datetime) -> tuple[Stood, ...]:
    """Findings about it or its items, as the life of each tells, up to `until` (UTC)."""
    facts = plan.facts
    items = {one.subject for one in plan.container.items.values()}
    restricted = {one.subject for one in plan.container.items.values() if one.restricted}
    mine = {
        id_: one.finding
        for id_, one in findings.known(view.conn).items()
        if one.connection_id == facts.connection_id
        and (
            one.milestone == (facts.kind.value, facts.source_id)
            or one.finding.subject == facts.subject
            or (one.milestone is None and one.finding.subject in items)
        )
    }
    lives = _lives(view.conn, mine, until)
    time = WorkTime.of(view.calendar)
    found = []
    for id_, life in lives.items():
        one = mine[id_]
        ends = [at for at, state in life if state is FindingState.RESOLVED]
        resolved = ends[-1] if life[-1][1] is FindingState.RESOLVED else None
        hidden = one.subject in restricted or any(proof.restricted for proof in one.evidence)
        found.append(
            Stood(
                fingerprint=id_,
                detector=one.detector,
                severity=one.severity.value,
                title=None if hidden else one.title,
                first_at=life[0][0],
                resolved_at=resolved,
                working_days=_stood(life, until, time),
                was_there=life[0][1] is FindingState.ALREADY_THERE,
                returns=sum(state is FindingState.REGRESSED for _, state in life),
            )
        )
    return tuple(sorted(found, key=lambda one: (one.first_at, one.fingerprint)))


_Life = list[tuple[datetime, FindingState]]


def _lives(conn: sa.Connection, mine: Mapping[str, object], until: datetime) -> dict[str, _Life]:
    """Each finding's steps in order of time."""
    e = schema.finding_event.c
    ids = sorted(mine)
    found: dict[str, _Life] = {}
    for start in range(0, len(ids), 500):
        rows = conn.execute(
            sa.select(e.fingerprint, e.at, e.to_state)
            .where(e.fingerprint.in_(ids[start : start + 500]), e.at <= until)
            .order_by(e.id)
        )
        for row in rows:
            found.setdefault(row.fingerprint, []).append((row.at, FindingState(row.to_state)))
    return found


def _stood(life: _Life, until: datetime, time: WorkTime) -> float:
    """Working days in which it was there."""
    total, since = 0.0, None
    for at, state in life:
        if state is FindingState.RESOLVED:
            total += 0.0 if since is None else time.between(since, at)
            since = None
        elif since is None:
            since = at
    return total if since is None else total + time.between(since, until)
