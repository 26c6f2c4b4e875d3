"""Scores, against scoringrules and against values worked out by hand."""

import math

import numpy as np
import pytest
import scoringrules
from hypothesis import given
from hypothesis import strategies as st

from sync.forecast import scores
from sync.forecast.scores import LEVELS, Scored

spans = st.floats(0, 500, allow_nan=False)


def dated(milestone: str, actual: float, p50: float = 10.0, p85: float = 20.0) -> Scored:
    return Scored(milestone, {0.5: p50, 0.7: p50, 0.85: p85, 0.95: p85}, actual)


@given(forecast=spans, actual=spans, level=st.sampled_from(LEVELS))
def test_pinball_is_that_of_scoringrules(forecast: float, actual: float, level: float) -> None:
    theirs = float(scoringrules.quantile_score(actual, forecast, level))
    assert scores.pinball(forecast, actual, level) == pytest.approx(theirs, abs=1e-9)


@given(p=st.floats(0, 1), on_time=st.booleans())
def test_brier_is_that_of_scoringrules(p: float, on_time: bool) -> None:
    theirs = float(scoringrules.brier_score(float(on_time), p))
    assert scores.brier(p, on_time) == pytest.approx(theirs, abs=1e-12)


def test_the_mean_over_many_levels_is_the_crps_of_the_sample() -> None:
    """Twice the pinball loss over all levels integrates to the CRPS (Laio & Tamea, 2007)."""
    sample = np.sort(np.random.default_rng(3).gamma(3.0, 9.0, 400))
    levels = (np.arange(400) + 0.5) / 400
    ours = 2 * np.mean(
        [scores.pinball(q, 31.0, level) for q, level in zip(sample, levels, strict=True)]
    )
    assert ours == pytest.approx(float(scoringrules.crps_ensemble(31.0, sample)), rel=0.01)


@pytest.mark.parametrize("level", LEVELS)
def test_pinball_is_least_for_the_true_quantile(level: float) -> None:
    outcomes = np.random.default_rng(5).gamma(2.0, 10.0, 4_000)

    def loss(forecast: float) -> float:
        return float(np.mean([scores.pinball(forecast, one, level) for one in outcomes]))

    true = float(np.quantile(outcomes, level))
    assert loss(true) < min(loss(true * 0.8), loss(true * 1.25))


def test_scores_by_hand() -> None:
    found = scores.score(
        [
            Scored("a", {0.5: 4, 0.7: 6, 0.85: 10, 0.95: 12}, 8, 0.9, True),
            Scored("b", {0.5: 4, 0.7: 6, 0.85: 10, 0.95: 12}, 12, 0.7, False),
        ]
    )
    assert found.brier is not None
    assert found.brier.value == pytest.approx((0.01 + 0.49) / 2)
    assert found.coverage[0.85].value == 0.5
    assert found.coverage[0.95].value == 1.0
    assert found.pinball[0.85].value == pytest.approx((0.15 * 2 + 0.85 * 2) / 2)
    assert found.sharpness is not None
    assert found.sharpness.value == 6
    assert found.bias == pytest.approx((math.log(2) + math.log(3)) / 2)


def test_what_cannot_be_scored_counts_in_no_score() -> None:
    censored = Scored("open", dict.fromkeys(LEVELS, 5.0), None, 0.5, None)
    undated = Scored("abstained", {}, 9.0, None, True)
    found = scores.score([censored, undated])
    assert found.brier is None
    assert found.pinball == {}
    assert found.coverage == {}
    assert found.sharpness is None
    assert found.bias is None
    assert found.reliability == ()


def test_the_bins_hold_every_forecast_once_with_both_ends() -> None:
    judged = [Scored(n, p=n / 20, on_time=n % 2 == 0) for n in range(21)]
    bins = scores.reliability(judged)
    assert sum(one.count for one in bins) == 21
    assert (bins[0].low, bins[-1].high) == (0.0, 1.0)
    assert bins[-1].forecast == pytest.approx(np.mean([n / 20 for n in range(16, 21)]))


def test_the_interval_draws_whole_milestones() -> None:
    """Ten forecasts of each milestone that say the same are no more evidence than one."""
    once = [dated(str(n), 15 if n % 5 else 30) for n in range(20)]
    tenfold = [one for one in once for _ in range(10)]
    few, many = scores.score(once).coverage[0.85], scores.score(tenfold).coverage[0.85]
    assert (few.low, few.high) == (many.low, many.high)
    assert (few.milestones, many.milestones, many.count) == (20, 20, 200)
    # With 20 containers the standard error on 85 % is about 8 points (drift-spec 2.5.7).
    assert 0.15 < few.high - few.low < 0.40


def test_the_same_forecasts_give_the_same_interval() -> None:
    some = [dated(str(n), n) for n in range(12)]
    assert scores.score(some) == scores.score(list(some))


def test_a_difference_is_drawn_in_pairs() -> None:
    """What is hard for both weighs on neither: an always better forecaster is surely better."""
    loss = scores.pinball_at(0.85)
    pairs = [
        (dated(str(n), n * 7, p85=n * 7 + 1), dated(str(n), n * 7, p85=n * 7 + 2))
        for n in range(15)
    ]
    found = scores.difference(pairs, loss)
    assert found is not None
    assert found.value == pytest.approx(-0.15)
    assert found.low == pytest.approx(found.high)
    assert scores.skill(pairs, loss) == pytest.approx(0.5)


def test_nothing_is_no_difference() -> None:
    assert scores.difference([], scores.brier_of) is None
    assert scores.skill([], scores.brier_of) is None
