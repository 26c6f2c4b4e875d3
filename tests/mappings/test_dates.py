"""Instants and dates as Jira writes them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.dates import calendar, instant, local_date

MOMENT = datetime(2026, 3, 1, 11, 0, 0, 887000, UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01T12:00:00.887+0100",
        "2026-03-01T03:00:00.887-0800",
        "2026-03-01T16:45:00.887+0545",
        "2026-03-01T11:07:00.887+0007",
        "2026-03-01T11:00:00.887Z",
        "2026-03-01T11:00:00.887+00:00",
        1772362800887,
        1772362800887.0,
    ],
)
def test_one_instant_however_it_is_written(written: object) -> None:
    assert instant(written) == MOMENT


@pytest.mark.parametrize(
    "written",
    [
        None,
        True,
        "",
        "yesterday",
        "2026-03-01T11:00:00",
        "2026-03-01",
        "2026-03-01+0100",
        "2026-03-01T12:00:00Z+0100",
        "+0100",
        "51502-01-01T00:00:00.000+0000",
        "0000-00-00T00:00:00.000+0000",
        "0001-01-01T00:00:00.000+0000",
        10**30,
        float("nan"),
        float("inf"),
        -(10**15),
        [],
        {},
    ],
)
def test_no_instant_without_a_zone_or_out_of_range(written: object) -> None:
    """B47, B50: A time without a zone is none, and neither is one outside the calendar."""
    assert instant(written) is None


@pytest.mark.parametrize("written", ["2026-03-01", "2026-03-01T23:59:59.000+0000", "2026-03-01 10"])
def test_a_calendar_date(written: str) -> None:
    assert calendar(written) == date(2026, 3, 1)


@pytest.mark.parametrize(
    "written",
    [None, 20260301, "", "1/Mar/26", "2026-02-30", "0001-01-01", "9999-12-31", "2026-03-011"],
)
def test_no_calendar_date(written: object) -> None:
    assert calendar(written) is None


def test_the_day_of_an_instant_is_that_of_the_configured_zone() -> None:
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert local_date(late, ZoneInfo("Europe/Berlin")) == date(2026, 3, 2)
    assert local_date(late, ZoneInfo("America/New_York")) == date(2026, 3, 1)
    assert local_date(None, ZoneInfo("UTC")) is None


@given(
    st.datetimes(
        min_value=datetime(1971, 1, 1),
        max_value=datetime(2199, 1, 1),
        timezones=st.timezones(),
    )
)
def test_any_offset_gives_the_same_instant(moment: datetime) -> None:
    assert instant(moment.isoformat()) == datetime.fromisoformat(moment.isoformat()).astimezone(UTC)
    written = moment.strftime("%Y-%m-%dT%H:%M:%S.%f%z")
    assert instant(written) == datetime.fromisoformat(written).astimezone(UTC)
