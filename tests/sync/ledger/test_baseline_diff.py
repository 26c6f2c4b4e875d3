"""What lies between two plans of a milestone."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from support import cases
from support.cases import At

from sync.errors import UsageError
from sync.ledger import baseline
from sync.ledger.baseline_diff import BaselineDiff, diff
from sync.ledger.working_days import WorkCalendar

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)
R1 = {"id": "v1", "name": "R1", "due": date(2026, 4, 10)}

Diff = Callable[..., BaselineDiff]


@pytest.fixture
def compared() -> Iterator[Diff]:
    """Fills a store, sets more baselines, and compares two of R1."""
    stores = []

    def compare(
        *items: dict[str, Any],
        accepted: bool = True,
        second: datetime | None = None,
        grace: int = 0,
        **more: Any,
    ) -> BaselineDiff:
        made = [{"milestone": "v1", "at": FIRST, "accepted": accepted}]
        data = {"now": NOW, "milestones": [R1], "items": items, "baselines": made, **more}
        store = cases.build(data)
        stores.append(store)
        if second is not None:
            baseline.set_(
                store, WorkCalendar(), clock=At(NOW), milestone="R1", author="tpm", at=second
            )
        return diff(
            store,
            WorkCalendar(),
            clock=At(NOW),
            milestone="R1",
            grace_days=grace,
            second=None if second is None else 2,
        )

    yield compare
    for store in stores:
        store.close()


def told(found: BaselineDiff) -> list[tuple[str, str, str]]:
    return [(one.kind.value, one.item.key, one.reason) for one in found.changes]


def on(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def status(at: datetime, new: str) -> dict[str, Any]:
    return {"status": new, "events": [{"field": "status", "at": at, "old": "todo", "new": new}]}


def test_what_was_done_meanwhile_is_still_a_part_of_the_plan(compared: Diff) -> None:
    items = [{"ids": "1-3", "in": ["v1"]}, {"id": 4, "in": ["v1"], **status(on(4), "done")}]
    for second in (None, on(9)):
        found = compared(*items, second=second)
        assert (told(found), found.first.items, found.second.items) == ([], 4, 4)
        assert found.net_ratio == 0


def test_what_was_done_before_was_never_planned(compared: Diff) -> None:
    items = [{"ids": "1-3", "in": ["v1"]}, {"id": 4, "in": ["v1"], **status(on(1), "done")}]
    found = compared(*items)
    assert (told(found), found.first.items) == ([], 3)


def test_each_way_out_has_its_reason(compared: Diff) -> None:
    found = compared(
        {"ids": "1-5", "in": ["v1"]},
        {"id": 6, "in": ["v1"], **status(on(4), "cancelled")},
        {"id": 7, "in": ["v1"], "left": {"v1": on(5)}},
        {"id": 8, "in": ["v1"], "gone": on(6)},
        {"id": 9, "created": FIRST, "entered": {"v1": on(7)}},
    )
    assert told(found) == [
        ("entered", "APO-9", ""),
        ("left", "APO-6", "cancelled"),
        ("left", "APO-7", "left"),
        ("left", "APO-8", "deleted"),
    ]
    assert found.net_ratio == pytest.approx(-2 / 8)


def test_between_two_baselines_only_what_was_so_at_the_second_counts(compared: Diff) -> None:
    found = compared(
        {"ids": "1-3", "in": ["v1"]},
        {"id": 7, "created": FIRST, "entered": {"v1": on(5)}},
        {"id": 8, "created": FIRST, "entered": {"v1": on(12)}},
        second=on(9),
    )
    assert told(found) == [("entered", "APO-7", "")]
    assert (found.first.number, found.second.number) == (1, 2)
    assert found.second.due_date == date(2026, 4, 10)


def test_what_changes_in_the_grace_window_is_part_of_the_plan(compared: Diff) -> None:
    items = [
        {"ids": "1-3", "in": ["v1"]},
        {"id": 4, "created": FIRST, "entered": {"v1": FIRST + timedelta(hours=20)}},
    ]
    assert told(compared(*items, grace=1)) == []
    assert told(compared(*items, grace=0)) == [("entered", "APO-4", "")]


def test_a_size_that_changed_tells_both(compared: Diff) -> None:
    def points(at: datetime, old: int | None, new: int) -> dict[str, Any]:
        return {"points": new, "events": [{"field": "points", "at": at, "old": old, "new": new}]}

    found = compared(
        {"id": 1, "in": ["v1"], "points": 1},
        {"id": 2, "in": ["v1"], **points(on(4), 3, 8)},
        {"id": 3, "in": ["v1"], **points(on(5), None, 2)},
    )
    assert [(one.item.key, one.old, one.new) for one in found.changes] == [
        ("APO-2", 3.0, 8.0),
        ("APO-3", None, 2.0),
    ]
    assert (found.first.points, found.first.unestimated, found.second.points) == (4.0, 1, 11.0)


def test_no_share_without_an_agreed_baseline_or_with_a_mass_edit(compared: Diff) -> None:
    grown = [{"ids": "1-40", "in": ["v1"]}, {"id": 50, "created": FIRST, "entered": {"v1": on(5)}}]
    assert compared(*grown).net_ratio == pytest.approx(1 / 40)
    assert compared(*grown, accepted=False).net_ratio is None
    many = [
        {"id": 60 + n, "created": FIRST, "entered": {"v1": on(5)}, "by": "u2"} for n in range(10)
    ]
    held = compared(*grown[:1], *many)
    assert (held.net_ratio, len(held.mass)) == (None, 1)
    # Who agreed to a baseline after it has seen it.
    assert compared(*grown[:1], *many, second=on(9)).net_ratio == pytest.approx(10 / 40)


def test_a_history_with_gaps_is_said(compared: Diff) -> None:
    found = compared({"ids": "1-3", "in": ["v1"]}, {"id": 4, "in": ["v1"], "history": "partial"})
    assert found.gaps == ("the history of 1 of 4 items is not complete",)


def test_a_baseline_that_is_not_there() -> None:
    store = cases.build({"now": NOW, "milestones": [R1], "items": [{"ids": "1-3", "in": ["v1"]}]})
    with pytest.raises(UsageError, match="there is no baseline 2; it has 1"):
        diff(store, WorkCalendar(), clock=At(NOW), milestone="R1", grace_days=1, first=2)
    suggested = diff(store, WorkCalendar(), clock=At(NOW), milestone="R1", grace_days=1)
    assert (suggested.first.accepted, suggested.net_ratio) == (False, None)
    store.close()
