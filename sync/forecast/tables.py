"""A backtest as tables for people: ours beside each simple forecaster; pure."""

from collections.abc import Iterator, Sequence

from sync.forecast import recalibrate
from sync.forecast.backtest import GOES_ON, STOPS, Result
from sync.forecast.scores import CONFIDENCE, Bin, Estimate, Scores, score
from sync.forecast.standing import P85, Against

HEAD = (
    "forecaster",
    "n",
    "Brier",
    "skill over it",
    "P85 held",
    "P85 loss, days",
    "skill over it",
    "P50 bias",
)
OURS = "driftline, as sent"
PLAIN = "driftline, as the runs say"
INTERVAL = f"{CONFIDENCE:.0%} interval by drawing milestones"


def rows(result: Result) -> list[tuple[str, ...]]:
    """One line for ours, and one for each of the six, over the forecasts that it made too."""
    ours = score(result.scored)
    found = [_line(OURS, ours, None)]
    found.append(_line(PLAIN, score(result.plain), None))
    found += [_line(one.name, one.theirs, one) for one in result.others]
    return found


def _line(name: str, its: Scores, compared: Against | None) -> tuple[str, ...]:
    number = max([one.count for one in (its.brier, *its.coverage.values()) if one], default=0)
    return (
        name,
        str(number),
        _figure(its.brier, 3),
        "" if compared is None else _skill(compared.brier_skill),
        _share(its.coverage.get(P85)),
        _figure(its.pinball.get(P85), 1),
        "" if compared is None else _skill(compared.pinball_skill),
        "–" if its.bias is None else f"{its.bias:+.2f}",
    )


def levels(result: Result) -> list[tuple[str, ...]]:
    """Of our dates: how often each held, and how much it lost."""
    ours = score(result.scored)
    found: list[tuple[str, ...]] = [("date", "held", "loss, days")]
    found += [
        (f"P{level:.0%}".rstrip("%"), _share(held), _figure(ours.pinball[level], 1))
        for level, held in ours.coverage.items()
    ]
    return found


def reliability(bins: Sequence[Bin]) -> list[tuple[str, ...]]:
    """Forecast probabilities beside what came true."""
    found: list[tuple[str, ...]] = [("said", "forecasts", "mean said", "on time")]
    found += [
        (
            f"{one.low:.0%} to {one.high:.0%}",
            str(one.count),
            "–" if one.forecast is None else f"{one.forecast:.0%}",
            "–" if one.observed is None else f"{one.observed:.0%}",
        )
        for one in bins
    ]
    return found


def summary(result: Result) -> Iterator[str]:
    """What was replayed, and what was not."""
    counts = result.counts
    yield (
        f"{counts.milestones} milestones: {counts.finished} finished, {counts.late_open} open and "
        f"late, {counts.censored} open and not counted (censored)"
    )
    spoken = len(result.scored)
    ours = score(result.scored)
    dated = ours.coverage.get(P85)
    yield (
        f"{len(result.rows)} forecasts, {spoken} of them said something; "
        f"{0 if dated is None else dated.count} dates and "
        f"{0 if ours.brier is None else ours.brier.count} probabilities can be scored"
    )
    for why, number in sorted(counts.abstained.items()):
        yield f"said nothing: {why} ({number})"
    for why, number in sorted(counts.left_out.items()):
        yield f"left out: {why} ({number})"
    if counts.closed_with_leftovers:
        yield f"closed with leftovers, scored at their close: {counts.closed_with_leftovers}"
    first = score(result.original).brier
    if first is not None:
        yield f"against the first date promised: Brier {_figure(first, 3)}"
    if ours.sharpness is not None:
        yield f"P85 lies {_figure(ours.sharpness, 1)} working days after P50"
    for kind, learned in result.lessons.items():
        words = recalibrate.words(learned) or "nothing is learned yet"
        best = STOPS if learned.stops else GOES_ON
        yield f"for {kind.value}s to come: {best}; {words}"
    yield f"verdict: {result.standing.words}"


def markdown(lines: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown; the first line is its head."""
    rule = ["---"] * len(lines[0])
    return ["| " + " | ".join(line) + " |" for line in (lines[0], rule, *lines[1:])]


def _figure(one: Estimate | None, places: int) -> str:
    if one is None:
        return "–"
    return f"{one.value:.{places}f} ({one.low:.{places}f} to {one.high:.{places}f})"


def _share(one: Estimate | None) -> str:
    return "–" if one is None else f"{one.value:.0%} ({one.low:.0%} to {one.high:.0%})"


def _skill(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}"
