"""What a container shows at the end of a day: open work, what was done by week, growth; pure.

Everything is read forwards from events up to that instant, so later ones change nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from mappings.vocabulary import StatusCategory
from sync.forecast.days import WEEK, share_of_week
from sync.forecast.inputs import Inputs
from sync.forecast.rates import HISTORY_WEEKS
from sync.ledger.timeline import ItemHistory, Place, in_scope
from sync.ledger.working_days import WorkCalendar

#: Plans shorter than this are simulated by days.
SHORT = timedelta(weeks=6)
#: Before anything was done: no completed work is left out.
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Plan:
    """Since when a container is counted (UTC), and what is promised for it."""

    #: baseline instant, and the end of its grace window; None: no baseline.
    since: datetime | None
    counted_from: datetime | None
    due: date | None


def observe(
    histories: Iterable[ItemHistory],
    plan: Plan,
    *,
    key: str,
    at: datetime,
    calendar: WorkCalendar,
    day: date | None = None,
    team_weekly: Sequence[float | None] = (),
    until_last: bool = False,
) -> Inputs:
    """The inputs of a forecast at `at` (UTC), which is a part of `day` or its end.

    `team_weekly`: what a milestone of the same team got done in the weeks before this one began,
    newest first; None: nothing of it was worked on, so the week tells nothing. At most as
    many as fill the history up. `until_last`: it is done when the last item is that will ever be
    in it, as in an archive.
    """
    items = list(histories)
    day = day or calendar.local_date(at)
    unknown = {one.id for one in items if one.category.told(at) is StatusCategory.UNKNOWN}
    leaves = {id_: one for id_, one in in_scope(items, at, NEVER).items() if id_ not in unknown}
    finished = _finished(items, leaves, at)
    since = plan.since if plan.since is not None and plan.since <= at else None
    begin = _begin(items, finished, since, at)
    weeks, shares = _weekly(finished, begin, day, calendar)
    planned, present = set[str](), set[str]()
    if since is not None:
        start = min(max(since, plan.counted_from or since), at)
        planned = set(in_scope(items, start, since))
        # What was done elsewhere is neither work that arrived nor work that was done here.
        present = {
            id_
            for id_, one in in_scope(items, at, since).items()
            if id_ not in unknown and (not one.done or id_ in finished)
        }
    older = tuple(team_weekly)[: max(0, HISTORY_WEEKS - len(weeks))]
    shares += [
        0.0 if done is None else share_of_week(calendar, day - timedelta(days=WEEK * back))
        for back, done in enumerate(older, len(weeks))
    ]
    end = calendar.end_of(plan.due) if plan.due is not None else None
    return Inputs(
        key=key,
        as_of=day,
        due=plan.due,
        open_items=sum(not one.done for one in leaves.values()),
        baseline_items=len(planned),
        weekly_done=tuple(weeks),
        team_weekly=tuple(done or 0.0 for done in older),
        past_shares=tuple(shares),
        added=float(len(present - planned)),
        removed=float(len(planned - present - unknown - finished.keys())),
        completed=float(sum(since is None or done > since for done in finished.values())),
        calendar=calendar,
        daily=end is not None and end - (since or begin or at) < SHORT,
        unsure_items=sum(_is_unsure(one, at) for one in items),
        weekly_net=tuple(_net(items, begin, day, calendar, len(weeks))),
        reopened=float(sum(_reopened(one, at) for one in items)),
        entered=_entered(items, day, calendar) if until_last else (),
    )


def _reopened(one: ItemHistory, at: datetime) -> bool:
    """Whether it was done and open again while it was in."""
    return any(
        change.old is StatusCategory.DONE
        and change.new is not StatusCategory.DONE
        and change.at <= at
        and one.stay_at(change.at) is not None
        for change in one.category.changes
    )


def _entered(items: Sequence[ItemHistory], day: date, calendar: WorkCalendar) -> tuple[int, ...]:
    days = {calendar.local_date(stay.start) for one in items for stay in one.stays}
    return tuple(sorted(((day - one).days for one in days if one <= day), reverse=True))


def _is_unsure(one: ItemHistory, at: datetime) -> bool:
    """Whether nobody knows if it was in, or if it was done."""
    if one.stay_at(at) is not None and one.category.told(at) is StatusCategory.UNKNOWN:
        return True
    before = one.unknown_before
    if before is not None and at < before and any(stay.start > at for stay in one.stays):
        return True
    return any(stay.is_vague(at) for stay in one.stays)


def _finished(
    items: Sequence[ItemHistory], leaves: Mapping[str, Place], at: datetime
) -> dict[str, datetime]:
    """When each item that is done was done, if it was in then; one reopened is not done.

    So work that was closed twice counts once, where it was closed last. What left after it was
    done counts too; a parent of others does not.
    """
    parents = {one.parent.told(at) for one in items}
    found: dict[str, datetime] = {}
    for one in items:
        if one.category.told(at) is not StatusCategory.DONE:
            continue
        done = one.category.since(at)
        if done is None or (one.id not in leaves and one.id in parents):
            continue
        if any(s.start <= done and (s.end is None or done <= s.end) for s in one.stays):
            found[one.id] = done
    return found


def _begin(
    items: Sequence[ItemHistory],
    finished: dict[str, datetime],
    since: datetime | None,
    at: datetime,
) -> datetime | None:
    """When work on it began: its baseline, or the first completion if that is earlier."""
    starts = [one for one in (since, min(finished.values(), default=None)) if one is not None]
    if not starts:
        starts = [stay.start for one in items for stay in one.stays if stay.start <= at]
    return min(starts, default=None)


def _weekly(
    finished: dict[str, datetime], begin: datetime | None, day: date, calendar: WorkCalendar
) -> tuple[list[float], list[float]]:
    """Completions of the weeks up to and with `day` since it began, and their worked shares.

    The week in which it began counts from the day on which it did.
    """
    if begin is None:
        return [], []
    first = calendar.local_date(begin)
    number = min(HISTORY_WEEKS, max(0, -(-((day - first).days + 1) // WEEK)))
    counts = [0.0] * number
    for done in finished.values():
        back = (day - calendar.local_date(done)).days // WEEK
        if 0 <= back < number:
            counts[back] += 1
    shares = [share_of_week(calendar, day - timedelta(days=WEEK * back)) for back in range(number)]
    oldest = day - timedelta(days=WEEK * number)
    if number and first - timedelta(days=1) > oldest:
        ordinary = max(1, len(calendar.work_days))
        last = day - timedelta(days=WEEK * (number - 1))
        shares[-1] = max(0, calendar.between(first - timedelta(days=1), last)) / ordinary
    return counts, shares


def _net(
    items: Sequence[ItemHistory],
    begin: datetime | None,
    day: date,
    calendar: WorkCalendar,
    number: int,
) -> list[float]:
    """Arrivals less departures by week, from the stays; work that was done already counts not."""
    counts = [0.0] * number
    if begin is None:
        return counts
    for one in items:
        for stay in one.stays:
            for edge, sign in ((stay.start, 1.0), (stay.end, -1.0)):
                if edge is None or edge <= begin:
                    continue
                back = (day - calendar.local_date(edge)).days // WEEK
                done = one.category.told(edge) in (StatusCategory.DONE, StatusCategory.CANCELLED)
                if 0 <= back < number and not done:
                    counts[back] += sign
    return counts
