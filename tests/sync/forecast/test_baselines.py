"""The forecasters to beat, by numbers worked out by hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.forecast import baselines
from sync.forecast.baselines import ALL, CAP, Known
from sync.forecast.scores import LEVELS

KNOWN = Known(remaining=12, completions=(4, 2, 6), arrivals=(1, 1, 4), due_in=10)


def test_the_plan_says_what_it_says() -> None:
    said = baselines.due_date(KNOWN)
    assert said is not None
    assert (said.days[0.85], said.p) == (10, 1.0)


def test_a_plan_that_has_passed_was_wrong() -> None:
    said = baselines.due_date(replace(KNOWN, due_in=-3))
    assert said is not None
    assert (said.days[0.5], said.p) == (0, 0.0)


def test_open_items_by_throughput() -> None:
    said = baselines.throughput(KNOWN)
    assert said is not None
    assert (said.days[0.5], said.p) == (15, 0.0)


def test_the_line_is_net_of_what_arrives() -> None:
    said = baselines.burn_up(KNOWN)
    assert said is not None
    assert said.days[0.5] == pytest.approx(12 / (4 - 2) * 5)


@pytest.mark.parametrize("arrivals", [(4, 4, 4), (9, 9, 9)])
def test_lines_that_never_meet_end_at_the_cap(arrivals: tuple[int, ...]) -> None:
    said = baselines.burn_up(replace(KNOWN, arrivals=arrivals))
    assert said is not None
    assert said.days[0.95] == CAP


@pytest.mark.parametrize(("due", "p"), [(17, 1.0), (16.5, 1.0), (15, 0.5), (13.5, 0.5), (13, 0.0)])
def test_the_band_is_ten_per_cent(due: float, p: float) -> None:
    said = baselines.band(replace(KNOWN, due_in=due))
    assert said is not None
    assert (said.days[0.5], said.days[0.85]) == (15, pytest.approx(16.5))
    assert said.p == p


def test_climatology_is_what_became_of_others() -> None:
    known = replace(KNOWN, earlier_days=(10, 20, 30), earlier_on_time=(True, False, False))
    said = baselines.climatology(known)
    assert said is not None
    assert (said.days[0.5], said.p) == (20, pytest.approx(1 / 3))
    assert baselines.climatology(KNOWN) is None
    undated = baselines.climatology(replace(known, due_in=None))
    assert undated is not None
    assert undated.p is None


def test_resampling_one_rate_is_that_rate() -> None:
    said = baselines.monte_carlo(replace(KNOWN, completions=(4, 4, 4)))
    assert said is not None
    assert set(said.days.values()) == {15.0}
    assert said.p == 0.0


def test_resampling_spreads_with_the_weeks() -> None:
    said = baselines.monte_carlo(replace(KNOWN, completions=(0, 4, 8)))
    assert said is not None
    assert said.days[0.5] < said.days[0.85] < said.days[0.95]


def test_who_never_finished_anything_has_no_resampling() -> None:
    assert baselines.monte_carlo(replace(KNOWN, completions=(0, 0))) is None
    slow = baselines.throughput(replace(KNOWN, completions=(0, 0)))
    assert slow is not None
    assert slow.days[0.5] == CAP


@given(
    remaining=st.integers(0, 500),
    completions=st.lists(st.integers(0, 30), max_size=40),
    arrivals=st.lists(st.integers(-5, 30), max_size=40),
    due=st.none() | st.floats(-200, 600),
    earlier=st.lists(st.floats(0, 500), max_size=5),
)
def test_whatever_is_known_dates_are_in_order_and_probabilities_are_some(
    remaining: int,
    completions: list[int],
    arrivals: list[int],
    due: float | None,
    earlier: list[float],
) -> None:
    known = Known(remaining, completions, arrivals, due, earlier, [one > 9 for one in earlier])
    for name, forecaster in ALL.items():
        said = forecaster(known)
        if said is None:
            continue
        assert said.p is None or 0 <= said.p <= 1, name
        assert (said.p is None) == (due is None) or name == "climatology", name
        days = [said.days[level] for level in LEVELS] if said.days else []
        assert days == sorted(days), name
        assert all(0 <= one <= max(CAP, due or 0) for one in days), name
