"""The model behind the interface of the backtest: what it says of a milestone; pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from sync.forecast.backtest import GOES_ON, STOPS, Past, Predict, Predicted, as_of_day
from sync.forecast.days import coming
from sync.forecast.evidence import Plan, observe
from sync.forecast.inputs import DEFAULTS, Inputs, Settings
from sync.forecast.model import simulate
from sync.forecast.replay import Trial
from sync.ledger import baseline as plans
from sync.ledger.working_days import WorkCalendar

#: Working days after a baseline that still belong to it (drift-spec 1.2).
GRACE_DAYS = 1
#: A replay makes thousands of forecasts: fewer runs each move a date of 85 % by a day at most.
REPLAYED = replace(DEFAULTS, runs=1_000)


def variants(
    calendar: WorkCalendar, settings: Settings = REPLAYED, *, final: bool = False
) -> dict[str, Predict]:
    """What the backtest may choose between: whether work still arrives after the promised date.

    Which is right differs between teams (drift-spec 2.2); everything else is fixed beforehand.
    `final`: a milestone is done when the last item is that will ever be in it (an archive).
    """
    return {
        STOPS: predictor(calendar, replace(settings, stops=True), final=final),
        GOES_ON: predictor(calendar, replace(settings, stops=False), final=final),
    }


def predictor(
    calendar: WorkCalendar, settings: Settings = DEFAULTS, *, final: bool = False
) -> Predict:
    """Our forecasts, with these settings."""

    def predict(one: Trial, past: Past) -> Predicted:
        inputs = inputs_of(one, past.team_weekly, calendar, final=final)
        made = simulate(inputs, past.prior, settings)
        if made.abstained is not None:
            return Predicted(None, None, made.abstained.partition(":")[0])
        never = float(coming(calendar, inputs.as_of, settings.cap_weeks, False).worked[-1] + 1)
        return Predicted(
            made.work_days.astype(np.float64),
            made.p_on_time,
            empty=inputs.open_items == 0,
            never=never,
        )

    return predict


def inputs_of(
    one: Trial, team_weekly: Sequence[float], calendar: WorkCalendar, *, final: bool = False
) -> Inputs:
    """What the model is told of a milestone at an instant."""
    _, kind, id_ = one.subject.key
    plan = plans.suggest(one.facts, one.container, calendar, one.at)
    since = None if plan is None else plan.at
    counted = None if since is None else calendar.add(since, GRACE_DAYS)
    return observe(
        one.container.histories,
        Plan(since, counted, one.due),
        key=f"{one.facts.connection}:{kind.value}:{id_}",
        # The end of a day belongs to the next one.
        at=one.at - timedelta(microseconds=1),
        day=as_of_day(one.at, calendar),
        calendar=calendar,
        team_weekly=team_weekly,
        until_last=final,
    )
