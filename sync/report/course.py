"""The burn-up without a picture: one bar a week, for a table of a mail or for plain text."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sync.reconcile.contract import BurnUp
from sync.report.wording import day

#: Most bars; the first and the last day are always among them.
_BARS = 8
#: Cells of a bar in plain text.
_CELLS = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """What was done and in scope on one day."""

    day: str
    done: int
    scope: int
    #: percent of the largest scope shown, 0 to 100: done, and the rest of the scope.
    done_share: int
    open_share: int


def bars(data: BurnUp, today: date) -> tuple[Bar, ...]:
    """Up to eight days of the burn-up, evenly spread, oldest first."""
    last = len(data.points) - 1
    steps = min(_BARS - 1, last)
    places = sorted({round(step * last / steps) for step in range(steps + 1)} if steps else {0})
    top = max((one.scope for one in data.points), default=0)
    found = []
    for place in places:
        one = data.points[place]
        done = min(one.done, one.scope)
        done_share = _share(done, top)
        open_share = max(0, _share(one.scope, top) - done_share)
        found.append(Bar(day(one.day, today), one.done, one.scope, done_share, open_share))
    return tuple(found)


def bar_lines(data: BurnUp, today: date) -> Iterator[str]:
    """`12 Jan  ████░░░░  3 of 10`, with a line that says what the signs mean."""
    rows = bars(data, today)
    room = max(len(row.day) for row in rows)
    for row in rows:
        full = round(_CELLS * row.done_share / 100)
        rest = round(_CELLS * (row.done_share + row.open_share) / 100) - full
        bar = f"{'█' * full}{'░' * rest}"
        yield f"{row.day:>{room}}  {bar:<{_CELLS}}  {row.done:,} of {row.scope:,}"
    yield "█ done, ░ in scope and open"


def _share(value: int, top: int) -> int:
    return max(0, min(100, round(100 * value / top))) if top > 0 else 0
