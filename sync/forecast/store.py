"""Forecasts as they were made, kept for the day on which the outcome is known."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.forecast.inputs import DEFAULTS, Inputs, Prior, Settings
from sync.forecast.model import VERSION, Forecast
from sync.forecast.outcome import Outcome
from sync.forecast.scores import brier, pinball
from sync.ledger.milestones import Key
from sync.ledger.working_days import WorkCalendar
from sync.store.tables_forecast import backtest_result
from sync.store.tables_forecast import forecast as table

#: Connection of program milestones, which are of none.
NO_CONNECTION = 0


@dataclass(frozen=True, slots=True)
class Said:
    """A stored forecast."""

    key: Key
    as_of: date
    #: when it was made (UTC).
    known_from: datetime
    model_version: int
    due: date | None
    open_items: int
    p50: date | None
    p70: date | None
    p85: date | None
    p_on_time: float | None
    abstained: str | None
    done_at: datetime | None
    on_time: bool | None
    scored_at: datetime | None


@dataclass(frozen=True, slots=True)
class Proof:
    """What the newest backtest lets one claim of forecasts."""

    dates: bool
    probability: bool
    #: one line for people.
    words: str

    @property
    def whole(self) -> bool:
        """Whether a forecast may have a colour."""
        return self.dates and self.probability


UNPROVEN = Proof(dates=False, probability=False, words="unproven: no backtest was made yet")


def proof(conn: sa.Connection, known_at: datetime) -> Proof:
    """What was proven of this model by then (UTC)."""
    c = backtest_result.c
    row = conn.execute(
        sa.select(c.dates_proven, c.probability_proven, c.words)
        .where(c.made_at <= known_at, c.model_version == VERSION)
        .order_by(c.made_at.desc())
        .limit(1)
    ).first()
    return UNPROVEN if row is None else Proof(row[0], row[1], row[2])


def inputs_json(inputs: Inputs, prior: Prior) -> dict[str, Any]:
    """The inputs as the store keeps them: everything that a forecast rests on, as JSON."""
    found: dict[str, Any] = asdict(inputs)
    calendar = inputs.calendar
    until = inputs.as_of + timedelta(weeks=DEFAULTS.cap_weeks)
    found["as_of"] = inputs.as_of.isoformat()
    found["due"] = inputs.due.isoformat() if inputs.due else None
    found["calendar"] = {
        "time_zone": calendar.time_zone,
        "work_days": sorted(calendar.work_days),
        "holidays": [
            day.isoformat() for day in sorted(calendar.holidays) if inputs.as_of < day <= until
        ],
    }
    found["prior"] = asdict(prior)
    # As a database gives it back: tuples are lists.
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def keep(
    conn: sa.Connection,
    key: Key,
    inputs: Inputs,
    prior: Prior,
    made: Forecast,
    now: datetime,
    settings: Settings = DEFAULTS,
    *,
    ends: str = "",
) -> bool:
    """Store one forecast; False: the day's newest one rests on the same. `now` in UTC.

    `ends`: a digest of the finishing days that were handed in for blockers.
    """
    c = table.c
    told, parameters = inputs_json(inputs, prior), asdict(settings)
    whole = json.dumps([VERSION, told, parameters, ends], sort_keys=True)
    digest = hashlib.sha256(whole.encode()).hexdigest()
    newest = conn.execute(
        sa.select(c.digest, c.known_from)
        .where(
            c.connection_id == key[0],
            c.milestone_kind == key[1].value,
            c.milestone_id == key[2],
            c.as_of == inputs.as_of,
        )
        .order_by(c.known_from.desc())
        .limit(1)
    ).first()
    if newest is not None and (newest.digest == digest or newest.known_from >= now):
        return False
    conn.execute(
        sa.insert(table).values(
            connection_id=key[0],
            milestone_kind=key[1].value,
            milestone_id=key[2],
            as_of=inputs.as_of,
            known_from=now,
            digest=digest,
            model_version=VERSION,
            inputs=told,
            parameters=parameters,
            due_date=inputs.due,
            open_items=inputs.open_items,
            p50=made.p50,
            p70=made.p70,
            p85=made.p85,
            p95=made.date_at(0.95),
            p_on_time=made.p_on_time,
            abstained=made.abstained,
        )
    )
    return True


def said(conn: sa.Connection, keys: Collection[Key], known_at: datetime) -> dict[Key, list[Said]]:
    """All forecasts of these milestones as known then (UTC), oldest first."""
    c = table.c
    found: dict[Key, list[Said]] = {}
    wanted = set(keys)
    rows = conn.execute(
        sa.select(table)
        .where(c.milestone_id.in_(sorted({key[2] for key in wanted})), c.known_from <= known_at)
        .order_by(c.as_of, c.known_from)
    )
    for row in rows:
        key = (row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id)
        if key in wanted:
            # What came of it was not known before it was noted.
            scored = row.scored_at is not None and row.scored_at <= known_at
            found.setdefault(key, []).append(
                Said(
                    key,
                    row.as_of,
                    row.known_from,
                    row.model_version,
                    row.due_date,
                    row.open_items,
                    row.p50,
                    row.p70,
                    row.p85,
                    row.p_on_time,
                    row.abstained,
                    row.done_at if scored else None,
                    row.on_time if scored else None,
                    row.scored_at if scored else None,
                )
            )
    return found


def unscored(conn: sa.Connection) -> set[Key]:
    """Milestones with a forecast of which something is not scored yet."""
    c = table.c
    rows = conn.execute(
        sa.select(c.connection_id, c.milestone_kind, c.milestone_id)
        .distinct()
        .where(c.done_at.is_(None))
    )
    return {(row[0], MilestoneKind(row[1]), row[2]) for row in rows}


def score(
    conn: sa.Connection,
    outcomes: Mapping[Key, Outcome | None],
    calendars: Mapping[Key, WorkCalendar],
    now: datetime,
) -> int:
    """Note what came of forecasts; rows written. `now` in UTC.

    `outcomes`: how each milestone ended, None: it has not; one whose promised date is over while
    it is not done was late, whatever comes. What was noted once stays.
    """
    written = 0
    c = table.c
    for key, ended in outcomes.items():
        calendar = calendars[key]
        rows = conn.execute(
            sa.select(table).where(
                c.connection_id == key[0],
                c.milestone_kind == key[1].value,
                c.milestone_id == key[2],
                c.done_at.is_(None),
            )
        ).all()
        for row in rows:
            values = _came(row, ended, calendar, now)
            if values:
                conn.execute(
                    sa.update(table)
                    .where(
                        c.connection_id == key[0],
                        c.milestone_kind == key[1].value,
                        c.milestone_id == key[2],
                        c.as_of == row.as_of,
                        c.known_from == row.known_from,
                    )
                    .values(scored_at=now, **values)
                )
                written += 1
    return written


def _came(row: Any, ended: Outcome | None, calendar: WorkCalendar, now: datetime) -> dict[str, Any]:
    """What can be said of one forecast by now."""
    found: dict[str, Any] = {}
    over = row.due_date is not None and calendar.end_of(row.due_date) <= now
    if ended is not None and ended.at >= calendar.end_of(row.as_of - timedelta(days=1)):
        day = calendar.local_date(ended.at)
        # Work goes on the day after: done on the day itself took no day.
        actual = max(0, calendar.between(row.as_of, day))
        found |= {"done_at": ended.at, "leftovers": ended.leftovers, "actual_days": actual}
        for name, promised in (("pinball_50", row.p50), ("pinball_85", row.p85)):
            if promised is not None:
                span = calendar.between(row.as_of, promised)
                found[name] = pinball(span, actual, int(name[-2:]) / 100)
        if row.due_date is not None and row.on_time is None:
            found["on_time"] = day <= row.due_date
    elif ended is None and over and row.on_time is None:
        found["on_time"] = False
    if "on_time" in found and row.p_on_time is not None:
        found["brier"] = brier(row.p_on_time, found["on_time"])
    return found


def digest_of_ends(ends: Iterable[tuple[str, Any]]) -> str:
    """A digest of the finishing days of blockers, by key."""
    found = hashlib.sha256()
    for key, days in sorted(ends, key=lambda pair: pair[0]):
        found.update(key.encode())
        found.update(days.tobytes())
    return found.hexdigest()
