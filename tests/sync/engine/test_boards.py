"""What boards lay over an item, on plain values."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from mappings.records import FieldEvent, History, Status, WorkItem
from mappings.vocabulary import (
    EventField,
    HistoryState,
    ItemType,
    MilestoneKind,
    Origin,
    StatusCategory,
    WaitsFor,
)
from sync.engine.boards import choose, expected, is_of_board, lay_over, memberships, with_events
from sync.engine.membership import ItemState, derive
from sync.store.boards import Told

DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ITEM = WorkItem(
    source_id="1",
    key="acme/web#1",
    scope_id="900",
    item_type=ItemType.TASK,
    raw_type=None,
    status_category=StatusCategory.TODO,
    raw_status="open",
    raw_status_id="open",
    title="One",
    created_at=DAY - timedelta(days=90),
    updated_at=DAY,
    due_date=date(2026, 1, 1),
)
CATEGORIES = {
    "open": StatusCategory.TODO,
    "label:wip": StatusCategory.IN_PROGRESS,
    "closed": StatusCategory.DONE,
    "board:s:doing": StatusCategory.IN_PROGRESS,
    "board:s:done": StatusCategory.DONE,
}
STATUSES = {
    "board:s:doing": Status(
        "board:s:doing", "Doing", "project", StatusCategory.IN_PROGRESS, WaitsFor.QA, True
    )
}


def day(number: float) -> datetime:
    return DAY + timedelta(days=number)


def told(field: EventField = EventField.STATUS, **changes: Any) -> Told:
    values: dict[str, Any] = {
        "work_item_id": "1",
        "field": field,
        "board_item_id": "line-a",
        "board_id": "a",
        "field_id": "s",
        "value_id": None,
        "text": None,
        "day": None,
        "points": None,
        "rank": None,
        "valid_from": day(0),
        "valid_to": None,
        "from_exact": False,
    }
    return Told(**{**values, **changes})


def status(name: str, since: float = 0, until: float | None = None, **changes: Any) -> Told:
    return told(
        value_id=f"board:s:{name.lower()}",
        text=name,
        valid_from=day(since),
        valid_to=None if until is None else day(until),
        **changes,
    )


def test_an_open_item_stands_as_the_board_has_it_and_its_own_words_stand_beside() -> None:
    due = told(EventField.DUE_DATE, field_id="d", text="2026-05-01", day=date(2026, 5, 1))
    size = told(EventField.POINTS, field_id="p", text="3", points=3.0)
    laid = lay_over(ITEM, [status("Doing"), due, size], STATUSES)
    assert laid.item == replace(
        ITEM,
        status_category=StatusCategory.IN_PROGRESS,
        raw_status="Doing",
        raw_status_id="board:s:doing",
        waits_for=WaitsFor.QA,
        code_complete=True,
        due_date=date(2026, 5, 1),
        estimate_points=3.0,
        estimate_field="p",
    )
    assert [(one.original, one.in_force) for one in laid.overlays] == [
        ("open", True),
        ("2026-01-01", True),
        (None, True),
    ]
    assert laid.issues == ()


@pytest.mark.parametrize("own", [StatusCategory.DONE, StatusCategory.CANCELLED])
def test_what_is_over_by_itself_stays_so(own: StatusCategory) -> None:
    item = replace(ITEM, status_category=own, raw_status_id="closed")
    laid = lay_over(item, [status("Doing")], STATUSES)
    assert laid.item == item
    assert [one.in_force for one in laid.overlays] == [False]


def test_what_a_board_no_longer_says_is_not_laid_over() -> None:
    laid = lay_over(ITEM, [status("Doing", 0, 1)], STATUSES)
    assert (laid.item, laid.overlays) == (ITEM, ())


def test_a_status_that_nobody_mapped_is_unknown() -> None:
    laid = lay_over(ITEM, [status("Odd")], STATUSES)
    assert (laid.item.status_category, laid.item.raw_status) == (StatusCategory.UNKNOWN, "Odd")


def test_boards_that_disagree_say_nothing_unless_one_goes_first() -> None:
    one, two = status("Doing"), status("Done", board_item_id="line-b", board_id="b")
    laid = lay_over(ITEM, [one, two], STATUSES)
    assert laid.item == ITEM
    (issue,) = laid.issues
    assert issue.kind == "boards-disagree"
    assert "'Doing' and 'Done'" in issue.message
    assert expected([one, two]) == set()
    ranked = [status("Doing", rank=1), status("Done", rank=0, board_item_id="line-b")]
    assert choose(ranked) is ranked[1]
    # One that has no place goes before none and after none.
    assert choose([ranked[0], two]) is None


def test_boards_agree_on_a_status_by_its_name_and_on_other_things_by_what_they_are() -> None:
    same = status("Doing"), told(value_id="board:t:7", text="doing", board_item_id="line-b")
    assert choose(same) is same[0]
    one, two = (
        told(EventField.POINTS, text=text, points=3.0, board_item_id=text) for text in ("3", "3.0")
    )
    assert choose([one, two]) is one
    assert choose([]) is None


def history(*changes: tuple[float, str, str]) -> History:
    return History(
        "1",
        HistoryState.COMPLETE,
        tuple(
            FieldEvent(
                "1", f"e{i}", EventField.STATUS, "state", day(at), None, (old,), (new,), old, new
            )
            for i, (at, old, new) in enumerate(changes)
        ),
    )


def in_time(found: History) -> list[tuple[float, str | None, str | None, str]]:
    return [
        (
            (one.at - DAY) / timedelta(days=1),
            ",".join(one.old_ids) or None,
            ",".join(one.new_ids) or None,
            one.origin.value,
        )
        for one in found.events
    ]


def tell(before: History, *said: Told, own: str | None = "open") -> History:
    return with_events(before, said, own_status=own, categories=CATEGORIES)


def test_a_status_of_a_board_begins_when_it_was_seen() -> None:
    found = tell(history(), status("Doing", 1, 3), status("Done", 3))
    assert in_time(found) == [
        (1, "open", "board:s:doing", "observed"),
        (3, "board:s:doing", "board:s:done", "observed"),
    ]


def test_an_own_change_under_a_board_is_told_as_it_was_in_force() -> None:
    own = history((2, "open", "label:wip"), (4, "label:wip", "closed"), (6, "closed", "open"))
    found = tell(own, status("Doing", 1, 8))
    assert in_time(found) == [
        (1, "open", "board:s:doing", "observed"),
        (2, "board:s:doing", "board:s:doing", "source"),
        (4, "board:s:doing", "closed", "source"),
        (6, "closed", "board:s:doing", "source"),
        (8, "board:s:doing", "open", "observed"),
    ]
    # Read forwards or undone from the end, each change begins where the one before it ended.
    ids = [(one[1], one[2]) for one in in_time(found)]
    assert all(after[0] == before[1] for before, after in pairwise(ids))
    assert {one.origin for one in own.events} == {Origin.SOURCE}


def test_a_board_that_speaks_while_an_item_is_over_changes_nothing_until_it_is_open() -> None:
    found = tell(history((1, "open", "closed"), (5, "closed", "open")), status("Doing", 2))
    assert in_time(found) == [
        (1, "open", "closed", "source"),
        (5, "closed", "board:s:doing", "source"),
    ]


def test_a_size_that_was_there_when_we_came_is_no_change() -> None:
    first = told(EventField.POINTS, field_id="p", text="3", points=3.0)
    ended = told(EventField.POINTS, field_id="p", text="3", points=3.0, valid_to=day(2))
    then = told(EventField.POINTS, field_id="p", text="5", points=5.0, valid_from=day(2))
    assert tell(history(), first).events == ()
    assert [one.new_text for one in tell(history(), ended).events] == [None]
    (event,) = tell(history(), ended, then).events
    assert (event.at, event.old_text, event.new_text, event.raw_field) == (day(2), "3", "5", "p")


def test_without_a_board_a_history_is_as_it_was() -> None:
    own = history((1, "open", "closed"))
    assert tell(own) is own


def test_memberships_of_a_board_stand_beside_own_ones_and_end_with_the_item() -> None:
    said = (
        told(EventField.MILESTONE, value_id="board:r:1", valid_from=day(1), from_exact=True),
        told(EventField.ITERATION, value_id="board:i:1", valid_from=day(1), valid_to=day(3)),
    )
    rows = memberships(said)
    assert all(map(is_of_board, rows))
    state = ItemState(
        created_at=day(-90),
        updated_at=day(5),
        milestones=frozenset({("milestone", "900:1")}),
        history=HistoryState.COMPLETE,
    )
    found = derive(state, (), rows, day(6), rows)
    told_rows = [(row.milestone_id, row.valid_from, row.valid_to, row.from_exact) for row in found]
    assert told_rows == [
        ("900:1", day(-90), None, True),
        ("board:r:1", day(1), None, True),
        ("board:i:1", day(1), day(3), False),
    ]
    assert {row.milestone_kind for row in found[1:]} == {
        MilestoneKind.MILESTONE,
        MilestoneKind.ITERATION,
    }
    # What no board tells any more was never so, as far as is known now.
    assert [row.milestone_id for row in derive(state, (), rows, day(6))] == ["900:1"]
    gone = ItemState(day(-90), day(5), state.milestones, HistoryState.COMPLETE, day(7), "deleted")
    ends = [(row.valid_to, row.end_cause) for row in derive(gone, (), rows, day(8), rows)]
    assert ends == [(day(7), "deleted"), (day(7), "deleted"), (day(3), "observed")]
