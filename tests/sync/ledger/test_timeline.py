"""What an item was at an instant."""

from hypothesis import given
from support.histories import at, containers, item, track

from mappings.vocabulary import StatusCategory
from sync.ledger.timeline import Change, Track, in_scope, place

DONE, TODO = StatusCategory.DONE, StatusCategory.TODO
CANCELLED = StatusCategory.CANCELLED


def test_a_value_holds_from_the_instant_of_its_event() -> None:
    points = track(3.0, (2, 5.0), (4, 8.0))
    assert [points.told(at(day)) for day in (0, 1.999, 2, 3.9, 4, 9)] == [3, 3, 5, 5, 8, 8]
    assert points.undone(at(1)) == 3
    assert points.undone(at(9)) == 8


def test_forwards_and_backwards_differ_where_an_event_is_missing() -> None:
    points = Track.of([Change(at(2), 3.0, 5.0)], 8.0)
    assert points.told(at(3)) == 5
    assert points.undone(at(3)) == 8


def test_a_field_without_events_was_always_as_it_is() -> None:
    assert track(3.0).told(at(-100)) == 3


def test_since_when_ignores_events_that_change_nothing() -> None:
    status = Track.of(
        [Change(at(1), TODO, DONE), Change(at(2), DONE, DONE), Change(at(3), DONE, DONE)], DONE
    )
    assert status.since(at(5)) == at(1)
    assert track(DONE).since(at(5)) is None


def test_several_changes_at_one_instant_end_in_the_last() -> None:
    status = track(TODO, (1, DONE), (1, TODO))
    assert status.told(at(1)) is TODO


def test_the_size_of_done_work_is_the_one_at_completion() -> None:
    one = item("a", (0, None), points=(3.0, (5, 8.0)), status=(TODO, (4, DONE)))
    assert place(one, at(6), at(0)).points == 3
    assert place(one, at(6), at(0), undone=True).points == 3


def test_an_estimate_given_together_with_completion_counts() -> None:
    one = item("a", (0, None), points=(3.0, (4, 8.0)), status=(TODO, (4, DONE)))
    assert place(one, at(6), at(0)).points == 8


def test_scope_holds_leaves_only() -> None:
    items = [
        item("epic", (0, None)),
        item("child", (0, None), parent=("epic",)),
        item("elsewhere", parent=("epic",)),
        item("gone", (0, 2), parent=("child",)),
        item("cancelled", (0, None), status=(CANCELLED,)),
        item("before", (0, None), status=(TODO, (-2, DONE))),
        item("after", (0, None), status=(TODO, (2, DONE))),
    ]
    assert set(in_scope(items, at(3), at(0))) == {"child", "after"}
    assert set(in_scope(items, at(1), at(0))) == {"gone", "after"}


def test_an_item_done_at_the_very_baseline_is_done_before() -> None:
    one = item("a", (0, None), status=(TODO, (0, DONE)))
    assert not in_scope([one], at(3), at(0))


def test_reopened_work_is_back_in_scope() -> None:
    one = item("a", (0, None), status=(TODO, (-1, DONE), (2, TODO), (4, DONE)))
    assert [bool(in_scope([one], at(day), at(0))) for day in (1, 2, 5)] == [False, True, True]


@given(items=containers())
def test_forwards_and_backwards_agree_on_whole_histories(items: list) -> None:
    for day in range(-5, 18):
        assert in_scope(items, at(day), at(0)) == in_scope(items, at(day), at(0), undone=True)
