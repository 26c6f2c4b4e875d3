"""Forecasts kept as they were made, and scored once it is known how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.forecast import store
from sync.forecast.outcome import Outcome, outcome
from sync.ledger.milestones import Key
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.combined import plan
from sync.reconcile.forecasts import MilestoneForecast, forecasts
from sync.reconcile.view import View


@dataclass(frozen=True, slots=True)
class ToKeep:
    """What one run says of forecasts: those it made, and how those made before ended."""

    made: tuple[MilestoneForecast, ...]
    outcomes: Mapping[Key, Outcome | None]
    calendar: WorkCalendar


def to_keep(view: View) -> ToKeep:
    """What is to be stored of this view; nothing of what was not read."""
    made = tuple(one for one in forecasts(view).values() if one.not_checked is None)
    return ToKeep(made, _outcomes(view), view.calendar)


def keep(conn: sa.Connection, what: ToKeep, now: datetime) -> int:
    """Store and score; rows written, none for what is stored already. `now` in UTC."""
    written = 0
    for one in what.made:
        ends = store.digest_of_ends(one.waits.items())
        written += store.keep(conn, one.key, one.inputs, one.prior, one.made, now, ends=ends)
    calendars = dict.fromkeys(what.outcomes, what.calendar)
    return written + store.score(conn, what.outcomes, calendars, now)


def _outcomes(view: View) -> dict[Key, Outcome | None]:
    """How milestones ended of which a forecast is not scored yet, as far as they are there."""
    found: dict[Key, Outcome | None] = {}
    keys = store.unscored(view.conn)
    stored = [view.milestones[key] for key in sorted(keys) if key in view.milestones]
    for key, container in view.containers(stored).items():
        facts = container.facts
        closed = None if facts.state.is_open else facts.finished_at
        found[key] = outcome(container.histories, closed, view.as_of)
    for key in sorted(keys):
        if key[1] is not MilestoneKind.PROGRAM:
            continue
        program = view.program_called(key[2])
        made = None if program is None else plan(view, program).combined
        if made is not None:
            found[key] = outcome(made.histories.values(), None, view.as_of)
    return found
