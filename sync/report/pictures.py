"""The two pictures of a mail: PNG on a light card, where matplotlib is installed (extra `charts`).

The same data gives the same bytes with the same version of matplotlib. The card is opaque: no mail
client can turn its colours round.
"""

from io import BytesIO
from typing import Any

from sync.reconcile.contract import BurnUp, Trend
from sync.report.charts import HORIZON
from sync.report.wording import day

#: Inches; 160 dots to each, so that a mail shows it sharp at 600 pixels.
_SIZE = (6.0, 2.4)
_DPI = 160
#: Pixels at which a mail shows it.
WIDTH, HEIGHT = 600, 240
_GREY, _BLUE, _RED = "#57606a", "#0b57a4", "#a3161b"


def burn_up_png(data: BurnUp) -> bytes | None:
    """Scope, what is done and the fan of the forecast; None: matplotlib is not installed."""
    figure = _figure()
    if figure is None:
        return None
    axes = figure.add_subplot()
    days: Any = [one.day for one in data.points]
    now = data.points[-1]
    axes.plot(days, [one.scope for one in data.points], color=_GREY, label="scope")
    axes.plot(days, [one.done for one in data.points], color=_BLUE, label="done")
    if data.p50 is not None and data.p85 is not None and now.done < now.scope:
        last = now.day + HORIZON
        corners: Any = [
            now.day,
            max(now.day, min(data.p50, last)),
            max(now.day, min(data.p85, last)),
        ]
        axes.fill(
            corners,
            [now.done, now.scope, now.scope],
            color=_BLUE,
            alpha=0.2,
            label="forecast",
        )
    if data.due is not None and data.due <= now.day + HORIZON:
        due: Any = data.due
        axes.axvline(due, color=_RED, linestyle="--", label="promised")
    axes.set_ylim(bottom=0)
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=5)
    return _png(figure, axes)


def trend_png(data: Trend) -> bytes | None:
    """Promised and forecast dates over the days on which they were said; None: no matplotlib."""
    figure = _figure()
    if figure is None:
        return None
    axes = figure.add_subplot()
    last = data.points[-1].day
    high = last + HORIZON
    styles = (("promised", _RED, "-"), ("p50", _BLUE, "--"), ("p85", _GREY, ":"))
    for name, colour, style in styles:
        told = [(one.day, value) for one in data.points if (value := getattr(one, name))]
        if not told:
            continue
        days: Any = [at for at, _ in told]
        values: Any = [min(value, high) for _, value in told]
        # A promise stands until the next one is made.
        steps: Any = "steps-post" if name == "promised" else "default"
        label = {"p50": "half of the forecast runs", "p85": "85 of 100 runs"}.get(name, name)
        # One day alone has no line.
        dot = "o" if len(told) == 1 else ""
        axes.plot(
            days,
            values,
            color=colour,
            linestyle=style,
            label=label,
            drawstyle=steps,
            marker=dot,
            markersize=4,
        )
    line: Any = [data.points[0].day, last]
    axes.plot(line, line, color=_GREY, linewidth=0.8, label="the day itself")
    axes.yaxis_date()
    _dates(axes.yaxis, 6)
    return _png(figure, axes)


def _figure() -> Any:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return None
    figure = Figure(figsize=_SIZE, dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Any, axes: Any) -> bytes:
    axes.xaxis_date()
    _dates(axes.xaxis, 6)
    axes.tick_params(labelsize=8)
    axes.legend(loc="best", fontsize=8, frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    buffer = BytesIO()
    # What is written into the file says nothing of the machine or the hour.
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _dates(axis: Any, most: int) -> None:
    from matplotlib import dates
    from matplotlib.ticker import FuncFormatter

    # They have no types of their own.
    locator: Any = dates.AutoDateLocator
    as_date: Any = dates.num2date
    axis.set_major_locator(locator(minticks=2, maxticks=most))
    axis.set_major_formatter(FuncFormatter(lambda value, _: day(as_date(value).date())))
