"""The model behind the interface of the backtest: what it says of a milestone; pure."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from sync.forecast.backtest import Past, Predict, Predicted, as_of_day
from sync.forecast.days import share_of_week
from sync.forecast.inputs import DEFAULTS, Inputs, Settings
from sync.forecast.model import simulate
from sync.forecast.rates import HISTORY_WEEKS, prior
from sync.forecast.replay import Trial, Weeks
from sync.ledger import baseline as plans
from sync.ledger.timeline import in_scope
from sync.ledger.working_days import WorkCalendar

#: Plans shorter than this are simulated by days (drift-spec 2.3.3).
SHORT = timedelta(weeks=6)
STOPS = "arrivals stop at the promised date"
GOES_ON = "arrivals go on"


def variants(calendar: WorkCalendar, settings: Settings = DEFAULTS) -> dict[str, Predict]:
    """What the backtest may choose between: whether work still arrives after the promised date.

    Which is right differs between teams (drift-spec 2.2); everything else is fixed beforehand.
    """
    return {
        STOPS: predictor(calendar, replace(settings, stops=True)),
        GOES_ON: predictor(calendar, replace(settings, stops=False)),
    }


def predictor(calendar: WorkCalendar, settings: Settings = DEFAULTS) -> Predict:
    """Our forecasts, with these settings."""

    def predict(one: Trial, weeks: Weeks, past: Past, due_in: float | None) -> Predicted:
        made = simulate(inputs_of(one, weeks, calendar), prior(past.completions), settings)
        if made.abstained is not None:
            return Predicted(None, None, made.abstained.partition(":")[0])
        return Predicted(made.work_days.astype(np.float64), made.p_on_time)

    return predict


def inputs_of(one: Trial, weeks: Weeks, calendar: WorkCalendar) -> Inputs:
    """What the model is told of a milestone at an instant."""
    day = as_of_day(one.at, calendar)
    connection, kind, id_ = one.subject.key
    plan = plans.suggest(one.facts, one.container, calendar, one.at)
    planned = 0
    if plan is not None:
        planned = len(in_scope(one.container.histories, plan.at, plan.at))
    newest = tuple(float(done) for done in reversed(weeks.completions))[:HISTORY_WEEKS]
    end = one.at if one.due is None else calendar.end_of(one.due)
    return Inputs(
        key=f"{one.facts.connection or connection}:{kind.value}:{id_}",
        as_of=day,
        due=one.due,
        open_items=weeks.remaining,
        baseline_items=planned,
        weekly_done=newest,
        past_shares=tuple(_share(calendar, day, back) for back in range(len(newest))),
        added=float(sum(max(0, came) for came in weeks.arrivals)),
        removed=float(sum(max(0, -came) for came in weeks.arrivals)),
        completed=float(sum(weeks.completions)),
        calendar=calendar,
        daily=end - one.subject.begin < SHORT,
    )


def _share(calendar: WorkCalendar, day: date, back: int) -> float:
    return share_of_week(calendar, day - timedelta(days=7 * back))
