"""How often the safe date of past forecasts held."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.ledger.working_days import WorkCalendar
from sync.store.tables_forecast import forecast as table

#: The newest forecasts that are looked at.
LATEST = 50


@dataclass(frozen=True, slots=True)
class Held:
    """Past forecasts with a known end."""

    forecasts: int
    #: of so many milestones: those of one are alike and prove less.
    milestones: int
    #: how many were done by the date that was to hold in 85 of 100 cases.
    kept: int


def held(conn: sa.Connection, calendar: WorkCalendar, known_at: datetime) -> Held:
    """Of the newest forecasts that named a safe date and whose end was known then (UTC).

    One that saw no day within two years named none, and is not counted.
    """
    c = table.c
    rows = conn.execute(
        sa.select(c.connection_id, c.milestone_kind, c.milestone_id, c.p85, c.done_at)
        .where(
            c.done_at.is_not(None),
            c.p85.is_not(None),
            c.scored_at <= known_at,
            c.known_from <= known_at,
        )
        .order_by(c.as_of.desc(), c.known_from.desc(), c.milestone_id)
        .limit(LATEST)
    ).all()
    return Held(
        len(rows),
        len({row[:3] for row in rows}),
        sum(calendar.local_date(row.done_at) <= row.p85 for row in rows),
    )
