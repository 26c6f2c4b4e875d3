"""How bad: the level that a number reaches, and what raises it; pure."""

from collections.abc import Mapping
from datetime import date

from sync.ledger.working_days import WorkCalendar
from sync.reconcile.contract import Severity

#: Sums of decimal numbers reach their limit.
_ROUNDING = 1e-9
#: Working days before its date from which what is open in a container weighs more (drift-spec 5).
NEAR = 10


def level(
    number: float, limits: Mapping[Severity, float], *, open_at: float = 1.0
) -> Severity | None:
    """The highest level whose limit the number reaches, or None.

    `open_at`: share of the lowest limit that is enough, for a finding that was open before: it
    closes later than it opens.
    """
    by_rank = sorted(limits.items(), key=lambda pair: pair[0].rank)
    reached = None
    for place, (severity, limit) in enumerate(by_rank):
        if number + _ROUNDING >= (limit if place else limit * open_at):
            reached = severity
    return reached


def raised(
    severity: Severity, due: date | None, today: date, calendar: WorkCalendar, within: float = NEAR
) -> Severity:
    """One level more from `within` working days before the date on; critical is the highest."""
    if due is None or calendar.between(today, due) > within:
        return severity
    return _moved(severity, 1)


#: P(on time) below which what is open in a container weighs more (drift-spec 5).
UNLIKELY = 0.20


def adjusted(
    severity: Severity,
    due: date | None,
    today: date,
    calendar: WorkCalendar,
    *,
    on_time: float | None = None,
    certain: bool = True,
) -> Severity:
    """One level up near the date, one where it will hardly hold, one down without certainty.

    `on_time`: P(on time), 0 to 1; None: nobody forecasts it. Lowest and highest level are the ends.
    """
    found = raised(severity, due, today, calendar)
    if on_time is not None and on_time < UNLIKELY:
        found = _moved(found, 1)
    return found if certain else _moved(found, -1)


def one_more(severity: Severity) -> Severity:
    """One level up; critical is the highest."""
    return _moved(severity, 1)


def _moved(severity: Severity, levels: int) -> Severity:
    rank = severity.rank + levels
    return list(Severity)[max(Severity.LOW.rank, min(rank, Severity.CRITICAL.rank))]


def worst(*levels: Severity | None) -> Severity | None:
    """The highest of those that are there."""
    return max((one for one in levels if one is not None), key=lambda one: one.rank, default=None)
