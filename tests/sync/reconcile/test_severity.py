"""Levels, when a finding closes, and what raises it."""

from datetime import date

import pytest

from sync.ledger.working_days import WorkCalendar
from sync.reconcile.contract import Severity
from sync.reconcile.severity import level, raised, worst

LOW, MEDIUM, HIGH, CRITICAL = Severity
LIMITS = {MEDIUM: 0.2, HIGH: 0.4}


@pytest.mark.parametrize(
    ("number", "open_at", "expected"),
    [
        (0.199, 1.0, None),
        (0.2, 1.0, MEDIUM),
        (0.1 + 0.1, 1.0, MEDIUM),
        (0.399, 1.0, MEDIUM),
        (0.4, 1.0, HIGH),
        (9.0, 1.0, HIGH),
        # What was open closes below four fifths of the lowest limit, and only of that.
        (0.16, 0.8, MEDIUM),
        (0.159, 0.8, None),
        (0.33, 0.8, MEDIUM),
        (0.4, 0.8, HIGH),
    ],
)
def test_the_level_a_number_reaches(
    number: float, open_at: float, expected: Severity | None
) -> None:
    assert level(number, LIMITS, open_at=open_at) is expected


def test_the_order_of_limits_does_not_matter() -> None:
    assert level(3, {HIGH: 4, LOW: 2, MEDIUM: 3}) is MEDIUM


# Monday 16 March; the 10th working day after it is Monday 30 March.
TODAY = date(2026, 3, 16)


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (None, MEDIUM),
        (date(2026, 3, 31), MEDIUM),
        (date(2026, 3, 30), HIGH),
        (date(2026, 3, 16), HIGH),
        (date(2026, 3, 13), HIGH),
    ],
)
def test_one_level_more_from_ten_working_days_before_the_date(
    due: date | None, expected: Severity
) -> None:
    assert raised(MEDIUM, due, TODAY, WorkCalendar()) is expected


def test_critical_is_the_highest() -> None:
    assert raised(HIGH, TODAY, TODAY, WorkCalendar()) is CRITICAL
    assert raised(CRITICAL, TODAY, TODAY, WorkCalendar()) is CRITICAL


def test_the_worst_of_those_that_are_there() -> None:
    assert worst(None, LOW, HIGH, MEDIUM) is HIGH
    assert worst(None, None) is None
