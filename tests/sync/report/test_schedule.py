"""When a mail leaves."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from support import reconciliations as given_

from sync.report.build import build
from sync.report.schedule import Schedule, due


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


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ("2025-12-11 12:59", None),
        ("2025-12-11 13:00", "weekly"),
        ("2025-12-12 09:00", "weekly"),
    ],
)
def test_the_day_the_hour_and_the_zone_are_the_readers(now: str, why: str | None) -> None:
    wanted = Schedule("weekly", 3, time(8), "America/New_York")
    last = at("2025-12-04 13:00")
    data = build(given_.quiet())
    assert due(data, now=at(now), last_mailed_at=last, schedule=wanted) == why


@pytest.mark.parametrize(
    ("kind", "now", "why"),
    [
        ("daily", "2025-12-10 09:00", "daily"),
        ("daily", "2025-12-10 04:59", None),
        ("changes", "2025-12-09 06:10", "changes"),
        ("weekly", "2025-12-10 09:00", None),
    ],
)
def test_what_moved_is_told_as_often_as_the_reader_wants(
    kind: str, now: str, why: str | None
) -> None:
    data, last = build(given_.reconciliation(findings=(given_.finding(),))), at("2025-12-09 06:00")
    assert due(data, now=at(now), last_mailed_at=last, schedule=Schedule(kind)) == why


@pytest.mark.parametrize("kind", ["daily", "changes"])
def test_a_day_on_which_nothing_moved_sends_nothing(kind: str) -> None:
    data, last = build(given_.quiet()), at("2025-12-09 06:00")
    assert (
        due(data, now=at("2025-12-10 09:00"), last_mailed_at=last, schedule=Schedule(kind)) is None
    )


@pytest.mark.parametrize(
    ("stands", "last", "why"),
    [
        (1, "2025-12-09 06:00", "unread"),
        (1, "2025-12-10 06:00", None),
        (6, "2025-12-09 06:00", "unread"),
        (8, "2025-12-09 06:00", None),
    ],
)
def test_a_source_that_stays_unread_is_told_daily_for_a_week(
    stands: int, last: str, why: str | None
) -> None:
    now = at("2025-12-10 09:00")
    blind = given_.blind_spot(
        state=given_.FindingState.ONGOING, first_seen_at=now - timedelta(days=stands)
    )
    failed = given_.certificate(outcome="failed", reason="503")
    data = build(given_.reconciliation(findings=(blind,), certificates=(failed,)))
    assert due(data, now=now, last_mailed_at=at(last)) == why


def test_a_source_without_a_finding_counts_as_unread_too() -> None:
    failed = given_.certificate(outcome="failed", reason="503")
    data = build(replace(given_.quiet(), certificates=(failed,)))
    assert due(data, now=at("2025-12-10 09:00"), last_mailed_at=at("2025-12-09 06:00")) == "unread"


def test_a_monday_mail_is_the_weekly_one_whatever_else_is_urgent() -> None:
    data = build(given_.reconciliation(findings=(given_.overdue(),)))
    assert due(data, now=at("2025-12-08 06:00"), last_mailed_at=at("2025-12-07 06:00")) == "weekly"
