"""When a mail leaves."""

from datetime import UTC, datetime

import pytest
from support import reconciliations as given_

from sync.report.build import build
from sync.report.schedule import due


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "last", "why"),
    [
        ("2025-12-08 05:00", "2025-12-01 05:00", "weekly"),
        ("2025-12-08 04:59", "2025-12-01 05:00", None),
        ("2025-12-08 09:00", "2025-12-08 05:30", None),
        ("2025-12-10 09:00", "2025-12-01 05:00", "weekly"),
        ("2025-12-10 09:00", "2025-12-08 05:30", None),
        ("2025-12-14 23:59", "2025-12-08 05:30", None),
    ],
)
def test_weekly_on_monday_morning_in_the_zone_of_the_report(
    now: str, last: str, why: str | None
) -> None:
    assert due(build(given_.quiet()), now=at(now), last_mailed_at=at(last)) == why


def test_the_first_report_does_not_wait() -> None:
    data = build(given_.first_run())
    assert due(data, now=at("2025-12-10 09:00"), last_mailed_at=None) == "first"


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (given_.overdue(), "urgent"),
        (given_.blind_spot(), "urgent"),
        (given_.finding(), None),
        (given_.digest_finding(), None),
    ],
)
def test_in_between_only_a_new_high_or_a_blind_spot(found: object, why: str | None) -> None:
    data = build(given_.reconciliation(findings=(found,)))
    now, last = at("2025-12-10 09:00"), at("2025-12-08 05:30")
    assert due(data, now=now, last_mailed_at=last) == why
