"""The two pictures: right places, safe text, words for those who do not see them."""

import re
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.reconcile.contract import BurnUp, BurnUpPoint, Trend, TrendPoint
from sync.report import charts

TODAY = date(2026, 3, 9)
START = date(2026, 1, 12)
UP = BurnUp(
    'Release <3.2> & "co"',
    tuple(BurnUpPoint(START + timedelta(weeks=n), 10 + n, 2 * n) for n in range(9)),
    date(2026, 3, 30),
    date(2026, 4, 13),
    date(2026, 5, 4),
    0.3,
)
TREND = Trend(
    "Release 3.2",
    (
        TrendPoint(START, promised=date(2026, 3, 16)),
        TrendPoint(date(2026, 2, 9), promised=date(2026, 3, 30), p85=date(2026, 4, 1)),
        TrendPoint(TODAY, date(2026, 3, 30), date(2026, 4, 13), date(2026, 5, 4)),
    ),
)


def xml(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def points(svg: str, name: str) -> list[tuple[float, float]]:
    found = xml(svg).find(f".//*[@class='{name}']")
    assert found is not None
    return [tuple(map(float, pair.split(","))) for pair in found.attrib["points"].split()]


def test_a_burn_up_rises_from_left_to_right() -> None:
    svg = charts.burn_up_svg(UP, TODAY)
    scope, done = points(svg, "scope"), points(svg, "done")
    assert len(scope) == len(done) == 9
    assert [x for x, _ in scope] == sorted(x for x, _ in scope)
    # Further up is less in a picture.
    assert all(upper[1] < lower[1] for upper, lower in zip(scope, done, strict=True))
    fan = points(svg, "fan")
    assert fan[0] == done[-1]
    assert fan[1][0] < fan[2][0]
    assert fan[1][1] == fan[2][1] == scope[-1][1]


def test_words_say_what_the_pictures_show() -> None:
    words = charts.burn_up_words(UP, TODAY)
    assert "16 of 18 items done" in words
    assert "85 of 100 by 4 May" in words
    assert "the promised date moved 1 time since" in charts.trend_words(TREND, TODAY)
    flat = Trend("R", tuple(TrendPoint(one.day, TODAY) for one in TREND.points))
    assert "stood still" in charts.trend_words(flat, TODAY)


@pytest.mark.parametrize("svg", [charts.burn_up_svg(UP, TODAY), charts.trend_svg(TREND, TODAY)])
def test_they_are_named_for_those_who_do_not_see_them_and_ask_for_nothing(svg: str) -> None:
    root = xml(svg)
    assert root.attrib["role"] == "img"
    named = root.attrib["aria-labelledby"].split()
    assert [root.find(f".//*[@id='{id_}']") is not None for id_ in named] == [True, True]
    assert not re.search(r"https?:|url\(|style=|<script|<image|href", svg)


def test_a_trend_steps_and_the_forecast_lies_over_it() -> None:
    svg = charts.trend_svg(TREND, TODAY)
    promised = points(svg, "promised")
    # A promise stands until the next: two heights, and a step between them at one place.
    assert len({y for _, y in promised}) == 2
    assert promised[1][0] == promised[2][0]
    assert points(svg, "p85")[-1][1] < promised[-1][1]


def test_what_never_ends_is_drawn_without_a_fan() -> None:
    svg = charts.burn_up_svg(BurnUp("R", UP.points, None, None, None, None), TODAY)
    assert "fan" not in svg
    assert "forecast" not in charts.burn_up_words(
        BurnUp("R", UP.points, None, None, None, None), TODAY
    )


DAYS = st.dates(date(2020, 1, 1), date(2035, 1, 1))
MAYBE = st.none() | DAYS


@given(
    st.text(max_size=30),
    st.lists(st.tuples(DAYS, st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=9),
    MAYBE,
    MAYBE,
    MAYBE,
)
def test_any_data_makes_a_picture_within_its_frame(name, told, due, p50, p85) -> None:  # type: ignore[no-untyped-def]
    rows = sorted(told)
    up = BurnUp(
        name, tuple(BurnUpPoint(at, max(a, b), min(a, b)) for at, a, b in rows), due, p50, p85, None
    )
    svg = charts.burn_up_svg(up, TODAY)
    xml(svg)
    numbers = [float(x) for x in re.findall(r"(-?\d+\.\d),", svg)]
    assert all(0 <= x <= 640 for x in numbers)
    if len(rows) > 1:
        points_ = tuple(TrendPoint(at, due, p50, p85) for at, _, _ in rows)
        xml(charts.trend_svg(Trend(name, points_), TODAY))
