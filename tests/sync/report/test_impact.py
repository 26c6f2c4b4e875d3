"""Days by which a finding touches a promised date, and where the forecast goes."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from support import reconciliations as given_

from mappings.vocabulary import MilestoneState
from sync.reconcile.contract import Finding, ForecastBefore
from sync.report.build import build
from sync.report.impact import impact

TODAY = date(2025, 12, 8)
LINES = (given_.milestone(), given_.late_milestone())


def danger(**changes: Any) -> Finding:
    return given_.finding("danger", detector="plan.forecast-late", **changes)


def test_a_date_that_has_passed_counts_from_the_promise() -> None:
    assert impact(given_.overdue(), LINES, TODAY) == (10, "10 days past the promised date")


def test_a_date_that_moved_counts_from_the_first_promise() -> None:
    assert impact(given_.finding(), LINES, TODAY) == (14, "promised 14 days later than at first")
    earlier = given_.milestone(former_due_dates=(date(2025, 12, 20),))
    assert impact(given_.finding(), (earlier,), TODAY) == (
        -2,
        "promised 2 days earlier than at first",
    )


def test_a_date_in_danger_counts_by_the_forecast_and_says_whether_that_is_proven() -> None:
    assert impact(danger(), LINES, TODAY) == (
        22,
        "forecast (P50) 22 days after the promised date (unproven)",
    )
    line = given_.milestone()
    assert line.forecast is not None
    proven = replace(line, forecast=replace(line.forecast, proven=True))
    assert impact(danger(), (proven,), TODAY)[1].endswith("after the promised date")


@pytest.mark.parametrize("detector", ["scope.net", "test.not-tested", "data.plan-gap"])
def test_what_touches_no_date_has_no_days(detector: str) -> None:
    assert impact(given_.finding(detector=detector), LINES, TODAY) == (None, "")


def test_what_is_not_known_has_no_days() -> None:
    line = given_.milestone()
    assert line.forecast is not None
    silent = replace(line, forecast=replace(line.forecast, silent="too few items", p50=None))
    assert impact(danger(), (silent,), TODAY) == (None, "")
    assert impact(danger(), (replace(line, forecast=None),), TODAY) == (None, "")
    assert impact(danger(), (replace(line, due_date=None),), TODAY) == (None, "")
    assert impact(danger(), (replace(line, state=MilestoneState.CLOSED),), TODAY) == (None, "")
    assert impact(danger(subject="issue:1", milestone_label=None), LINES, TODAY) == (None, "")


def test_of_two_milestones_with_one_name_none_is_guessed() -> None:
    twice = (given_.milestone(source_id="1"), given_.milestone(source_id="2"))
    assert impact(danger(subject="issue:1"), twice, TODAY) == (None, "")
    assert impact(danger(subject="version:2"), twice, TODAY)[0] == 22


def test_the_same_milestone_of_another_system_is_another() -> None:
    elsewhere = given_.milestone("Other", connection="gitlab")
    assert impact(danger(), (elsewhere,), TODAY) == (None, "")


@pytest.mark.parametrize(
    ("before", "word", "words"),
    [
        (date(2026, 1, 9), "steady", "steady since 1 Dec"),
        (date(2026, 1, 7), "steady", "steady since 1 Dec"),
        (date(2026, 1, 6), "later", "later by 3 days since 1 Dec"),
        (date(2026, 1, 19), "earlier", "earlier by 10 days since 1 Dec"),
        (None, "in sight", "in sight since 1 Dec"),
    ],
)
def test_the_trend_is_that_of_the_forecast(before: date | None, word: str, words: str) -> None:
    line = given_.milestone(
        before=ForecastBefore(date(2025, 12, 1), date(2025, 12, 18), before, None)
    )
    (row,) = build(given_.reconciliation(milestones=(line,))).milestones
    assert (row.trend, row.trend_words) == (word, words)


def test_without_a_forecast_of_before_the_trend_is_not_known() -> None:
    (row,) = build(given_.reconciliation()).milestones
    assert (row.trend, row.trend_days) == ("not known", None)
    closed = given_.milestone(forecast=None)
    assert build(given_.reconciliation(milestones=(closed,))).milestones[0].trend == ""


def test_out_of_sight_is_a_word_and_no_number() -> None:
    line = given_.milestone()
    assert line.forecast is not None
    before = ForecastBefore(date(2025, 12, 1), None, date(2026, 1, 9), None)
    far = replace(line, forecast=replace(line.forecast, p50=None), before=before)
    (row,) = build(given_.reconciliation(milestones=(far,))).milestones
    assert (row.trend, row.trend_days) == ("out of sight", None)
    still = replace(far, before=replace(before, p50=None))
    (row,) = build(given_.reconciliation(milestones=(still,))).milestones
    assert (row.trend, row.trend_words) == ("steady", "out of sight as on 1 Dec")
