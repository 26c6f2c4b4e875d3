"""When a milestone was really done."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.forecast.lives import CANCELLED, DONE, TODO, day, item

from sync.forecast.outcome import Outcome, open_spans, outcome
from sync.ledger.timeline import ItemHistory, in_scope

NOW = day(400)


def ended(
    items: Sequence[ItemHistory], closed: float | None = None, **more: object
) -> float | None:
    """Day of the outcome."""
    at = None if closed is None else day(closed)
    found = outcome(items, at, NOW, **more)  # type: ignore[arg-type]
    return None if found is None else (found.at - day(0)).total_seconds() / 86_400


def test_done_when_the_last_item_is() -> None:
    assert ended([item("a", 0, (5, DONE)), item("b", 1, (9, DONE))]) == 9


def test_certain_a_week_later() -> None:
    found = outcome([item("a", 0, (5, DONE))], None, NOW)
    assert found == Outcome(day(5), day(12))
    assert outcome([item("a", 0, (5, DONE))], None, day(11)) is None


def test_reopened_within_the_week_it_was_not_done() -> None:
    assert ended([item("a", 0, (5, DONE), (11, TODO), (20, DONE))]) == 20


def test_reopened_after_the_week_it_was() -> None:
    assert ended([item("a", 0, (5, DONE), (12, TODO), (20, DONE))]) == 5


def test_what_arrives_within_the_week_counts() -> None:
    assert ended([item("a", 0, (5, DONE)), item("b", 10, (15, DONE))]) == 15


def test_an_open_item_means_it_is_not_done() -> None:
    assert ended([item("a", 0, (5, DONE)), item("b", 3)]) is None


def test_what_left_or_was_cancelled_holds_nothing_up() -> None:
    assert (
        ended([item("a", 0, (5, DONE)), item("b", 0, leaves=8), item("c", 0, (9, CANCELLED))]) == 9
    )


def test_a_milestone_that_was_emptied_was_not_completed() -> None:
    assert ended([item("a", 0, leaves=4), item("b", 0, (6, CANCELLED))]) is None


def test_emptied_first_and_filled_later() -> None:
    assert ended([item("a", 0, leaves=4), item("b", 30, (40, DONE))]) == 40


def test_a_parent_counts_by_its_children() -> None:
    items = [item("a", 0), item("b", 0, (7, DONE), parent="a")]
    assert ended(items) == 7


def test_a_parent_counts_again_once_its_child_has_left() -> None:
    items = [item("a", 0), item("b", 0, (7, DONE), parent="a", leaves=9)]
    assert ended(items) is None


def test_closed_with_leftovers_is_flagged() -> None:
    found = outcome([item("a", 0, (5, DONE)), item("b", 0, (30, DONE))], day(10), NOW)
    assert found == Outcome(day(10), day(10), leftovers=1)
    assert found.closed_with_leftovers


def test_leftovers_moved_out_with_the_close_are_leftovers() -> None:
    found = outcome([item("a", 0, (5, DONE)), item("b", 0, leaves=10)], day(10.01), NOW)
    assert found is not None
    assert (found.at, found.leftovers) == (day(10), 1)


def test_done_before_it_was_closed() -> None:
    assert ended([item("a", 0, (5, DONE))], closed=40) == 5


def test_what_was_done_before_it_came_in_completes_it() -> None:
    assert ended([item("a", 3, (1, DONE))]) == 3
    assert ended([item("a", 3, (1, DONE))], since=day(10)) == 10


def test_closed_without_any_item() -> None:
    found = outcome([], day(10), NOW)
    assert found == Outcome(day(10), day(10))


def test_nothing_before_the_plan_counts() -> None:
    """The first bug of a version, fixed long before the others came, did not complete it."""
    items = [item("a", 0, (1, DONE)), item("b", 50, (60, DONE))]
    assert ended(items) == 1
    assert ended(items, since=day(45)) == 60


def test_in_an_archive_the_last_item_counts() -> None:
    items = [item("a", 0, (1, DONE)), item("b", 50, (60, DONE))]
    assert ended(items, final=True) == 60
    assert ended([*items, item("c", 55)], final=True) is None


turns = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from([DONE, TODO, CANCELLED])), max_size=4
).map(lambda found: sorted(dict(found).items()))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40), turns, st.none() | st.integers(41, 70), st.sampled_from(" 012")
        ),
        max_size=5,
    )
)
def test_spans_are_those_of_the_scope_at_every_instant(
    lives: list[tuple[int, list[tuple[int, object]], int | None, str]],
) -> None:
    """Held against the ledger's own rule of who is in scope, asked day by day."""
    items = [
        item(
            str(number),
            enters,
            *(one for one in told if one[0] > enters),  # type: ignore[arg-type]
            leaves=leaves,
            parent=parent.strip() or None,
        )
        for number, (enters, told, leaves, parent) in enumerate(lives)
    ]
    spans = open_spans(items)
    for number in range(75):
        at = day(number)
        scope = in_scope(items, at, day(-1))
        expected = {id_ for id_, one in scope.items() if not one.done}
        told = {
            one.item_id for one in spans if one.start <= at and (one.end is None or at < one.end)
        }
        assert told == expected, number


@pytest.mark.parametrize("gap", [6.9, 7.0])
def test_seven_days_are_seven_days(gap: float) -> None:
    items = [item("a", 0, (5, DONE)), item("b", 5 + gap, (30, DONE))]
    assert ended(items) == (5 if gap >= 7 else 30)
