"""What would change a forecast, and how probabilities are told."""

from dataclasses import replace
from datetime import date

import pytest

from sync.forecast.explain import explain, is_huge, need
from sync.forecast.inputs import Inputs, Prior, Settings
from sync.forecast.model import simulate
from sync.forecast.percent import about, steps_of_five

FEW = Settings(runs=1_000)
PRIOR = Prior(4.0, 3.0)
INPUTS = Inputs(
    key="jira:version:1",
    as_of=date(2026, 3, 9),
    due=date(2026, 5, 1),
    open_items=40,
    baseline_items=60,
    weekly_done=(2, 3, 2, 3, 5, 6, 5, 6),
    added=12,
    completed=32,
)


def test_the_fewest_items_to_drop_and_the_most_that_fit() -> None:
    made = simulate(INPUTS, PRIOR, FEW)
    found = explain(INPUTS, PRIOR, made, FEW)

    def p(left: int) -> float:
        return simulate(replace(INPUTS, open_items=left), PRIOR, FEW).p_on_time or 0.0

    assert p(40 - found.to_drop) >= 0.80 > p(40 - found.to_drop + 1)
    assert p(found.fit) >= 0.85 > p(found.fit + 1)
    assert found.safe_date == made.p85


def test_causes_taken_out_never_make_it_later() -> None:
    made = simulate(INPUTS, PRIOR, FEW)
    found = explain(INPUTS, PRIOR, made, FEW)
    assert found.without_growth.p85 <= made.p85
    assert found.earlier_rate == 5.5
    assert found.at_earlier_rate.p85 <= made.p85
    assert found.without_waiting is None


def test_nothing_is_explained_where_nothing_was_forecast() -> None:
    silent = replace(INPUTS, weekly_done=(1,))
    assert explain(silent, PRIOR, simulate(silent, PRIOR, FEW), FEW) is None


def test_more_than_the_best_weeks_did_is_out_of_reach() -> None:
    assert not need(INPUTS).is_out_of_reach
    assert need(replace(INPUTS, open_items=60)).is_out_of_reach
    assert need(replace(INPUTS, due=date(2026, 3, 6))).is_out_of_reach
    assert need(replace(INPUTS, due=None)) is None
    assert need(replace(INPUTS, open_items=0)) is None


@pytest.mark.parametrize(
    ("p", "says"),
    [
        (0.0, "less than 5 %"),
        (0.049, "less than 5 %"),
        (0.05, "about 5 %"),
        (0.31, "about 30 %"),
        (0.325, "about 35 %"),
        (0.95, "about 95 %"),
        (0.951, "more than 95 %"),
        (1.0, "more than 95 %"),
    ],
)
def test_probabilities_are_told_in_steps_of_five_and_never_as_certain(p: float, says: str) -> None:
    assert about(p) == says
    assert steps_of_five(p) in range(5, 96, 5)


def test_one_estimate_above_a_fifth_of_what_is_left_is_huge() -> None:
    assert is_huge(21, 100)
    assert not is_huge(20, 100)
    assert not is_huge(5, 0)
