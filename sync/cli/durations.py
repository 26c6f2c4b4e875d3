"""Durations as people type them: 90s, 15m, 2h, 1h30m."""

import re
from typing import Any

import click

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_SHAPE = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
#: The longest that is taken, seconds; more is a slip of the keyboard.
_MOST = 7 * 86400.0


class Duration(click.ParamType[float]):
    """Seconds from hours, minutes and seconds; 0 needs no unit."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The seconds. Fails with what may be typed."""
        if isinstance(value, float):
            return value
        text = str(value).strip().lower()
        if text == "0":
            return 0.0
        found = _SHAPE.fullmatch(text)
        parts = [] if found is None else list(zip(_UNITS.values(), found.groups(), strict=True))
        if not any(number for _, number in parts):
            self.fail(f"{value!r} is no duration; type 90s, 15m, 2h, 1h30m or 0", param, ctx)
        seconds = sum(unit * float(number) for unit, number in parts if number)
        if seconds > _MOST:
            self.fail(f"{value!r} is longer than seven days", param, ctx)
        return seconds


max_wait_option = click.option(
    "--max-wait",
    type=Duration(),
    metavar="DURATION",
    help="Longest waiting for request limits, such as 90s, 15m or 2h; a longer pause ends the run.",
)
