"""Bounds are never too late, whatever the zone; names are never read as words of the language."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira.jql import (
    conjunction,
    from_millis,
    in_projects,
    millis,
    quoted,
    time_literal,
)

ZONES = ("UTC", "America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe")


def test_epoch_milliseconds_need_no_zone() -> None:
    moment = datetime(2024, 11, 29, 10, 44, 51, tzinfo=UTC)
    assert time_literal(moment, "Asia/Kolkata", epoch=True) == "1732877091000"


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        ("2026-03-02T08:00:59Z", "UTC", '"2026-03-02 08:00"'),
        ("2026-03-02T08:00:00Z", "Asia/Kolkata", '"2026-03-02 13:30"'),
        ("2026-03-02T03:00:00Z", "America/Los_Angeles", '"2026-03-01 19:00"'),
        # 9 March 2025: 02:45 does not exist in Los Angeles; the true conversion is 01:45.
        ("2025-03-09T09:45:00Z", "America/Los_Angeles", '"2025-03-09 01:45"'),
        # 2 November 2025: 01:30 happens twice; the first one is bounded an hour earlier.
        ("2025-11-02T08:30:00Z", "America/Los_Angeles", '"2025-11-02 00:30"'),
        ("2025-11-02T10:30:00Z", "America/Los_Angeles", '"2025-11-02 02:30"'),
    ],
)
def test_literals_are_minutes_in_the_accounts_zone(moment: str, zone: str, expected: str) -> None:
    assert time_literal(datetime.fromisoformat(moment), zone, epoch=False) == expected


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(ZONES),
)
def test_a_bound_is_never_later_than_meant_however_the_server_reads_it(
    moment: datetime, zone: str
) -> None:
    """B04: A literal without a zone is read in the account's own."""
    text = time_literal(moment, zone, epoch=False).strip('"')
    wall = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone))
    read = [wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    assert max(read) <= moment
    assert min(read) > moment - timedelta(hours=2, minutes=2)
    # It exists: the server refuses a time in the gap of spring.
    assert any(
        one.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall.replace(tzinfo=None)
        for one in read
    )


def test_millis_round_trip() -> None:
    moment = datetime(2026, 3, 2, 8, 0, 0, 123000, tzinfo=UTC)
    assert from_millis(millis(moment)) == moment


def test_clauses_are_joined_and_ordered() -> None:
    """B05: A question is made of its parts, with one bound and one order."""
    assert conjunction(("project = 1", None, "id > 2"), "id ASC") == (
        "project = 1 AND id > 2 ORDER BY id ASC"
    )
    assert conjunction(("project = 1",)) == "project = 1"


def test_reserved_words_are_quoted() -> None:
    """B68: A project may be called SET."""
    assert in_projects({"10": "SET"}, by_id=False) == 'project = "SET"'
    assert in_projects({"10": "SET", "20": "DO"}, by_id=True) == "project in (10, 20)"
    assert quoted('a"b\\c') == '"a\\"b\\\\c"'
