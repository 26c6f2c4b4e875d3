"""Stages of a change: by hand, with ends that are missing or in the wrong order."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sync.flow.lead_time import Moments, Split, split, stages

START = datetime(2026, 3, 2, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def moments(
    first: float | None,
    created: float | None,
    review: float | None,
    merged: float,
    deployed: float | None,
    *,
    read: bool = True,
) -> Moments:
    def at(number: float | None) -> datetime | None:
        return None if number is None else day(number)

    return Moments(day(merged), at(created), at(first), at(review), at(deployed), read)


def test_all_stages_by_hand() -> None:
    assert split(moments(0, 2, 3, 7, 8.5)) == Split(2, 1, 4, 1.5, 7, 8.5)


def test_a_stage_of_which_an_end_is_missing_or_too_early_has_no_length() -> None:
    assert split(moments(None, 2, None, 7, None)) == Split(None, None, None, None, None, None)
    # Pushed onto an open change first: when coding began is not known, the rest is.
    assert split(moments(3, 2, 4, 7, 9)) == Split(None, 2, 3, 2, 4, 6)
    # Looked at only after it had landed: nobody waited for that.
    assert split(moments(0, 2, 8, 7, 9)).review is None
    assert split(moments(0, 2, 8, 7, 9)).pickup is None


# coding 2 1 -, pickup 1 - 3, review 4 - 2: medians are values that occurred
CHANGES = (
    moments(0, 2, 3, 7, 8),
    moments(0, 1, None, 2, None),
    moments(None, 1, 4, 6, None),
    moments(0, 5, None, 6, None, read=False),
)


def test_each_stage_is_told_over_the_changes_in_which_it_is_known() -> None:
    found = stages(CHANGES)
    assert (found.changes, found.unreviewed, found.reviews_unknown) == (4, 1, 1)
    assert found.coding is not None
    assert (found.coding.count, found.coding.p50, found.coding.p85) == (3, 2, 5)
    assert found.pickup is not None
    assert (found.pickup.count, found.pickup.p50, found.pickup.p85) == (2, 1, 3)
    assert found.review is not None
    assert (found.review.p50, found.review.p85) == (2, 4)
    assert found.deploy is not None
    assert found.deploy.count == 1
    assert stages(()).coding is None


@given(st.permutations(CHANGES))
def test_order_changes_nothing(changes: list[Moments]) -> None:
    assert stages(changes) == stages(CHANGES)


@given(st.lists(st.floats(0, 30), min_size=4, max_size=4).map(sorted))
def test_stages_add_up_to_the_whole(days: list[float]) -> None:
    found = split(moments(days[0], days[1], days[2], days[3], None))
    assert found.coding is not None
    assert found.pickup is not None
    assert found.review is not None
    assert found.to_merge is not None
    assert abs(found.coding + found.pickup + found.review - found.to_merge) < 1e-6
