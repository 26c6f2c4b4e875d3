"""Durations as people type them."""

import click
import pytest

from sync.cli.durations import Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("90s", 90.0),
        ("15m", 900.0),
        ("2h", 7200.0),
        ("1h30m", 5400.0),
        ("1.5h", 5400.0),
        (" 2H ", 7200.0),
        ("1h1m1s", 3661.0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "15", "m", "15 minutes", "-5m", "1m2h", "nan", "1e3s"])
def test_what_is_no_duration_is_told_with_what_is(text: str) -> None:
    with pytest.raises(click.BadParameter, match="type 90s, 15m, 2h, 1h30m or 0"):
        Duration().convert(text, None, None)


def test_a_slip_of_the_keyboard_is_no_week() -> None:
    with pytest.raises(click.BadParameter, match="longer than seven days"):
        Duration().convert("1500h", None, None)
