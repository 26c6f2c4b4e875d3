"""Process-behaviour limits: by hand, by their formula, and not at all below eight points."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.flow.trends import FACTOR, Point, limits, series

NUMBERS = st.lists(st.integers(-1000, 1000).map(float), min_size=8, max_size=40)


def test_limits_by_hand() -> None:
    # Differences: 2 2 2 2 2 2 2; their average 2; mean 10; 2.66 * 2 = 5.32.
    found = limits([9, 11, 9, 11, 9, 11, 9, 11])
    assert found is not None
    assert (found.mean, found.moving_range) == (10, 2)
    assert (found.lower, found.upper) == pytest.approx((4.68, 15.32))


def test_seven_points_have_a_run_chart_only() -> None:
    assert limits([1.0] * 7) is None
    assert limits([1.0] * 8) is not None


@given(NUMBERS)
def test_the_formula(values: list[float]) -> None:
    found = limits(values)
    assert found is not None
    moving = sum(abs(b - a) for a, b in pairwise(values)) / (len(values) - 1)
    mean = sum(values) / len(values)
    assert found.mean == pytest.approx(mean)
    assert found.upper - found.mean == pytest.approx(FACTOR * moving)
    assert found.mean - found.lower == pytest.approx(FACTOR * moving)


@given(NUMBERS, st.integers(-500, 500))
def test_another_zero_moves_the_limits_and_judges_alike(values: list[float], by: int) -> None:
    here, there = limits(values), limits([one + by for one in values])
    assert here is not None
    assert there is not None
    assert there.lower == pytest.approx(here.lower + by, abs=1e-6)
    assert there.upper == pytest.approx(here.upper + by, abs=1e-6)


def test_what_is_not_known_has_no_part_in_limits_and_is_shown() -> None:
    held = [9.0, None, 11.0, 9.0, 11.0, 9.0, 11.0, 9.0, 11.0]
    one = series("n", "items", [Point(str(n), value) for n, value in enumerate(held)])
    assert one.known == 8
    assert one.limits == limits([value for value in held if value is not None])
    assert [point.value for point in one.shown] == [9, 11, 9, 11, 9, 11]
    few = series("n", "items", [Point(str(n), value) for n, value in enumerate(held[:-1])])
    assert (few.known, few.limits, few.outside) == (7, None, ())


def test_a_point_outside_is_named_and_bounds_of_the_number_hold() -> None:
    held = [0.1, 0.0, 0.1, 0.0, 0.1, 0.0, 0.1, 0.0, 0.1, 0.9]
    points = [Point(str(n), value) for n, value in enumerate(held)]
    one = series("share", "share", points, least=0.0, most=1.0)
    assert one.limits is not None
    assert one.limits.lower == 0.0
    assert [point.label for point in one.outside] == ["9"]
