"""Where a change request stands, and when it counts."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sync.ledger.certainty import Standing
from sync.ledger.change_members import ChangeMember, counted
from sync.ledger.load import Container
from sync.ledger.timeline import Stay

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(day: float) -> datetime:
    return T0 + timedelta(days=day)


class Item:
    """An item that is in the container from day 5 on."""

    def stay_at(self, instant: datetime) -> Stay | None:
        return Stay(at(5)) if instant >= at(5) else None


class Holding:
    """A container of one item."""

    by_item = {"i": Item()}


def member(*stays: Stay) -> ChangeMember:
    return ChangeMember("c", "shop!1", at(1), at(4), stays)


def test_what_it_was_in_before_it_was_seen_is_unknown() -> None:
    one = member(Stay(at(3), exact=False))
    told = [one.standing(at(day)) for day in (0, 2, 3, 9)]
    assert told == [Standing.OUT, Standing.UNKNOWN, Standing.IN, Standing.IN]
    assert member().standing(at(3)) is Standing.UNKNOWN
    assert member().standing(at(5)) is Standing.OUT


def test_between_two_readings_that_differ_it_is_unknown() -> None:
    one = member(Stay(at(3), at(8), "observed", False, held_until=at(6), gone_by=at(9)))
    told = [one.standing(at(day)) for day in (5, 7, 8.5, 10)]
    assert told == [Standing.IN, Standing.UNKNOWN, Standing.UNKNOWN, Standing.OUT]


def test_it_counts_where_no_item_that_it_works_on_is_in_there() -> None:
    members = {"c": member(Stay(at(3), exact=False))}
    held = cast(Container, cast(Any, Holding()))
    assert counted(members, {}, held, at(6)) == {"c"}
    assert counted(members, {"c": ["i"]}, held, at(6)) == frozenset()
    assert counted(members, {"c": ["i"]}, held, at(4)) == {"c"}
    assert counted(members, {"c": ["another"]}, held, at(6)) == {"c"}
    assert counted(members, {}, held, at(2)) == frozenset()
