"""Dates as nobody meant them: they sort like others and are told as they were typed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.simulator.github_ids import due_on
from connectors.simulator.odd import OddDate, OddInstant


def test_a_date_is_told_as_it_was_typed_and_sorts_like_another() -> None:
    odd = OddDate.told("51502-03-02", date(2026, 3, 2))
    assert odd.isoformat() == "51502-03-02"
    assert due_on(odd) == "51502-03-02T08:00:00Z"
    assert date(2026, 3, 1) < odd < date(2026, 3, 3)


def test_what_is_reckoned_from_it_is_an_ordinary_date() -> None:
    odd = OddDate.told("0000-01-01", date(2026, 3, 2))
    assert (odd + timedelta(days=1)).isoformat() == "2026-03-03"


def test_an_instant_is_told_alike_in_every_zone() -> None:
    near = datetime(2026, 3, 2, 8, tzinfo=UTC)
    odd = OddInstant.told("0000-00-00T00:00:00Z", near)
    there = odd.astimezone(ZoneInfo("Asia/Kolkata"))
    assert odd == near
    assert {there.isoformat(timespec="milliseconds"), odd.strftime("%Y")} == {
        "0000-00-00T00:00:00Z"
    }
    assert (odd + timedelta(hours=1)).strftime("%H:%M") == "09:00"
