"""What the two pictures of a report show: the worst milestone's burn-up, and how its date moved."""

from datetime import date, datetime, timedelta

from sync.forecast.store import said
from sync.ledger.milestones import MilestoneFacts, due_moves, first_due_seen
from sync.ledger.timeline import in_scope
from sync.reconcile.contract import BurnUp, BurnUpPoint, Trend, TrendPoint
from sync.reconcile.forecasts import MilestoneForecast, forecasts
from sync.reconcile.view import Plan, View

#: Points of a burn-up, and of one with so many items that each point takes its time.
_POINTS, _FEW_POINTS, _MANY = 26, 8, 2_000


def pictures(view: View) -> tuple[BurnUp | None, Trend | None]:
    """Of the milestone whose date is in most danger; None where nothing is to be shown."""
    one = worst(view)
    if one is None or one.facts is None:
        return None, None
    (plan,) = view.plans([one.facts])
    return burn_up(view, plan, one), trend(view, one.facts, one)


def worst(view: View) -> MilestoneForecast | None:
    """The judged milestone that will least probably keep its date; of several the earliest."""
    told = [
        (one.made.p_on_time, one.due, one.key, one)
        for one in forecasts(view).values()
        if one.facts is not None and one.due is not None and one.made.p_on_time is not None
        if one.silent is None and one.inputs.open_items
    ]
    return min(told, key=lambda each: each[:3])[3] if told else None


def burn_up(view: View, plan: Plan, one: MilestoneForecast) -> BurnUp | None:
    """Scope and what of it was done, week by week since the baseline; None: it has not begun."""
    if plan.baseline is None or plan.withheld is not None or plan.baseline.at >= view.as_of:
        return None
    begin, items = plan.baseline.at, plan.container.histories
    number = _POINTS if len(items) <= _MANY else _FEW_POINTS
    points = []
    for at in _instants(begin, view.as_of, number):
        places = in_scope(items, at, begin)
        done = sum(1 for place in places.values() if place.done)
        points.append(BurnUpPoint(view.calendar.local_date(at), len(places), done))
    made = one.made
    return BurnUp(plan.facts.name, tuple(points), one.due, made.p50, made.p85, made.p_on_time)


def trend(view: View, facts: MilestoneFacts, one: MilestoneForecast) -> Trend | None:
    """Which date was promised and which was forecast on which day; None: nothing of it is known."""
    moves = due_moves(facts)
    seen = first_due_seen(facts)
    points: list[TrendPoint] = []
    if seen is not None:
        first = moves[0].old if moves else facts.due_date
        points.append(TrendPoint(view.calendar.local_date(seen), promised=first))
    for move in moves:
        points.append(TrendPoint(view.calendar.local_date(move.observed_at), promised=move.new))
    for before in said(view.conn, [facts.key], view.known_at).get(facts.key, ()):
        if before.as_of < view.today and before.abstained is None:
            points.append(TrendPoint(before.as_of, p50=before.p50, p85=before.p85))
    made = one.made
    points.append(TrendPoint(view.today, facts.due_date, made.p50, made.p85))
    days: dict[date, TrendPoint] = {}
    for point in sorted(points, key=lambda each: each.day):
        days[point.day] = _over(days.get(point.day), point)
    return Trend(facts.name, tuple(days.values())) if len(days) > 1 else None


def _over(before: TrendPoint | None, now: TrendPoint) -> TrendPoint:
    """The last of what was said on one day."""
    if before is None:
        return now
    return TrendPoint(
        now.day, now.promised or before.promised, now.p50 or before.p50, now.p85 or before.p85
    )


def _instants(begin: datetime, end: datetime, number: int) -> list[datetime]:
    """The last instant of each week up to `end`, or fewer evenly spread ones."""
    weeks = max(1, int((end - begin) / timedelta(weeks=1)))
    steps = min(weeks, number)
    step = (end - begin) / steps
    return [begin, *(begin + step * n for n in range(1, steps)), end]
