"""Forecasts out of a store: cases by name, the same on both databases, stored once and scored."""

from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support.cases import At, build, policy, refill, utc

from sync.forecast.inputs import Learned
from sync.forecast.model import VERSION
from sync.forecast.store import said
from sync.reconcile.forecasts import forecasts, moved_dates
from sync.reconcile.levers import levers
from sync.reconcile.runner import reconcile
from sync.reconcile.view import View
from sync.store.open import Store, open_store
from sync.store.tables_forecast import backtest_result
from sync.store.tables_forecast import forecast as table

NOW = utc(date(2026, 3, 9)) + timedelta(hours=8)
START = date(2026, 1, 5)


def done(ids: str, on: str) -> dict[str, Any]:
    return {
        "ids": ids,
        "in": ["v1"],
        "status": "done",
        "since": {"status": "in_progress", "at": utc(date.fromisoformat(on)) + timedelta(hours=10)},
    }


#: 20 items, 8 of them done in eight weeks.
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


def case(**changes: Any) -> dict[str, Any]:
    return {**CASE, **changes}


def milestone(**changes: Any) -> dict[str, Any]:
    return {**CASE["milestones"][0], **changes}


def told(data: dict[str, Any], **rules: Any) -> Any:
    with build(data).reading() as conn:
        view = View(conn, replace(policy(data), **rules), NOW, NOW)
        (found,) = forecasts(view).values()
        return found


def test_a_plain_milestone_has_dates_and_a_probability() -> None:
    found = told(CASE)
    assert found.silent is None
    assert (found.inputs.open_items, found.inputs.baseline_items) == (12, 20)
    assert found.inputs.completed == 8
    assert date(2026, 3, 9) < found.made.p50 < found.made.p85
    assert 0.05 < found.made.p_on_time < 0.95


def test_no_due_date() -> None:
    found = told(case(milestones=[milestone(due=None)]))
    assert found.made.p50 is not None
    assert found.made.p_on_time is None
    assert found.need is None


def test_a_due_date_in_the_past() -> None:
    found = told(case(milestones=[milestone(due=date(2026, 3, 6))]))
    assert found.made.p_on_time == 0
    assert found.need.required is None


def test_no_completions() -> None:
    found = told(case(items=[{"ids": "1-12", "in": ["v1"]}]))
    assert found.silent == (
        "not enough history: 0 completions in the weeks that count, 5 are needed"
    )
    assert found.need.required is not None


def test_one_huge_item() -> None:
    items = [
        {"ids": "1-11", "in": ["v1"], "points": 2},
        {"id": "12", "in": ["v1"], "points": 21},
        *CASE["items"][1:],
    ]
    (note,) = told(case(items=items)).notes
    assert note == "APO-12 alone is 21 of 43 points left: counting items says little"


def test_all_done() -> None:
    found = told(case(items=CASE["items"][1:]))
    assert found.made.p85 == date(2026, 3, 9)
    assert found.made.p_on_time == 1


def test_a_milestone_that_was_emptied() -> None:
    away = {"v1": utc(date(2026, 3, 2))}
    found = told(case(items=[{"ids": "1-12", "in": ["v1"], "left": away}]))
    assert found.silent == "nothing is in it"


def test_a_due_date_that_moved_yesterday() -> None:
    moves = [
        {
            "old": date(2026, 4, 30),
            "new": date(2026, 6, 26),
            "after": NOW - timedelta(days=2),
            "at": NOW - timedelta(days=1),
        }
    ]
    data = case(milestones=[milestone(moves=moves)])
    with build(data).reading() as conn:
        view = View(conn, policy(data), NOW, NOW)
        (found,) = forecasts(view).values()
        moved = moved_dates(view, found)
    assert found.due == date(2026, 6, 26)
    assert moved is not None
    assert (moved.number, moved.original, moved.slip) == (1, date(2026, 4, 30), 41)
    assert (moved.last_minute_at_most, moved.after_it_passed_at_most) == (0, 0)


def test_everything_waits_for_what_nobody_can_date() -> None:
    """Work of a milestone of which nothing is known: no date is made up."""
    other = {"id": "v2", "name": "R2", "start": START}
    items = [*CASE["items"], {"id": "21", "in": ["v2"]}]
    links = [{"from": 21, "to": n, "kind": "blocks"} for n in range(1, 13)]
    found = told(case(milestones=[milestone(), other], items=items, links=links), judge=("APO:R1",))
    assert found.silent is not None
    assert found.made.p50 is None


def test_what_waits_for_a_later_milestone_ends_no_earlier() -> None:
    other = {"id": "v2", "name": "R2", "start": START}
    items = [*CASE["items"], {"ids": "21-44", "in": ["v2"]}]
    items += [
        {**done(f"{n}-{n + 1}", on), "in": ["v2"]}
        for n, on in ((81, "2026-01-15"), (83, "2026-02-12"), (85, "2026-03-03"))
    ]
    data = case(milestones=[milestone(), other], items=items)
    alone = told(data, judge=("APO:R1",))
    waiting = told({**data, "links": [{"from": 21, "to": 1, "kind": "blocks"}]}, judge=("APO:R1",))
    assert alone.made.p85 < waiting.made.p85


def test_a_circle_between_two_milestones_is_no_endless_wait() -> None:
    other = {"id": "v2", "name": "R2", "start": START, "due": date(2026, 6, 26)}
    items = [*CASE["items"], {"ids": "21-25", "in": ["v2"]}]
    items += [
        {**done(f"{n}-{n + 1}", on), "in": ["v2"]}
        for n, on in ((31, "2026-01-15"), (33, "2026-02-12"), (35, "2026-03-03"))
    ]
    links = [{"from": 21, "to": 1, "kind": "blocks"}, {"from": 2, "to": 22, "kind": "blocks"}]
    data = case(milestones=[milestone(), other], items=items, links=links)
    with build(data).reading() as conn:
        view = View(conn, replace(policy(data), judge=("APO:R1", "APO:R2")), NOW, NOW)
        found = forecasts(view)
    assert len(found) == 2
    assert all(one.silent is None and one.made.p50 is not None for one in found.values())


def test_holiday_weeks() -> None:
    off = frozenset(date(2026, 3, 9) + timedelta(days=day) for day in range(1, 22))
    free, held = told(CASE), told(CASE, holidays=off)
    assert held.made.p50 > free.made.p50


def test_what_was_not_read_is_not_checked() -> None:
    found = told(
        case(
            readings=[
                {"scope": "APO", "stream": "issues", "outcome": "failed", "reason": "HTTP 500"}
            ]
        )
    )
    assert found.not_checked is not None
    assert found.made.p50 is None


LATE = Learned(milestones=30, stretch=(0.5, 0.5, 0.5, 0.5), judged=30, weight=0.5, on_time=0.2)


def taught(made_at: Any, version: int = VERSION) -> Any:
    """The forecast of a store in which a backtest had found that dates come late."""
    store = build(CASE)
    with store.writing() as conn:
        conn.execute(
            sa.insert(backtest_result).values(
                made_at=made_at,
                model_version=version,
                digest="x",
                dates_proven=False,
                probability_proven=False,
                words="unproven",
                facts={"lessons": {"version": asdict(LATE)}},
            )
        )
    with store.reading() as conn:
        (found,) = forecasts(View(conn, policy(CASE), NOW, NOW)).values()
        return found


def test_what_a_backtest_taught_is_sent() -> None:
    plain, found = told(CASE), taught(NOW - timedelta(days=1))
    assert found.made.p85 > plain.made.p85
    assert found.made.p50 > plain.made.p50
    assert found.made.p_on_time == pytest.approx(0.5 * plain.made.p_on_time + 0.5 * 0.2)
    assert any("recalibrated by 30 earlier milestones" in note for note in found.notes)
    assert found.prior.learned == LATE


def test_what_a_later_backtest_or_one_of_another_model_taught_is_not() -> None:
    plain = told(CASE)
    for found in (taught(NOW + timedelta(days=1)), taught(NOW, version=VERSION - 1)):
        assert (found.made.ends == plain.made.ends).all()
        assert found.made.p_on_time == plain.made.p_on_time


def test_which_items_to_leave_out_and_which_make_a_fixed_date() -> None:
    data = case(milestones=[milestone(due=date(2026, 4, 10))])
    with build(data).reading() as conn:
        view = View(conn, policy(data), NOW, NOW)
        (found,) = forecasts(view).values()
        free = levers(view, found)
        fixed = levers(view, replace(found, fixed_date=True))
    assert free is not None
    assert free.explained.to_drop == len(free.drop) > 0
    assert free.keep == ()
    assert fixed is not None
    assert fixed.explained.fit == len(fixed.keep)
    assert not set(fixed.keep) & set(free.drop[: 12 - len(fixed.keep)])


def test_both_databases_say_the_same(store_url: str) -> None:
    expected = told(CASE).made
    store = open_store(store_url)
    try:
        refill(store, CASE)
        with store.reading() as conn:
            (found,) = forecasts(View(conn, policy(CASE), NOW, NOW)).values()
    finally:
        store.close()
    assert (found.made.ends == expected.ends).all()
    assert (found.made.p50, found.made.p70, found.made.p85) == (
        expected.p50,
        expected.p70,
        expected.p85,
    )


def rows(store: Store) -> list[Any]:
    with store.reading() as conn:
        return list(conn.execute(sa.select(table).order_by(table.c.known_from)))


def test_a_day_is_stored_once_and_other_inputs_add_a_row() -> None:
    store = build(CASE)
    rules = policy(CASE)
    reconcile(store, rules, clock=At(NOW))
    (first,) = rows(store)
    assert first.due_date == date(2026, 6, 26)
    assert first.inputs["open_items"] == 12
    reconcile(store, rules, clock=At(NOW + timedelta(minutes=1)))
    assert rows(store) == [first]
    other = replace(rules, holidays=frozenset({date(2026, 3, 12)}))
    reconcile(store, other, clock=At(NOW + timedelta(minutes=2)))
    assert len(rows(store)) == 2
    assert rows(store)[0] == first


def test_a_look_at_the_past_stores_nothing() -> None:
    store = build(CASE)
    reconcile(store, policy(CASE), clock=At(NOW), as_of=NOW - timedelta(days=3))
    assert rows(store) == []


def test_it_is_late_once_the_date_is_over_and_scored_once_it_is_done() -> None:
    data = case(milestones=[milestone(due=date(2026, 3, 10))])
    store = build(data)
    reconcile(store, policy(data), clock=At(NOW))
    (made,) = rows(store)
    assert made.on_time is None
    later = NOW + timedelta(days=2)
    reconcile(store, policy(data), clock=At(later))
    first = rows(store)[0]
    assert (first.on_time, first.done_at) == (False, None)
    assert first.brier == made.p_on_time**2
    assert first.p50 == made.p50
    with store.reading() as conn:
        key = (1, forecasts_key(), "v1")
        (then, *_) = said(conn, {key}, NOW)[key]
    assert then.on_time is None


def forecasts_key() -> Any:
    from mappings.vocabulary import MilestoneKind

    return MilestoneKind.VERSION


@pytest.mark.parametrize("days", [1, 20])
def test_later_events_never_change_an_earlier_forecast(days: int) -> None:
    later = NOW + timedelta(days=days)
    more = done("1-6", (later - timedelta(hours=20)).date().isoformat())
    data = case(
        items=[more, {"ids": "7-12", "in": ["v1"]}, *CASE["items"][1:]],
        now=later,
    )
    with build(data).reading() as conn:
        view = View(conn, policy(data), NOW, later, present=False)
        (found,) = forecasts(view).values()
    assert (found.made.ends == told(CASE).made.ends).all()
