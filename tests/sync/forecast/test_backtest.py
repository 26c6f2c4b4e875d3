"""The backtest as a whole: counts, gate, learning, recalibration, pictures."""

import math
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from support.forecast.lives import DONE, container, day, facts, item

from benchmarks.forecast_worlds import CALENDAR, END, WORLDS, team
from sync.forecast import backtest, recalibrate, reliability, replay, tables
from sync.forecast.backtest import Result
from sync.forecast.inputs import Settings
from sync.forecast.predict import variants
from sync.forecast.recalibrate import Fallen, Judged
from sync.forecast.replay import Subject
from sync.forecast.scores import LEVELS, Scored, score
from sync.forecast.standing import NOTHING, Against, against, standing

NOW = day(400)
QUICK = variants(CALENDAR, Settings(runs=300, cap_weeks=60))


def run(subjects: list[Subject], **more: object) -> Result:
    return backtest.run(subjects, QUICK, CALENDAR, NOW, **more)  # type: ignore[arg-type]


def life(id_: str, end: float | None, due: date | None, begin: float = 0) -> Subject:
    """Ten items done one by one up to `end`; None: the last one is still open."""
    last = 60 if end is None else end
    items = [item(f"{id_}-{n}", begin, (begin + (n + 1) * last / 10, DONE)) for n in range(9)]
    items.append(item(f"{id_}-9", begin, *([] if end is None else [(begin + end, DONE)])))
    of = facts(id_, due=due)
    made = replay.subject(of, container(of, items), CALENDAR, NOW)
    assert made is not None
    return made


def test_nothing_to_replay_proves_nothing() -> None:
    made = run([])
    assert made.standing == NOTHING
    assert made.scored == []
    assert next(iter(tables.summary(made))).startswith("0 milestones: 0 finished")


def test_one_finished_milestone_is_scored_and_claims_nothing() -> None:
    made = run([life("a", 60, date(2026, 3, 20))])
    assert (made.counts.milestones, made.counts.finished) == (1, 1)
    assert not made.standing.proven
    assert made.standing.words == "unproven: 1 finished milestones to judge by, 20 are needed"


def test_nine_are_not_ten() -> None:
    made = run([life(f"m{n}", 50 + n, date(2026, 3, 20)) for n in range(9)])
    assert made.standing.dates.milestones <= 9
    assert "20 are needed" in made.standing.words


def test_without_a_date_there_is_no_probability() -> None:
    made = run([life(f"m{n}", 60, None) for n in range(4)])
    assert all(one.p is None and one.on_time is None for one in made.scored)
    assert score(made.scored).brier is None
    assert score(made.scored).coverage


def test_open_ones_count_once_their_date_has_passed() -> None:
    past, to_come = date(2026, 3, 20), CALENDAR.local_date(NOW) + timedelta(days=90)
    made = run([life("late", None, past), life("open", None, to_come), life("bare", None, None)])
    assert (made.counts.late_open, made.counts.censored) == (1, 2)
    late = [one for one in made.rows if one.key[2] == "late"]
    assert {one.sent.on_time for one in late} == {False}
    assert {one.sent.actual for one in late} == {None}
    others = [one for one in made.rows if one.key[2] == "open"]
    assert {one.sent.on_time for one in others} <= {None}


def test_on_time_is_told_against_both_dates() -> None:
    """Moved from before its end to after it: kept as promised then, missed as first promised."""
    items = [item(f"i{n}", 0, (6 * (n + 1), DONE)) for n in range(10)]
    of = facts(due=date(2026, 2, 10), moves=[(15, date(2026, 4, 1))])
    one = replay.subject(of, container(of, items), CALENDAR, NOW)
    assert one is not None
    rows = run([one]).rows
    assert [row.sent.on_time for row in rows] == [False, True, True]
    assert {row.against_original.on_time for row in rows} == {False}


def test_who_is_asked_for_alone_still_learns_from_the_others() -> None:
    subjects = _team()
    whole = backtest.run(subjects, QUICK, CALENDAR, END)
    last = subjects[-1].key
    alone = backtest.run(subjects, QUICK, CALENDAR, END, only={last})
    assert [row.key for row in alone.rows] == [last] * len(alone.rows)
    assert list(alone.rows) == [row for row in whole.rows if row.key == last]


@cache
def _team() -> list[Subject]:
    return team(WORLDS[1], 12, seed=4)


def test_the_same_seed_gives_the_same_dates() -> None:
    first = backtest.run(_team()[:4], QUICK, CALENDAR, END)
    again = backtest.run(team(WORLDS[1], 12, seed=4)[:4], QUICK, CALENDAR, END)
    assert first.rows == again.rows


# --- the gate ---------------------------------------------------------------------------------


def scored(number: int, held: int, p: float = 0.8) -> list[Scored]:
    """Of so many milestones, so many 85 % dates held."""
    return [
        Scored(n, dict.fromkeys(LEVELS, 20.0), 15.0 if n < held else 25.0, p, n < held)
        for n in range(number)
    ]


def worse(number: int, held: int) -> dict[str, list[Scored | None]]:
    return {
        "other": [
            Scored(n, dict.fromkeys(LEVELS, 90.0), 15.0 if n < held else 25.0, 0.0, n < held)
            for n in range(number)
        ]
    }


@pytest.mark.parametrize(
    ("number", "held", "proven"),
    [
        (20, 17, True),
        (20, 15, True),
        (20, 19, True),
        (20, 14, False),
        (20, 20, False),
        (19, 16, False),
    ],
)
def test_the_gate(number: int, held: int, proven: bool) -> None:
    ours = scored(number, held)
    found = standing(ours, against(ours, worse(number, held)))
    assert found.dates.proven is proven
    assert found.proven is proven or found.probability.proven
    assert ("unproven" in found.words) is not proven


def test_who_is_beaten_by_one_proves_nothing() -> None:
    ours = scored(30, 26)
    better: list[Scored | None] = [
        Scored(one.milestone, dict.fromkeys(LEVELS, one.actual or 0), one.actual, 1.0, one.on_time)
        for one in ours
    ]
    found = standing(ours, against(ours, {**worse(30, 26), "oracle": better}))
    assert not found.dates.proven
    assert found.words == "unproven: no better than: oracle"


def test_what_only_one_of_both_forecast_is_not_compared() -> None:
    ours = scored(3, 2)
    (found,) = against(ours, {"other": [None, None, ours[2]]})
    assert isinstance(found, Against)
    assert found.pinball is not None
    assert found.pinball.count == 1


# --- recalibration ----------------------------------------------------------------------------


RUNS = np.arange(1.0, 201.0)


def outcomes(number: int, actual: Callable[[int], float]) -> list[Fallen]:
    """So many milestones of which the runs said the same and which ended as given."""
    said = recalibrate.read_off(RUNS)
    return [recalibrate.fallen(n, said, actual(n)) for n in range(number)]


def test_below_eight_milestones_nothing_is_learned() -> None:
    few = [one for one in outcomes(7, lambda _: 900.0) for _ in range(5)]
    learned = recalibrate.lesson(few, [])
    assert learned.stretch == ()
    assert (recalibrate.stretched(RUNS, learned, 521) == RUNS).all()
    assert recalibrate.words(learned) == ""


def test_outcomes_that_come_late_push_the_dates_out() -> None:
    learned = recalibrate.lesson(outcomes(30, lambda n: 200.0 + 10 * n), [])
    found = recalibrate.stretched(RUNS, learned, 5_000)
    late = recalibrate.read_off(found)
    assert all(days > recalibrate.read_off(RUNS)[level] for level, days in late.items())
    assert list(found) == sorted(found)
    assert "30 earlier milestones" in recalibrate.words(learned)


def test_outcomes_that_fall_evenly_change_little() -> None:
    learned = recalibrate.lesson(outcomes(200, lambda n: n + 0.5), [])
    for level, days in recalibrate.read_off(recalibrate.stretched(RUNS, learned, 521)).items():
        assert days == pytest.approx(200 * level, rel=0.02)


def test_the_stretch_of_a_level_is_that_of_its_outcomes() -> None:
    """With very many milestones that take twice as long the dates are twice as far."""
    learned = recalibrate.lesson(outcomes(2_000, lambda n: 2 * (n % 200 + 1.0)), [])
    found = recalibrate.read_off(recalibrate.stretched(RUNS, learned, 5_000))
    for level in LEVELS:
        assert found[level] == pytest.approx(400 * level, rel=0.02)


def test_what_is_over_and_what_never_ends_stays_so() -> None:
    learned = recalibrate.lesson(outcomes(30, lambda _: 900.0), [])
    runs = np.array([0.0, 10.0, 521.0])
    found = recalibrate.stretched(runs, learned, 521)
    assert (found[0], found[2]) == (0.0, 521.0)
    assert 10.0 < found[1] < 521.0


def judged(number: int, said: float, kept: Callable[[int], bool], *, empty: bool = False):
    return [Judged(n, said, 0.3, kept(n), empty) for n in range(number)]


def test_runs_that_are_right_keep_their_probability() -> None:
    right = judged(30, 1.0, lambda _: True) + judged(30, 0.0, lambda _: False)
    learned = recalibrate.lesson([], right)
    assert learned.weight == 1.0
    assert recalibrate.probability(0.8, learned, empty=False) == 0.8


def test_runs_that_say_nothing_are_drawn_to_how_often_others_were_on_time() -> None:
    wrong = judged(60, 0.9, lambda n: n % 5 == 0)
    learned = recalibrate.lesson([], wrong)
    assert learned.weight < 0.4
    assert learned.on_time == pytest.approx(0.2, abs=0.02)
    assert recalibrate.probability(0.9, learned, empty=False) < 0.5
    assert "of the probability is how often 60 earlier ones" in recalibrate.words(learned)


def test_few_judged_ones_change_no_probability() -> None:
    learned = recalibrate.lesson([], judged(7, 0.9, lambda _: False))
    assert recalibrate.probability(0.9, learned, empty=False) == 0.9


def test_what_has_nothing_open_learns_from_its_like_only() -> None:
    some = judged(30, 0.2, lambda _: False) + judged(10, 1.0, lambda n: n < 5, empty=True)
    learned = recalibrate.lesson([], some)
    assert recalibrate.probability(1.0, learned, empty=True) == 0.75
    assert recalibrate.lesson([], some[:30]).empty == 0
    assert recalibrate.probability(0.9, recalibrate.lesson([], some[:30]), empty=True) == 0.9


# --- pictures ---------------------------------------------------------------------------------


def test_the_picture_says_what_it_shows_and_loads_nothing() -> None:
    bins = score(scored(20, 17)).reliability
    text = reliability.svg(bins)
    root = ET.fromstring(text)
    names = {one.tag.rpartition("}")[2] for one in root.iter()}
    assert names <= {"svg", "title", "rect", "path", "text", "circle"}
    assert "of 20 forecasts of about 80%, 85% were on time" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_same_figures_make_the_same_bytes() -> None:
    bins = score(scored(20, 17)).reliability
    first = reliability.png(bins)
    assert first.startswith(b"\x89PNG")
    assert first == reliability.png(bins)


def test_no_figure_is_a_nan() -> None:
    made = run([life("a", 60, date(2026, 3, 20))])
    for one in made.rows:
        assert all(math.isfinite(days) for days in one.sent.days.values())
