"""What was forecast a week ago, and how often past forecasts held; for reports."""

from collections.abc import Collection
from datetime import timedelta

from sync.forecast.held import held
from sync.forecast.store import proof, said
from sync.ledger.milestones import Key
from sync.reconcile.contract import ForecastBefore
from sync.reconcile.view import View
from sync.reconcile.words import count

#: A forecast younger than this is the present one said again; an older one is of another plan.
_FROM, _UNTIL = timedelta(days=6), timedelta(days=28)


def weeks_ago(view: View, keys: Collection[Key]) -> dict[Key, ForecastBefore]:
    """The newest forecast of each that is about a week old; those without one are left out."""
    found: dict[Key, ForecastBefore] = {}
    for key, history in (said(view.conn, keys, view.known_at) if keys else {}).items():
        for one in history:
            # Oldest first, so the last that fits stays.
            age = view.today - one.as_of
            if _FROM <= age <= _UNTIL and one.abstained is None:
                found[key] = ForecastBefore(one.as_of, one.due, one.p50, one.p85)
    return found


def skill(view: View) -> str:
    """How past forecasts ended, and whether they may be believed."""
    known = proof(view.conn, view.known_at)
    past = held(view.conn, view.calendar, view.known_at)
    if not past.forecasts:
        return f"No forecast has a known end yet. Backtest: {known.words}."
    return (
        f"Of the last {count(past.forecasts, 'forecast')} with a known end "
        f"({count(past.milestones, 'milestone')}), the 85 % date held "
        f"{count(past.kept, 'time')}. Backtest: {known.words}."
    )
