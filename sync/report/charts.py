"""The two pictures of a report as SVG for the page, and their words.

Colours come from the page's style, so that light and dark both fit. Every picture says in words
what it shows.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from html import escape
from itertools import pairwise

from sync.reconcile.contract import BurnUp, Trend
from sync.report.clean import clean
from sync.report.wording import count, day

_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 16, 16, 40
#: Furthest day that is drawn after the last one known: what is later is told in words only.
HORIZON = timedelta(days=365)


def burn_up_words(data: BurnUp, today: date) -> str:
    """What the burn-up shows, in a sentence or two."""
    last = data.points[-1]
    words = f"{data.milestone}: {last.done} of {count(last.scope, 'item')} done."
    if data.due is not None:
        words += f" Promised for {day(data.due, today)}."
    if data.p85 is not None and data.p50 is not None:
        words += (
            f" Half of the forecast runs are done by {day(data.p50, today)}, 85 of 100 by "
            f"{day(data.p85, today)}."
        )
    return words


def trend_words(data: Trend, today: date) -> str:
    """What the milestone trend shows."""
    promised = [one.promised for one in data.points if one.promised is not None]
    moves = sum(first != second for first, second in pairwise(promised))
    last = data.points[-1]
    words = f"{data.milestone}: the promised date "
    words += f"moved {count(moves, 'time')}" if moves else "stood still"
    words += f" since {day(data.points[0].day, today)}."
    if last.p85 is not None:
        words += f" 85 of 100 forecast runs are done by {day(last.p85, today)}."
    return words


def burn_up_svg(data: BurnUp, today: date) -> str:
    """Scope, what is done, and the fan of the forecast, as inline SVG; text is escaped."""
    first, now = data.points[0], data.points[-1]
    ends = [one for one in (data.due, data.p50, data.p85) if one is not None]
    last = min(max([now.day, *ends]), now.day + HORIZON)
    top = max(one.scope for one in data.points) or 1
    axes = _Axes(first.day, last, 0, top)
    parts = [axes.frame(today)]
    parts.append(axes.line("scope", [(one.day, one.scope) for one in data.points]))
    parts.append(axes.line("done", [(one.day, one.done) for one in data.points]))
    if data.p50 is not None and data.p85 is not None and now.done < now.scope:
        corner = axes.point(now.day, now.done)
        near, far = (
            axes.point(max(now.day, min(one, last)), now.scope) for one in (data.p50, data.p85)
        )
        parts.append(f'<polygon class="fan" points="{corner} {near} {far}"/>')
        parts.append(
            axes.line(
                "likely", [(now.day, now.done), (max(now.day, min(data.p50, last)), now.scope)]
            )
        )
    if data.due is not None and first.day <= data.due <= last:
        parts.append(axes.upright("due", data.due))
    parts.append(axes.label(top, str(top)))
    return _svg("burn-up", "Burn-up", burn_up_words(data, today), parts)


def trend_svg(data: Trend, today: date) -> str:
    """Promised and forecast dates over the days on which they were said, as inline SVG."""
    days = [one.day for one in data.points]
    dates = [
        value
        for one in data.points
        for value in (one.promised, one.p50, one.p85)
        if value is not None
    ]
    low = min([*dates, *days])
    high = min(max([*dates, *days]), max(days) + HORIZON)
    axes = _Axes(days[0], max(days), low.toordinal(), max(high.toordinal(), low.toordinal() + 1))
    parts = [axes.frame(today)]
    # On this line the promised day is the day itself: what meets it is over.
    start = max(days[0], low)
    parts.append(axes.line("now", [(start, start.toordinal()), (max(days), max(days).toordinal())]))
    promised = [(one.day, one.promised) for one in data.points if one.promised is not None]
    parts.append(axes.line("promised", _steps(promised, high)))
    for name in ("p50", "p85"):
        told = [(one.day, value) for one in data.points if (value := getattr(one, name))]
        parts.append(axes.line(name, [(at, min(value, high).toordinal()) for at, value in told]))
    parts.append(axes.label(high.toordinal(), day(high, today)))
    return _svg("trend", "Milestone trend", trend_words(data, today), parts)


def _steps(points: Sequence[tuple[date, date]], high: date) -> list[tuple[date, int]]:
    """A promise stands until another one is made."""
    found: list[tuple[date, int]] = []
    for at, value in points:
        number = min(value, high).toordinal()
        if found and found[-1][1] != number:
            found.append((at, found[-1][1]))
        found.append((at, number))
    return found


class _Axes:
    """Where days and numbers lie in a picture."""

    def __init__(self, first: date, last: date, low: float, high: float) -> None:
        self.first, self.span = first, max((last - first).days, 1)
        self.last = last
        self.low, self.height = low, max(high - low, 1)

    def x(self, at: date) -> float:
        return _LEFT + (at - self.first).days / self.span * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        part = (value - self.low) / self.height
        return _HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM)

    def point(self, at: date, value: float) -> str:
        return f"{self.x(at):.1f},{self.y(value):.1f}"

    def line(self, name: str, points: Iterable[tuple[date, float]]) -> str:
        told = " ".join(self.point(at, value) for at, value in points)
        return f'<polyline class="{name}" points="{told}"/>' if told else ""

    def upright(self, name: str, at: date) -> str:
        x = f"{self.x(at):.1f}"
        return f'<line class="{name}" x1="{x}" y1="{_TOP}" x2="{x}" y2="{_HEIGHT - _BOTTOM}"/>'

    def label(self, value: float, text: str) -> str:
        return f'<text x="2" y="{self.y(value) + 4:.1f}">{escape(text)}</text>'

    def frame(self, today: date) -> str:
        base = _HEIGHT - _BOTTOM
        return (
            f'<path class="axis" d="M{_LEFT} {_TOP}V{base}H{_WIDTH - _RIGHT}"/>'
            f'<text x="{_LEFT}" y="{base + 20}">{escape(day(self.first, today))}</text>'
            f'<text class="end" x="{_WIDTH - _RIGHT}" y="{base + 20}">'
            f"{escape(day(self.last, today))}</text>"
        )


def _svg(name: str, title: str, words: str, parts: Iterable[str]) -> str:
    return (
        f'<svg class="chart" role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'aria-labelledby="{name}-title {name}-words">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-words">{escape(clean(words))}</desc>{"".join(parts)}</svg>'
    )
