"""What milestones of a team got done week by week before another one began; pure.

A completion counts when it first happened: that is known then, whatever comes later.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from mappings.vocabulary import StatusCategory
from sync.forecast.rates import HISTORY_WEEKS
from sync.forecast.replay import Subject
from sync.ledger.working_days import WorkCalendar

Days = NDArray[np.int64]


def first_done(one: Subject, calendar: WorkCalendar) -> Days:
    """Days (ordinals) on which items were first done while they were in it, in order."""
    found = []
    for item in one.container.histories:
        for change in item.category.changes:
            if change.new is StatusCategory.DONE and any(
                stay.start <= change.at and (stay.end is None or change.at <= stay.end)
                for stay in item.stays
            ):
                found.append(calendar.local_date(change.at).toordinal())
                break
    return np.asarray(sorted(found), dtype=np.int64)


def before(
    begin: date, others: Sequence[tuple[Subject, Days]], calendar: WorkCalendar, at: datetime
) -> tuple[float, ...]:
    """Mean completions of one milestone in each of the weeks before `begin`, newest first.

    Milestones count in the weeks in which they were active, as far as that was certain at `at`
    (UTC). It ends with the first week in which none was.
    """
    last = begin - timedelta(days=1)
    edges = np.asarray([last.toordinal() - 7 * week for week in range(HISTORY_WEEKS + 1)])
    total = np.zeros(HISTORY_WEEKS)
    active = np.zeros(HISTORY_WEEKS)
    for one, days in others:
        first = calendar.local_date(one.begin).toordinal()
        ended = None
        if one.outcome is not None and one.outcome.known_at <= at:
            ended = calendar.local_date(one.outcome.at).toordinal()
        here = edges[:-1] >= first
        if ended is not None:
            here &= edges[1:] < ended
        if not here.any():
            continue
        upto = np.searchsorted(days, edges, side="right")
        total += np.where(here, upto[:-1] - upto[1:], 0)
        active += here
    none = np.flatnonzero(active == 0)
    number = int(none[0]) if none.size else HISTORY_WEEKS
    return tuple(float(total[week] / active[week]) for week in range(number))
