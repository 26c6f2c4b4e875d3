"""The reliability diagram: what was forecast beside what came true, as SVG by hand or PNG."""

from collections.abc import Sequence
from html import escape
from io import BytesIO

from sync.errors import UsageError
from sync.forecast.scores import Bin

SIZE, EDGE = 320, 44
_AXES = "#5b6470"
_POINTS = "#1f5fa8"


def title(bins: Sequence[Bin]) -> str:
    """The finding in words, for those who see no picture."""
    said = [
        f"of {one.count} forecasts of about {one.forecast:.0%}, {one.observed:.0%} were on time"
        for one in bins
        if one.forecast is not None and one.observed is not None
    ]
    return "; ".join(said) or "no forecast of a probability was scored"


def svg(bins: Sequence[Bin]) -> str:
    """A picture without scripts, fonts or references; the larger a point, the more forecasts."""
    low, high = EDGE, SIZE - 16

    def x(share: float) -> float:
        return round(low + share * (high - low), 1)

    def y(share: float) -> float:
        return round(SIZE - low - share * (high - low), 1)

    text = 'font-family="sans-serif" font-size="11" fill="#24292f"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" '
        f'height="{SIZE}" role="img" aria-labelledby="t">',
        f'<title id="t">{escape(title(bins))}</title>',
        f'<rect width="{SIZE}" height="{SIZE}" fill="#ffffff"/>',
        f'<path d="M{x(0)} {y(1)}V{y(0)}H{x(1)}" fill="none" stroke="{_AXES}"/>',
        f'<path d="M{x(0)} {y(0)}L{x(1)} {y(1)}" stroke="{_AXES}" stroke-dasharray="4 4"/>',
    ]
    for tick in (0.0, 0.5, 1.0):
        parts.append(
            f'<text x="{x(tick)}" y="{y(0) + 15}" text-anchor="middle" {text}>{tick:.0%}</text>'
        )
        parts.append(
            f'<text x="{x(0) - 5}" y="{y(tick) + 4}" text-anchor="end" {text}>{tick:.0%}</text>'
        )
    most = max((one.count for one in bins), default=1) or 1
    for one in bins:
        if one.forecast is None or one.observed is None:
            continue
        radius = round(3 + 7 * (one.count / most) ** 0.5, 1)
        parts.append(
            f'<circle cx="{x(one.forecast)}" cy="{y(one.observed)}" r="{radius}" fill="{_POINTS}" '
            f'fill-opacity="0.75"><title>{one.count} forecasts</title></circle>'
        )
    parts.append(f'<text x="{SIZE / 2}" y="{SIZE - 8}" text-anchor="middle" {text}>forecast</text>')
    parts.append(
        f'<text x="12" y="{SIZE / 2}" text-anchor="middle" {text} '
        f'transform="rotate(-90 12 {SIZE / 2})">came true</text>'
    )
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def png(bins: Sequence[Bin]) -> bytes:
    """The same for what shows no SVG. Raises UsageError without the extra `charts`."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UsageError(
            "pictures as PNG need matplotlib", todo="Install driftline[charts], or take the SVG."
        ) from error
    figure = Figure(figsize=(3.2, 3.2), dpi=160, layout="tight")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], linestyle="--", color=_AXES, linewidth=1)
    told = [one for one in bins if one.forecast is not None and one.observed is not None]
    most = max((one.count for one in bins), default=1) or 1
    axes.scatter(
        [one.forecast or 0.0 for one in told],
        [one.observed or 0.0 for one in told],
        s=[20 + 120 * one.count / most for one in told],
        color=_POINTS,
        alpha=0.75,
    )
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="forecast", ylabel="came true")
    out = BytesIO()
    # No software name and no instant: the same figures make the same bytes.
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()
