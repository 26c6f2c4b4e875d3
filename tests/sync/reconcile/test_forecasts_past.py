"""What was forecast a week ago, and how past forecasts ended, as a report tells it."""

from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from support.cases import At, build, policy, refill, utc

from sync.forecast.held import Held, held
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.runner import load_last, reconcile
from sync.store.open import open_store
from sync.store.tables_forecast import forecast as table

NOW = utc(date(2026, 3, 9)) + timedelta(hours=8)
START = date(2026, 1, 5)
DAY = timedelta(days=1)


def done(ids: str, on: str) -> dict[str, Any]:
    at = utc(date.fromisoformat(on)) + timedelta(hours=10)
    since = {"status": "in_progress", "at": at}
    return {"ids": ids, "in": ["v1"], "status": "done", "since": since}


CASE: dict[str, Any] = {
    "now": NOW,
    "judge": ["APO:R1"],
    "milestones": [{"id": "v1", "name": "R1", "start": START, "due": date(2026, 6, 26)}],
    "baselines": [{"milestone": "v1", "at": utc(START), "accepted": True}],
    "items": [
        {"ids": "1-12", "in": ["v1"]},
        done("13-14", "2026-01-15"),
        done("15-16", "2026-01-29"),
        done("17-18", "2026-02-12"),
        done("19-20", "2026-03-03"),
    ],
}


def test_a_forecast_of_a_week_ago_stands_beside_todays_and_a_younger_one_does_not() -> None:
    store, rules = build(CASE), policy(CASE)
    first = reconcile(store, rules, clock=At(NOW)).milestones[0]
    assert first.before is None
    assert reconcile(store, rules, clock=At(NOW + 5 * DAY)).milestones[0].before is None
    later = reconcile(store, rules, clock=At(NOW + 8 * DAY)).milestones[0]
    assert later.before is not None
    assert first.forecast is not None
    assert later.before.day == date(2026, 3, 9)
    assert (later.before.p50, later.before.p85) == (first.forecast.p50, first.forecast.p85)


def test_without_an_end_there_is_no_record() -> None:
    store, rules = build(CASE), policy(CASE)
    reconcile(store, rules, clock=At(NOW))
    assert load_last(store, rules).forecast_skill == (
        "No forecast has a known end yet. Backtest: unproven: no backtest was made yet."
    )


def test_the_record_counts_what_ended_by_then_and_how_often_the_safe_date_held(
    store_url: str,
) -> None:
    store = open_store(store_url)
    try:
        refill(store, CASE)
        with store.writing() as conn:
            # Held, held on the day itself, not held, not ended, and noted only after we look.
            _keep(conn, "v1", 5, p85=date(2026, 3, 1), done=date(2026, 2, 20))
            _keep(conn, "v1", 6, p85=date(2026, 2, 20), done=date(2026, 2, 20))
            _keep(conn, "v2", 7, p85=date(2026, 2, 19), done=date(2026, 2, 20))
            _keep(conn, "v2", 8, p85=date(2026, 2, 19), done=None)
            _keep(conn, "v3", 9, p85=date(2026, 3, 1), done=date(2026, 2, 20), noted=NOW + DAY)
            calendar = WorkCalendar("UTC", frozenset({1, 2, 3, 4, 5}), frozenset())
            assert held(conn, calendar, NOW) == Held(forecasts=3, milestones=2, kept=2)
        told = reconcile(store, policy(CASE), clock=At(NOW)).forecast_skill
    finally:
        store.close()
    assert told.startswith(
        "Of the last 3 forecasts with a known end (2 milestones), the 85 % date held 2 times."
    )


def _keep(
    conn: sa.Connection,
    milestone: str,
    on: int,
    *,
    p85: date,
    done: date | None,
    noted: datetime = NOW - DAY,
) -> None:
    conn.execute(
        sa.insert(table).values(
            connection_id=1,
            milestone_kind="version",
            milestone_id=milestone,
            as_of=date(2026, 2, on),
            known_from=utc(date(2026, 2, on)),
            digest=str(on),
            model_version=1,
            inputs={},
            parameters={},
            open_items=1,
            p50=p85,
            p85=p85,
            done_at=utc(done) + timedelta(hours=9) if done else None,
            scored_at=noted if done else None,
        )
    )
