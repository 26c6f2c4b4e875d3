"""Lines of boards: what they say since when, what ends it, and what is laid over items."""

from collections.abc import Collection
from datetime import date
from typing import Any

import pytest
from support.store import at, contents, rows, writer

from mappings.records import BoardItem, BoardMilestones, BoardValue, Milestone, Status
from mappings.vocabulary import (
    BoardContent,
    EventField,
    MilestoneKind,
    MilestoneState,
    StatusCategory,
)
from sync.store import boards, schema
from sync.store.boards import Overlay, Told
from sync.store.open import Store

pytestmark = pytest.mark.full_on_postgres

SPRINT, DUE = (EventField.ITERATION, "f1"), (EventField.DUE_DATE, "f2")


def sprint(id_: str, text: str = "Sprint", field: str = "f1") -> BoardValue:
    return BoardValue(EventField.ITERATION, field, f"board:{field}:{id_}", text)


def due(day: int) -> BoardValue:
    return BoardValue(EventField.DUE_DATE, "f2", None, f"2026-04-{day:02d}", date(2026, 4, day))


def line(*values: BoardValue, id_: str = "l1", **changes: Any) -> BoardItem:
    plain: dict[str, Any] = {
        "source_id": id_,
        "board_id": "b",
        "content": BoardContent.WORK_ITEM,
        "content_id": "1",
        "values": values,
        "fields": frozenset({SPRINT, DUE}),
    }
    return BoardItem(**{**plain, **changes})


def write(
    store: Store, minute: float, *lines: BoardItem, watched: Collection[str] = ()
) -> frozenset[str]:
    with writer(store, now=at(minute)) as one:
        return one.board_items(lines, watched)


def told(store: Store, item: str = "1") -> list[tuple[Any, ...]]:
    with store.reading() as conn:
        found = boards.told(conn, 1, [item]).get(item, ())
    return [(one.text, one.valid_from, one.valid_to, one.from_exact) for one in found]


def test_a_value_holds_from_the_reading_that_saw_it_to_the_one_that_did_not(store: Store) -> None:
    assert write(store, 0, line(sprint("1", "One"), due(1))) == {"1"}
    assert write(store, 5, line(sprint("1", "One"), due(1))) == frozenset()
    assert write(store, 10, line(sprint("2", "Two"))) == {"1"}
    assert told(store) == [
        ("2026-04-01", at(0), at(10), False),
        ("One", at(0), at(10), False),
        ("Two", at(10), None, False),
    ]


def test_an_equal_second_write_writes_nothing(store: Store) -> None:
    write(store, 0, line(sprint("1"), due(1)), line(id_="l2", content=BoardContent.DRAFT))
    before = contents(store)
    write(store, 60, line(sprint("1"), due(1)), line(id_="l2", content=BoardContent.DRAFT))
    assert contents(store) == before


def test_since_when_is_known_of_what_appears_in_a_field_that_was_watched(store: Store) -> None:
    write(store, 0, line(sprint("1", "One")))
    with store.reading() as conn:
        assert boards.watched_fields(conn, 1, "b", at(0)) == frozenset()
        watched = boards.watched_fields(conn, 1, "b", at(1))
    assert watched == {"f1"}
    write(store, 10, line(sprint("2", "Two"), due(1)), watched=watched)
    assert told(store)[1:] == [
        ("2026-04-01", at(10), None, False),
        ("Two", at(10), None, True),
    ]


def test_another_name_for_the_same_option_is_the_same_value(store: Store) -> None:
    write(store, 0, line(sprint("1", "One")))
    write(store, 10, line(sprint("1", "First")))
    assert told(store) == [("First", at(0), None, False)]


def test_a_field_that_nobody_reads_any_more_was_a_matter_of_reading(store: Store) -> None:
    write(store, 0, line(sprint("1", "One"), due(1)))
    write(store, 10, line(sprint("1", "One"), fields=frozenset({SPRINT})))
    assert told(store) == [("One", at(0), None, False)]
    # Another field in its place begins anew, and nothing ended.
    other = frozenset({(EventField.ITERATION, "f9")})
    write(store, 20, line(sprint("1", "One", "f9"), fields=other))
    assert told(store) == [("One", at(20), None, False)]


def test_what_is_stored_and_read_otherwise_ends_nothing(store: Store) -> None:
    fields = frozenset({SPRINT, DUE, (EventField.DUE_DATE, "f3")})
    write(store, 0, line(due(1), fields=fields))
    other = BoardValue(EventField.DUE_DATE, "f3", None, "2026-05-01", date(2026, 5, 1))
    with writer(store, now=at(10), is_replay=True) as one:
        one.board_items([line(other, fields=fields)])
    # Another field is preferred since: no due date moved.
    assert told(store) == [("2026-05-01", at(10), None, False)]


def test_a_line_that_left_stays_away_when_it_is_read_otherwise(store: Store) -> None:
    write(store, 0, line(sprint("1", "One"), due(1)))
    with writer(store, now=at(10)) as one:
        one.board_items_left(["l1"])
    for minute, fields in ((20, frozenset({SPRINT, DUE})), (30, frozenset({SPRINT}))):
        with writer(store, now=at(minute), is_replay=True) as one:
            one.board_items([line(sprint("1", "One"), due(1), fields=fields)])
    assert told(store) == [("One", at(0), at(10), False)]
    with store.reading() as conn:
        assert boards.present(conn, 1, "b") == frozenset()


def test_what_began_and_ended_at_one_instant_never_was(store: Store) -> None:
    write(store, 0, line(sprint("1", "One")))
    write(store, 0, line(sprint("2", "Two")))
    assert told(store) == [("Two", at(0), None, False)]


def test_a_hidden_line_says_nothing_against_what_was_seen(store: Store) -> None:
    write(store, 0, line(sprint("1", "One")))
    hidden = line(content=BoardContent.HIDDEN, content_id=None)
    assert write(store, 10, hidden) == frozenset()
    assert told(store) == [("One", at(0), None, False)]


def test_a_line_that_stands_for_another_item_ends_what_it_said_of_the_first(store: Store) -> None:
    write(store, 0, line(sprint("1", "One")))
    assert write(store, 10, line(sprint("1", "One"), content_id="2")) == {"1", "2"}
    assert told(store) == [("One", at(0), at(10), False)]
    assert told(store, "2") == [("One", at(10), None, False)]


def test_a_line_that_left_is_gone_and_comes_back_as_new(store: Store) -> None:
    write(store, 0, line(sprint("1", "One")))
    with writer(store, now=at(10)) as one:
        assert one.board_items_left(["l1"]) == {"1"}
    with store.reading() as conn:
        assert boards.present(conn, 1, "b") == frozenset()
    write(store, 20, line(sprint("1", "One")), watched={"f1"})
    assert told(store) == [("One", at(0), at(10), False), ("One", at(20), None, True)]
    with store.reading() as conn:
        assert boards.present(conn, 1, "b") == {"l1"}


def test_lines_without_an_item_that_is_read_are_counted(store: Store) -> None:
    write(
        store,
        0,
        line(content_scope_id="900"),
        line(id_="l2", content_id="2", content_scope_id="901"),
        line(id_="l3", content=BoardContent.DRAFT, content_id=None),
        line(id_="l4", content=BoardContent.HIDDEN, content_id=None),
        line(id_="l5", content=BoardContent.CHANGE_REQUEST, content_id="5", content_scope_id="901"),
    )
    with store.reading() as conn:
        assert boards.counts(conn, 1, "b", {"900"}) == (1, 1, 1)
        assert boards.counts(conn, 1, "other", {"900"}) == (0, 0, 0)


def test_what_is_laid_over_an_item_is_a_set(store: Store) -> None:
    with store.reading() as conn:
        assert not boards.any_told(conn, 1)
    write(store, 0, line(due(1)))
    with store.reading() as conn:
        (said,) = boards.told(conn, 1, ["1"])["1"]
    for minute, overlays in ((1, [Overlay(said, True, "2026-01-01")]), (2, [])):
        with writer(store, now=at(minute)) as one:
            one.overlays({"1": overlays})
        with store.reading() as conn:
            laid = boards.laid(conn, 1, ["1"]).get("1", set())
            own = boards.originals(conn, 1, ["1"], EventField.DUE_DATE)
        assert laid == {("due_date", "l1", None, "2026-04-01", at(0)) for _ in overlays}
        assert own == ({"1": "2026-01-01"} if overlays else {})
    assert isinstance(said, Told)


def test_what_a_board_lists_no_other_listing_ends(store: Store) -> None:
    release = Milestone(
        "board:f:1", MilestoneKind.MILESTONE, "R1", MilestoneState.ACTIVE, None, scope_id="b"
    )
    with writer(store, now=at(0)) as one:
        one.statuses(
            [
                Status("board:f:o", "Doing", "project", StatusCategory.IN_PROGRESS),
                Status("old", "Old", None, StatusCategory.TODO),
            ]
        )
        one.milestones([release])
        one.board_milestones([BoardMilestones("b", MilestoneKind.MILESTONE, ("board:f:1",))])
    with writer(store, now=at(5)) as one:
        one.listing("status", None, {"open"})
        one.listing("milestone", "900", set())
    gone = dict(rows(store, schema.status, "source_id", "gone_at"))
    assert gone == {"board:f:o": None, "old": at(5)}
    assert rows(store, schema.milestone, "gone_at") == [(None,)]
    with writer(store, now=at(10)) as one:
        one.board_milestones([BoardMilestones("b", MilestoneKind.MILESTONE, ())])
    assert rows(store, schema.milestone, "gone_at") == [(at(10),)]
