"""Dates, numbers and counts in words."""

from datetime import UTC, date, datetime

import pytest

from sync.errors import ConfigError
from sync.report.wording import (
    count,
    day,
    family,
    listing,
    moment,
    number,
    percent,
    signed,
    zone,
)


def test_dates_name_the_year_only_where_it_differs() -> None:
    assert day(date(2025, 12, 8)) == "8 Dec 2025"
    assert day(date(2025, 12, 8), date(2025, 1, 1)) == "8 Dec"
    assert day(date(2026, 1, 2), date(2025, 12, 31)) == "2 Jan 2026"


def test_instants_are_shown_in_the_zone_of_the_report() -> None:
    at = datetime(2025, 12, 7, 23, 30, tzinfo=UTC)
    assert moment(at, zone("Europe/Berlin")) == "Mon 8 Dec 2025, 00:30 CET"
    assert moment(at, zone("UTC")) == "Sun 7 Dec 2025, 23:30 UTC"


@pytest.mark.parametrize("name", ["Mars/Base", "", "../etc/passwd", "bad\x00name"])
def test_an_unknown_zone_is_a_mistake_in_the_configuration(name: str) -> None:
    with pytest.raises(ConfigError, match="time zone"):
        zone(name)


def test_numbers() -> None:
    assert [number(value) for value in (0.0, 12.0, 12.54, 1234567.0, float("inf"))] == [
        "0",
        "12",
        "12.5",
        "1,234,567",
        "unknown",
    ]
    minus = "\N{MINUS SIGN}"
    assert [signed(value) for value in (3.0, -2.5, 0.0, -0.01)] == ["+3", f"{minus}2.5", "0", "0"]
    assert [percent(value) for value in (0.245, -0.1, 0.001)] == ["+24 %", f"{minus}10 %", "±0 %"]


def test_counts_and_lists() -> None:
    assert [count(1, "source"), count(0, "source"), count(1200, "entry", "entries")] == [
        "1 source",
        "0 sources",
        "1,200 entries",
    ]
    assert [listing(list("")), listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert [family("plan.overdue"), family("acme.thing")] == ["Dates and plan", "acme"]


def test_the_ends_of_the_calendar_are_told_in_their_own_zone() -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert moment(first, zone("America/New_York")) == "Mon 1 Jan 1, 00:00 UTC"
