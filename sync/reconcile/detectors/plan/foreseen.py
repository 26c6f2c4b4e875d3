"""What the detectors of forecasts share: whom they judge, and what must be said beside it."""

from collections.abc import Iterator

import sqlalchemy as sa

from sync.forecast.model import VERSION
from sync.reconcile.contract import NotChecked
from sync.reconcile.forecasts import MilestoneForecast, forecasts
from sync.reconcile.view import View
from sync.store.tables_forecast import backtest_result

#: Streams that a forecast rests on, per connector kind.
NEEDS = {
    "jira": ("issues", "changelogs", "versions", "sprints"),
    "github": ("issues", "histories", "milestones"),
    "gitlab": ("issues", "histories", "milestones", "iterations"),
}


def judged(view: View) -> Iterator[MilestoneForecast | NotChecked]:
    """Judged open milestones of which something is forecast, or why nothing is.

    Program milestones are told apart, by `programs`.
    """
    for one in forecasts(view).values():
        facts = one.facts
        if facts is None or not one.inputs.open_items:
            continue
        if one.silent is not None:
            yield NotChecked(facts.subject, one.silent, facts.connection_id)
        else:
            yield one


def programs(view: View) -> Iterator[MilestoneForecast | NotChecked]:
    """Judged program milestones of which something is forecast, or why nothing is."""
    for one in forecasts(view).values():
        if one.facts is not None or not one.inputs.open_items:
            continue
        if one.silent is not None:
            yield NotChecked(f"program:{one.name}", one.silent)
        else:
            yield one


def proven(view: View, *, dates: bool) -> bool:
    """Whether a backtest found, by the view's instant, that forecasts beat the simple ones.

    `dates`: what is said of dates; else what is said of probabilities.
    """
    c = backtest_result.c
    row = view.conn.execute(
        sa.select(c.dates_proven, c.probability_proven)
        .where(c.made_at <= view.known_at, c.model_version == VERSION)
        .order_by(c.made_at.desc())
        .limit(1)
    ).first()
    if row is None:
        return False
    return bool(row.dates_proven if dates else row.probability_proven)


def caution(is_proven: bool) -> str:
    """A sentence, after a blank, for a forecast that nothing speaks for yet."""
    return "" if is_proven else " This forecast is unproven: too few of its kind were scored."
