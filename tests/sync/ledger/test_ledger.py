"""The ledger adds up, and each line says what happened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.histories import at, containers, item

from mappings.vocabulary import StatusCategory
from sync.ledger.ledger import Ledger, LineKind, Unit, compute, lead_unit
from sync.ledger.timeline import ABSENT, Change, ItemHistory, Place, Track, in_scope

DONE, TODO = StatusCategory.DONE, StatusCategory.TODO
CANCELLED = StatusCategory.CANCELLED
UNITS = st.sampled_from(list(Unit))


def ledger(*items: ItemHistory, until: float = 10, unit: Unit = Unit.POINTS) -> Ledger:
    """Planned at day 0 without grace."""
    return compute(items, since=at(0), counted_from=at(0), at=at(until), unit=unit)


def lines(made: Ledger) -> list[tuple[str, str, float, str]]:
    return [(line.item_id, line.kind.value, line.amount, line.reason) for line in made.lines]


# --- properties -------------------------------------------------------------------------------


@given(items=containers(), unit=UNITS, until=st.integers(0, 18), grace=st.integers(0, 3))
def test_the_identity_holds_for_any_history(
    items: list[ItemHistory], unit: Unit, until: int, grace: int
) -> None:
    made = compute(items, since=at(0), counted_from=at(grace), at=at(until), unit=unit)
    assert made.balanced
    assert made.total(LineKind.SPLIT) == pytest.approx(0)


@pytest.mark.full
@given(items=containers(), unit=UNITS, middle=st.integers(0, 16))
def test_the_way_does_not_matter(items: list[ItemHistory], unit: Unit, middle: int) -> None:
    """The scope reached in two steps is the scope reached in one."""
    whole = compute(items, since=at(0), counted_from=at(0), at=at(17), unit=unit)
    first = compute(items, since=at(0), counted_from=at(0), at=at(middle), unit=unit)
    then = compute(items, since=at(0), counted_from=at(middle), at=at(17), unit=unit)
    assert first.baseline == whole.baseline
    assert then.baseline == pytest.approx(first.current)
    assert then.current == whole.current


@pytest.mark.full
@given(items=containers(), until=st.integers(0, 18))
def test_items_are_planned_present_entered_or_left(items: list[ItemHistory], until: int) -> None:
    made = compute(items, since=at(0), counted_from=at(0), at=at(until), unit=Unit.ITEMS)
    assert made.current == len(in_scope(items, at(until), at(0)))
    assert made.left <= made.planned - made.present
    assert made.entered <= made.present - made.planned
    assert not made.transient & (made.planned | made.present)
    assert made.resized <= made.present
    if not until:
        assert not made.lines


@given(items=containers(), amount=st.sampled_from([1.0, 13.0]))
def test_a_missing_estimate_event_is_noticed(items: list[ItemHistory], amount: float) -> None:
    """The held size of an open, present item differs from what its events tell."""
    present = in_scope(items, at(17), at(0))
    wanted = next((id_ for id_, one in sorted(present.items()) if not one.done), None)
    if wanted is None:
        return
    spoilt = [
        one._replace(points=one.points._replace(held=(one.points.held or 0) + amount))
        if one.id == wanted
        else one
        for one in items
    ]
    told = next(one for one in items if one.id == wanted).points
    made = compute(spoilt, since=at(0), counted_from=at(0), at=at(17), unit=Unit.POINTS)
    # Without any event the held size is all that is known, and was so at the baseline too.
    assert made.balanced == (not told.changes)


# --- lines ------------------------------------------------------------------------------------


def test_entering_and_leaving() -> None:
    made = ledger(
        item("stays", (-1, None), points=(3.0,)),
        item("enters", (2, None), points=(5.0,)),
        item("leaves", (-1, 4), points=(2.0,)),
    )
    assert (made.baseline, made.current) == (5, 8)
    assert lines(made) == [("enters", "added", 5, "entered"), ("leaves", "removed", -2, "left")]
    assert made.net_ratio == pytest.approx(0.6)


def test_transient_items_are_churn_and_no_change() -> None:
    made = ledger(item("a", (-1, None), points=(3.0,)), item("b", (2, 4), points=(5.0,)))
    assert (made.added, made.removed) == (5, 5)
    assert made.transient == {"b"}
    assert not made.entered
    assert not made.left
    assert made.net_ratio == 0


def test_left_and_back_again_is_neither_entered_nor_left() -> None:
    made = ledger(item("a", (-1, 2), (4, None), points=(3.0,)))
    assert (made.added, made.removed) == (3, 3)
    assert not made.left
    assert not made.entered


def test_sized_at_entry_and_at_exit() -> None:
    made = ledger(item("a", (2, 8), points=(3.0, (5, 8.0))), item("b", (-1, None), points=(1.0,)))
    assert (made.added, made.reestimated, made.removed) == (3, 5, 8)


def test_cancelling_is_leaving_with_a_reason_and_comes_back() -> None:
    made = ledger(item("a", (-1, None), points=(3.0,), status=(TODO, (2, CANCELLED), (5, TODO))))
    assert lines(made) == [("a", "removed", -3, "cancelled"), ("a", "added", 3, "revived")]


def test_deletion_says_so() -> None:
    made = ledger(item("a", (-1, 4), points=(3.0,), end_cause="deleted_or_hidden"))
    assert lines(made) == [("a", "removed", -3, "deleted_or_hidden")]


def test_estimates_freeze_at_completion() -> None:
    made = ledger(item("a", (-1, None), points=(3.0, (5, 8.0)), status=(TODO, (4, DONE))))
    assert not made.lines
    assert made.current == 3


def test_reopening_posts_what_changed_meanwhile() -> None:
    made = ledger(
        item("a", (-1, None), points=(3.0, (5, 8.0)), status=(TODO, (4, DONE), (6, TODO)))
    )
    assert lines(made) == [("a", "reestimated", 5, "re-sized")]


def test_reopening_work_done_before_the_plan_adds_it() -> None:
    made = ledger(item("a", (-1, None), points=(3.0,), status=(TODO, (-0.5, DONE), (6, TODO))))
    assert made.baseline == 0
    assert lines(made) == [("a", "added", 3, "reopened")]


def test_a_first_estimate_is_late_sizing_and_a_later_one_is_not() -> None:
    made = ledger(item("a", (-1, None), points=(None, (2, 5.0), (4, 8.0))))
    assert (made.late_sized, made.reestimated) == (5, 3)
    assert [line.kind for line in made.lines] == [LineKind.LATE_SIZED, LineKind.REESTIMATED]


def test_an_estimate_taken_away_and_given_again_is_re_estimation() -> None:
    made = ledger(item("a", (-1, None), points=(5.0, (2, None), (4, 8.0))))
    assert (made.late_sized, made.reestimated) == (0, 3)


def test_a_parent_that_is_split_nets_out() -> None:
    made = ledger(
        item("epic", (-1, None), points=(8.0,)),
        item("one", (2, None), points=(3.0,), parent=("epic",)),
        item("two", (3, None), points=(5.0,), parent=("epic",)),
    )
    assert (made.baseline, made.current) == (8, 8)
    assert {line.kind for line in made.lines} == {LineKind.SPLIT}


def test_only_what_children_carry_beyond_their_parent_is_added() -> None:
    made = ledger(
        item("epic", (-1, None), points=(8.0,)),
        item("one", (2, None), points=(3.0,), parent=("epic",)),
        item("two", (3, None), points=(7.0,), parent=("epic",)),
    )
    assert (made.added, made.reestimated, made.current) == (2, 0, 10)


def test_what_no_child_carries_is_less_work() -> None:
    made = ledger(
        item("epic", (-1, None), points=(8.0,)),
        item("one", (2, None), points=(3.0,), parent=("epic",)),
    )
    assert (made.added, made.reestimated, made.current) == (0, -5, 3)


def test_children_sized_later_take_up_what_the_parent_carried() -> None:
    made = ledger(
        item("epic", (-1, None), points=(8.0,)),
        item("one", (2, None), points=(None, (3, 8.0)), parent=("epic",)),
    )
    assert (made.added, made.late_sized, made.reestimated) == (0, 0, 0)


def test_a_parent_whose_children_leave_carries_the_work_again() -> None:
    made = ledger(
        item("epic", (-1, None), points=(8.0,)),
        item("one", (-1, 4), points=(5.0,), parent=("epic",)),
    )
    assert (made.baseline, made.current) == (5, 8)
    assert (made.added, made.removed) == (3, 0)


@pytest.mark.parametrize(("later", "amount"), [(5.0, -3.0), (0.0, -8.0), (-1.0, -9.0)])
def test_a_parent_whose_estimate_fell_while_it_was_split(later: float, amount: float) -> None:
    """8 became 5 while a child without estimate carried it; whole again it is 5."""
    made = ledger(
        item("epic", (-1, None), points=(8.0, (3, later))),
        item("one", (2, 4), parent=("epic",)),
    )
    assert made.balanced
    assert (made.baseline, made.current) == (8, later)
    assert made.reestimated + made.added == amount


def test_sizes_below_nothing_add_up_too() -> None:
    """Somebody estimated -1: odd, and no reason for a sum that is wrong."""
    made = ledger(
        item("epic", (-1, None), points=(-1.0,)),
        item("one", (2, None), parent=("epic",)),
        item("two", (3, 5), points=(-1.0,)),
    )
    assert made.balanced
    assert (made.baseline, made.current) == (-1, 0)


def test_a_split_taken_back_leaves_no_trace() -> None:
    made = ledger(
        item("epic", (-1, None), points=(8.0,)),
        item("one", (2, 4), points=(3.0,), parent=("epic",)),
    )
    assert (made.baseline, made.current) == (8, 8)
    assert (made.added, made.removed, made.reestimated) == (0, 0, 0)


def test_changes_in_the_grace_window_are_part_of_the_plan() -> None:
    items = (item("a", (-1, None), points=(3.0,)), item("b", (1, None), points=(5.0,)))
    made = compute(items, since=at(0), counted_from=at(1), at=at(9), unit=Unit.POINTS)
    assert made.baseline == 8
    assert not made.lines
    later = compute(items, since=at(0), counted_from=at(0.5), at=at(9), unit=Unit.POINTS)
    assert (later.baseline, later.added) == (3, 5)


def test_done_within_the_grace_window_was_planned() -> None:
    one = item("a", (-1, None), points=(3.0,), status=(TODO, (0.5, DONE)))
    made = compute([one], since=at(0), counted_from=at(1), at=at(9), unit=Unit.POINTS)
    assert made.baseline == 3


def test_inside_the_grace_window_nothing_has_changed_yet() -> None:
    items = (item("a", (-1, None)), item("b", (0.5, None)))
    made = compute(items, since=at(0), counted_from=at(1), at=at(0.7), unit=Unit.ITEMS)
    assert (made.baseline, made.current) == (2, 2)


def test_nothing_planned_gives_no_ratio() -> None:
    made = ledger(item("a", (2, None), points=(3.0,)))
    assert made.net_ratio is None


# --- the lead unit ----------------------------------------------------------------------------


def sized(*points: float | None) -> list[Place]:
    return [ABSENT._replace(member=True, points=one) for one in points]


@pytest.mark.parametrize(
    ("places", "unit"),
    [
        ([sized(1, 2, 3, 5, None)], Unit.POINTS),
        ([sized(1, 2, 3, None)], Unit.ITEMS),
        ([sized(3, 3, 3)], Unit.ITEMS),
        ([sized()], Unit.ITEMS),
        ([sized(None, None), sized(1, 2)], Unit.ITEMS),
        ([sized(3, 3), sized(1, 2)], Unit.POINTS),
    ],
)
def test_points_lead_where_nearly_all_are_estimated_and_differ(
    places: list[list[Place]], unit: Unit
) -> None:
    assert lead_unit(*places) is unit


def test_changes_of_one_instant_are_one_change() -> None:
    """Moved out and back by a bulk edit: no line."""
    track = Track.of([Change(at(2), 3.0, 5.0), Change(at(2), 5.0, 3.0)], 3.0)
    one = item("a", (-1, None))._replace(points=track)
    assert not ledger(one).lines
